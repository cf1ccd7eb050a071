import { defineConfig } from "@playwright/test";
import tests from "../playwright.config.ts";

// The page's figures: measured one after the other, with nothing else going on. `cargo xtask bench --page` runs them.
export default defineConfig(tests, {
  testDir: ".",
  testMatch: "*.figures.ts",
  testIgnore: [],
  outputDir: "../test-results/figures",
  fullyParallel: false,
  workers: 1,
  timeout: 300_000,
  reporter: [["list"]],
  use: { trace: "off", screenshot: "off" },
});

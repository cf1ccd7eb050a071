import { defineConfig } from "@playwright/test";

/** A browser that has been here before and wants no tour. What is about the tour starts without it. */
const SEEN_THE_TOUR = { name: "tour", value: "off", domain: "127.0.0.1", path: "/", expires: -1, httpOnly: false, secure: false, sameSite: "Lax" as const };

// `cargo xtask test` sets these: the browser, where the counts are read from, and whether the lab is to run on real Dapr.
const { CHROMIUM, PLAYWRIGHT_JSON_OUTPUT_FILE, FAULTLAB_DAPR } = process.env;

export default defineConfig({
  testDir: "tests",
  // What needs the wire needs real Dapr: only there is there one.
  testIgnore: FAULTLAB_DAPR ? [] : "**/wire-*.spec.ts",
  // A folder of its own: each run empties its folder first.
  outputDir: FAULTLAB_DAPR ? "test-results/dapr" : "test-results",
  forbidOnly: true,
  fullyParallel: true,
  workers: 2,
  retries: 0,
  snapshotPathTemplate: "references/{arg}{ext}",
  // A reference that is missing is a failure; `--update-snapshots` makes it.
  updateSnapshots: "none",
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: PLAYWRIGHT_JSON_OUTPUT_FILE ? [["list"], ["json"]] : [["list"]],
  use: {
    browserName: "chromium",
    viewport: { width: 1280, height: 800 },
    storageState: { cookies: [SEEN_THE_TOUR], origins: [] },
    actionTimeout: 10_000,
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: CHROMIUM || "/usr/bin/chromium",
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // Text is drawn alike on every machine, whatever is set there.
        "--font-render-hinting=none",
        "--disable-font-subpixel-positioning",
        "--disable-lcd-text",
      ],
    },
  },
});

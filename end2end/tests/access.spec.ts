// What axe finds, and whether everything fits.
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { LabPage } from "../support/lab.ts";
import { expect, test } from "../support/test.ts";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

async function violations(page: Page): Promise<string[]> {
  const found = await new AxeBuilder({ page }).withTags(RULES).analyze();
  return found.violations.map((v) => `${v.id}: ${v.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing on the lab, empty, recovered and failed, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const lab = new LabPage(page);
    await lab.open();
    expect(await violations(page)).toEqual([]);
    await lab.say("Hi there");
    await expect(lab.reply("Hi there")).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await lab.breakStore("load", 3);
    await lab.say("Again");
    await expect(lab.chat.getByText(/Nothing was stored/)).toBeVisible();
    expect(await violations(page)).toEqual([]);
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing on an earlier moment, the sheet of keys and the page for a room, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const lab = new LabPage(page);
    await lab.open();
    for (const content of ["Hi there", "Again"]) {
      await lab.say(content);
      await expect(lab.reply(content)).toBeVisible();
    }
    await page.getByRole("button", { name: "Older" }).click();
    await expect(lab.live).toHaveText("Paused");
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Keys" }).click();
    await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await page.goto("/?present");
    await expect(lab.live).toHaveText("Live");
    expect(await violations(page)).toEqual([]);
  });
}

test("axe finds nothing on the API page and on a page that is not there", async ({ page, complaints }) => {
  complaints.expect(/status of 404/);
  for (const path of ["/docs", "/nope"]) {
    await page.goto(path);
    expect(await violations(page)).toEqual([]);
  }
});

/** How many pixels the page is wider, and higher, than its window. */
const overflow = (page: Page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
    return { x: scrollWidth - clientWidth, y: scrollHeight - clientHeight };
  });

test("at 1280×800 the lab fits without scrolling", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  for (const content of ["one", "two", "three", "four"]) {
    await lab.say(content);
    await expect(lab.reply(content)).toBeVisible();
  }
  expect(await overflow(page)).toEqual({ x: 0, y: 0 });
});

for (const width of [390, 320]) {
  test(`at ${width} pixels nothing is wider than the window`, async ({ page }) => {
    await page.setViewportSize({ width, height: 844 });
    const lab = new LabPage(page);
    await lab.open();
    await lab.say("A rather long message, with a word-that-does-not-break-" + "x".repeat(80));
    await expect(lab.chat.getByText(/Recovered on attempt/)).toBeVisible();
    expect((await overflow(page)).x).toBe(0);
  });
}

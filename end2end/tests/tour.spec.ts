// The guided tour of a first visit: it waits until each thing has been done, and stays out of the way.
import type { Locator, Page } from "@playwright/test";
import { LabPage } from "../support/lab.ts";
import { THEMES, show, violations } from "../support/page.ts";
import { expect, test } from "../support/test.ts";

test.use({ storageState: { cookies: [], origins: [] } });

const STEPS = ["Send the first message.", "Watch it recover.", "Press a bar.", "Read what is kept.", "Prove it."];

const tour = (page: Page) => page.getByRole("complementary", { name: "Guided tour" });

/** Waits for a step, in the callout and for those who hear the page. */
async function expectStep(page: Page, number: number): Promise<void> {
  await expect(tour(page)).toContainText(`${number} of 5`);
  await expect(tour(page).getByText(STEPS[number - 1]!, { exact: true })).toBeVisible();
  await expect(page.locator(".tour-said")).toContainText(STEPS[number - 1]!);
}

/** Whether the callout leaves all of an element to be seen, within the window. */
async function expectUncovered(page: Page, target: Locator): Promise<void> {
  const within = async () => {
    const [callout, box] = [await tour(page).boundingBox(), await target.boundingBox()];
    if (!callout || !box) return "not there";
    const [right, below] = [callout.x >= box.x + box.width, callout.y >= box.y + box.height];
    const apart = right || below || box.x >= callout.x + callout.width || box.y >= callout.y + callout.height;
    const size = page.viewportSize()!;
    const seen = box.y >= -1 && box.y + box.height <= size.height && callout.x + callout.width <= size.width + 1;
    return apart && seen ? "uncovered" : JSON.stringify({ callout, box });
  };
  await expect.poll(within).toBe("uncovered");
}

const tornBar = (lab: LabPage) => lab.timeline.getByRole("link", { name: /load, attempt 1 of 3/i }).locator(".face").first();

for (const viewport of [{ width: 1280, height: 800 }, { width: 390, height: 844 }]) {
  test(`at ${viewport.width} pixels it leads from the first message to the proof, each step by doing it`, async ({ page }) => {
    await page.setViewportSize(viewport);
    const lab = new LabPage(page);
    await lab.open();
    await expectStep(page, 1);
    await expectUncovered(page, lab.message);
    await expectUncovered(page, lab.send);
    const watching = page.waitForFunction(() => document.querySelector(".tour-said")?.textContent?.includes("2 of 5"), undefined, { polling: "raf" });
    await lab.send.click();
    await watching;
    await expectStep(page, 3);
    await expect(lab.reply("Hi there")).toBeAttached();
    await expectUncovered(page, tornBar(lab));
    await tornBar(lab).click();
    await expectStep(page, 4);
    await expect(page.getByRole("complementary", { name: "Selected bar" })).toContainText("Simulated state store failure");
    await expectUncovered(page, lab.check("History retrieval").locator("summary").first());
    await lab.press("History retrieval", "Read history");
    await expectStep(page, 5);
    await expectUncovered(page, lab.check("State consistency").locator("summary").first());
    await lab.press("State consistency", "Compare with the store");
    await expect(tour(page)).toContainText("One check is left.");
    await expectUncovered(page, lab.check("Recovery").locator("summary").first());
    for (const told of ["2 of 3 sent", "read history"]) {
      await lab.press("Recovery", /^Arm, then send/);
      await expect(lab.check("Recovery")).toContainText(told);
    }
    await lab.press("Recovery", "Read history");
    await expect(tour(page)).toContainText("Five of five.");
    await expect(lab.check("Recovery").locator("summary").first(), "the proof stays in sight").toBeInViewport({ ratio: 1 });
    await expect(tour(page).getByRole("link", { name: "deep dive" })).toHaveAttribute("href", "/dives?actor=user1");
    await tour(page).getByRole("button", { name: "Close" }).click();
    await expect(tour(page)).toBeHidden();
    await page.reload();
    await expect(lab.live).toHaveText("Live");
    await expect(tour(page), "it is over for good").toBeHidden();
  });
}

test("coming and going it moves nothing, and the lab still fits", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await expectStep(page, 1);
  await page.evaluate(() => {
    const shifts: number[] = ((window as unknown as { shifts: number[] }).shifts = []);
    const note = (list: PerformanceObserverEntryList) => list.getEntries().forEach((entry) => shifts.push(entry.startTime));
    new PerformanceObserver(note).observe({ type: "layout-shift" });
  });
  await tour(page).getByRole("button", { name: "Skip the tour" }).click();
  await expect(tour(page)).toBeHidden();
  await page.getByRole("button", { name: "Keys" }).click();
  await page.getByRole("button", { name: "Take the guided tour" }).click();
  await expectStep(page, 1);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  expect(await page.evaluate(() => (window as unknown as { shifts: number[] }).shifts)).toEqual([]);
  const overflow = await page.evaluate(() => {
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
    return [scrollWidth - clientWidth, scrollHeight - clientHeight];
  });
  expect(overflow).toEqual([0, 0]);
});

test("it stands aside for whatever is opened, and comes back", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await expectStep(page, 1);
  const opened = page.locator("details:is(.menu, .more) > summary");
  await expect(opened).toHaveCount(3);
  for (const summary of await opened.all()) {
    await summary.click();
    await expect(tour(page)).toBeHidden();
    await summary.click();
    await expect(tour(page)).toBeVisible();
  }
});

test("who skips it is left alone, and can take it again", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await expectStep(page, 1);
  await tour(page).getByRole("button", { name: "Skip the tour" }).click();
  await expect(tour(page)).toBeHidden();
  await page.reload();
  await expect(lab.live).toHaveText("Live");
  await expect(tour(page)).toBeHidden();
  await page.getByRole("button", { name: "Keys" }).click();
  await page.getByRole("button", { name: "Take the guided tour" }).click();
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeHidden();
  await expectStep(page, 1);
  await page.keyboard.press("0");
  await expect(tour(page), "by its key as well").toBeHidden();
});

test("after a reload it goes on where it was", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.send.click();
  await expectStep(page, 3);
  await page.reload();
  await expectStep(page, 3);
  await tornBar(lab).click();
  await expectStep(page, 4);
  await page.keyboard.press("Escape");
  await page.goto("/");
  await expectStep(page, 4);
});

test("who goes on to the checks is not called back to what comes before them", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.send.click();
  await expectStep(page, 3);
  await lab.press("History retrieval", "Read history");
  await expectStep(page, 5);
  await lab.press("State consistency", "Compare with the store");
  await expect(tour(page)).toContainText("One check is left.");
  await page.getByRole("button", { name: "Run all" }).click();
  await expect(tour(page)).toContainText("Five of five.", { timeout: 20_000 });
});

test("it waits for a failure: one that the switch lets pass is not what it is about", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await page.locator(".knob").click();
  await lab.send.click();
  await expect(lab.reply("Hi there")).toBeVisible();
  await expectStep(page, 2);
  await page.locator(".knob").click();
  await lab.say("Through a failure");
  await expectStep(page, 3);
});

test("a lab that somebody has used already begins no tour; one that is asked for wants it reset first", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await tour(page).getByRole("button", { name: "Skip the tour" }).click();
  await lab.send.click();
  await expect(lab.reply("Hi there")).toBeVisible();
  await page.context().clearCookies();
  await page.reload();
  await expect(lab.live).toHaveText("Live");
  await expect(tour(page)).toBeHidden();
  await page.getByRole("button", { name: "Keys" }).click();
  await page.getByRole("button", { name: "Take the guided tour" }).click();
  await expect(tour(page)).toContainText("The tour begins in an untouched lab.");
  await page.keyboard.press("x");
  await page.getByRole("button", { name: "Reset user1" }).click();
  await expectStep(page, 1);
});

test("it is not there in a room, and where less motion is asked for nothing of it moves", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  const lab = new LabPage(page);
  await lab.open("/?present");
  await expect(tour(page)).toBeHidden();
  await page.keyboard.press("Escape");
  await expectStep(page, 1);
  await expect(lab.message).toHaveCSS("animation-duration", "0s");
});

for (const theme of THEMES) {
  test(`axe finds nothing on it, ${theme}`, async ({ page }) => {
    const lab = new LabPage(page);
    await lab.open();
    await expectStep(page, 1);
    await show(page, theme);
    expect(await violations(page)).toEqual([]);
    await lab.send.click();
    await expectStep(page, 3);
    await show(page, theme);
    expect(await violations(page)).toEqual([]);
  });
}

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("there is none", async ({ page }) => {
    await page.goto("/");
    await expect(tour(page)).toBeHidden();
    await page.getByRole("button", { name: "Keys" }).click();
    await expect(page.getByRole("button", { name: "Take the guided tour" })).toBeHidden();
  });
});

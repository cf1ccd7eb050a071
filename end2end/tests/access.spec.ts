// Whether everything fits, can be pressed, can be read at any size, and moves only for those who want it.
import { LabPage } from "../support/lab.ts";
import { moving, overflow } from "../support/page.ts";
import { NARROWEST, PHONE } from "../support/states.ts";
import { type Page, expect, test } from "../support/test.ts";

test("at 1280×800 the lab fits without scrolling", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  for (const content of ["one", "two", "three", "four"]) {
    await lab.say(content);
    await expect(lab.reply(content)).toBeVisible();
  }
  expect(await overflow(page)).toEqual({ x: 0, y: 0 });
});

for (const viewport of [PHONE, NARROWEST]) {
  test(`at ${viewport.width} pixels nothing is wider than the window`, async ({ page }) => {
    await page.setViewportSize(viewport);
    const lab = new LabPage(page);
    await lab.open();
    await lab.say("A rather long message, with a word-that-does-not-break-" + "x".repeat(80));
    await expect(lab.chat.getByText(/Recovered on attempt/)).toBeVisible();
    await lab.breakStore("load", 3);
    await lab.say("Again");
    await expect(lab.chat.getByRole("button", { name: "Send again" })).toBeVisible();
    for (const pane of ["checks", "stored", "policy", "code"]) {
      await page.locator(`label[for=pane-${pane}]:visible`).first().click();
      expect((await overflow(page)).x, pane).toBe(0);
    }
    await page.getByText("More", { exact: true }).click();
    expect((await overflow(page)).x, "all settings of the switch").toBe(0);
  });
}

test.describe("at 200 % zoom", () => {
  // What a window of 1280×800 shows then.
  test.use({ viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 });

  test("the lesson is done and nothing is cut off or covered", async ({ page }) => {
    const lab = new LabPage(page);
    await lab.open();
    await lab.press("Message processing", "Send “Hi there”");
    await expect(lab.reply("Hi there")).toBeVisible();
    await lab.press("History retrieval", "Read history");
    await lab.expectScore(3);
    await page.locator(".knob").click();
    await expect(page.getByRole("switch")).not.toBeChecked();
    await lab.timeline.getByRole("link", { name: /load, attempt 1 of 3/i }).locator(".face").first().click();
    await expect(page.getByRole("complementary", { name: "Selected bar" })).toContainText("Load, attempt 1 of 3");
    expect((await overflow(page)).x).toBe(0);
    expect(await cutOff(page)).toEqual([]);
  });
});

/** Texts that are wider than what holds them, and are not shortened on purpose with their whole in a title. */
function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const boxes = [...document.querySelectorAll<HTMLElement>("button, label, h1, h2, h3, summary, .score, .predict, .knob-s, .live")];
    // What is only heard is one clipped pixel.
    const heard = (box: HTMLElement) => getComputedStyle(box).clipPath !== "none" || box.closest(".vh, .skip");
    const seen = (box: HTMLElement) => box.checkVisibility({ checkVisibilityCSS: true }) && !heard(box);
    const cut = boxes.filter((box) => seen(box) && box.clientWidth > 0 && box.scrollWidth > box.clientWidth + 1);
    return cut.map((box) => `${box.className}: ${box.textContent}`);
  });
}

test("whoever wants less motion sees none, and everybody else sees what runs move", async ({ page, faultlab }) => {
  await faultlab.setPolicy({ attempts: 2, delay_ms: 20_000 });
  const lab = new LabPage(page);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await lab.open();
  await lab.say("Hi there");
  await expect(lab.chat.getByText(/^Attempt 1 failed\. Attempt 2 of 2 in/)).toBeVisible();
  await expect.poll(() => moving(page)).toEqual(expect.arrayContaining(["live-dot", expect.stringContaining("drift")]));
  await page.emulateMedia({ reducedMotion: "reduce" });
  await expect.poll(() => moving(page)).toEqual([]);
  const countdown = lab.chat.locator(".msg-foot .tnum");
  const before = await countdown.textContent();
  await expect(countdown, "the countdown is text, and goes on").not.toHaveText(before!);
  expect(await moving(page)).toEqual([]);
  await page.close();
  await faultlab.kill();
});

test("the theme follows the system, and a choice outlasts it from the first paint on", async ({ page }) => {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  const lab = new LabPage(page);
  await lab.open();
  const light = await ground();
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await ground();
  expect(dark).not.toBe(light);
  await page.getByRole("button", { name: "Use the light theme" }).click();
  expect(await ground()).toBe(light);
  // Without its script the page has to be right as the server sends it.
  await page.route(/\.(js|wasm)$/, () => {});
  await page.goto("/", { waitUntil: "commit" });
  // Nothing is painted before the style sheet is there.
  await page.waitForFunction(() => performance.getEntriesByType("paint").length > 0);
  await expect(page.getByRole("main")).toBeVisible();
  expect(await ground()).toBe(light);
});

test("Tab, Space and Enter alone do it, and the focus is seen wherever it goes", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the chat" })).toBeFocused();
  await page.keyboard.press("Enter");
  await tabTo(page, "Send");
  await page.keyboard.press("Enter");
  await expect(lab.reply("Hi there")).toBeVisible();
  await tabTo(page, "Simulate state-store failure");
  await page.keyboard.press("Space");
  await expect(page.getByRole("switch")).not.toBeChecked();
  await tabTo(page, "load, attempt 1 of 3");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("complementary", { name: "Selected bar" })).toContainText("Load, attempt 1 of 3");
  await tabTo(page, "History retrieval");
  await page.keyboard.press("Enter");
  await tabTo(page, "Read history");
  await page.keyboard.press("Enter");
  await lab.expectScore(3);
});

/** Presses Tab until what has the focus is called this; on the way every focus has to be in the window and be drawn. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let n = 0; n < 80; n += 1) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const at = document.activeElement as HTMLElement;
      // Between the end of the page and its beginning the browser has the focus.
      if (at === document.body) return undefined;
      const { x, y, width, height } = at.getBoundingClientRect();
      const middle = [x + width / 2, y + height / 2] as const;
      const inside = middle[0] >= 0 && middle[1] >= 0 && middle[0] <= innerWidth && middle[1] <= innerHeight;
      // A ring of its own, or one that what stands for it wears.
      const ringed = (of: Element | null) => {
        if (!of) return false;
        const { outlineStyle, outlineWidth, visibility, opacity } = getComputedStyle(of);
        return outlineStyle !== "none" && outlineWidth !== "0px" && visibility === "visible" && opacity !== "0";
      };
      const labels = [...((at as HTMLInputElement).labels ?? [])];
      const near = [at, ...at.querySelectorAll("*"), ...labels.flatMap((label) => [label, ...label.querySelectorAll("*")])];
      const ring = at.closest("svg")?.querySelector(".ring") !== null || near.some(ringed);
      const words = at.getAttribute("aria-label") ?? labels[0]?.textContent ?? at.textContent ?? "";
      return { words: words.trim(), inside, ring, html: at.outerHTML.slice(0, 120) };
    });
    if (!focus) continue;
    expect(focus, focus.html).toMatchObject({ inside: true, ring: true });
    if (focus.words.includes(name)) return;
  }
  throw new Error(`Tab does not come to ${name}`);
}

// In front of a room: large type, and the lesson with a clicker, which sends Page Down and Page Up.
import { LabPage } from "../support/lab.ts";
import { expect, test } from "../support/test.ts";

test("a clicker walks through the whole lesson", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await page.keyboard.press("p");
  await expect(page).toHaveURL(/[?&]present/);
  const step = page.locator(".p-step");
  const said = page.locator(".p-words");
  await expect(step).toContainText("Message processing");
  await page.keyboard.press("PageDown");
  await expect(said).toHaveText(/^Attempt 1 failed\. Attempt 2 of 3 in \d\.\d s$/);
  await expect(said).toHaveText(/^Recovered on attempt 2 of 3, after/);
  await expect(step).toContainText("proven");
  await page.keyboard.press("PageDown");
  await expect(step).toHaveText(/2\s+History retrieval proven/);
  await page.keyboard.press("PageDown");
  await expect(step).toHaveText(/3\s+Retry logic proven/);
  await page.keyboard.press("PageDown");
  await expect(step).toHaveText(/4\s+State consistency proven/);
  for (const progress of ["2 of 3 sent", "read history", "proven"]) {
    await page.keyboard.press("PageDown");
    await expect(step).toHaveText(new RegExp(`5\\s+Recovery ${progress}`));
  }
  await page.keyboard.press("PageUp");
  await expect(step).toContainText("State consistency");
  await page.keyboard.press("Escape");
  await expect(page).not.toHaveURL(/present/);
  await lab.expectScore(5);
});

test("slow motion is real: the actor waits longer between its attempts", async ({ page, faultlab }) => {
  const lab = new LabPage(page);
  await lab.open("/?present");
  await page.keyboard.press("2");
  const policy = async () => (await (await fetch(`${faultlab.url}/api/lab/user1`)).json()).policy.delay_ms;
  await expect.poll(policy).toBe(2000);
  await page.keyboard.press("PageDown");
  await expect(lab.timeline.getByText("wait 2.0 s")).toBeVisible();
  await expect(page.locator(".p-words")).toHaveText(/^Recovered on attempt 2 of 3, after 2\.\d+ s/);
});

test("outside of it Page Down is the browser's", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await page.keyboard.press("PageDown");
  await page.keyboard.press("f");
  await expect(page.getByRole("switch")).not.toBeChecked();
  await expect(lab.timeline.locator(".turn:not(.coming, .blank-row)")).toHaveCount(0);
});

for (const [width, height, least] of [[1920, 1080, 24], [1280, 800, 16]] as const) {
  test(`at ${width}×${height} it fits, and no text is smaller than ${least} pixels`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    const lab = new LabPage(page);
    await lab.open("/?present");
    await lab.say("Hi there");
    await expect(lab.reply("Hi there")).toBeVisible();
    await expect(page.locator(".checks")).toBeHidden();
    const smallest = await page.evaluate(() => {
      const sizes: number[] = [];
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let text = texts.nextNode(); text; text = texts.nextNode()) {
        const element = text.parentElement!;
        const seen = element.getClientRects().length > 0 && getComputedStyle(element).visibility === "visible";
        if (!seen || !text.textContent!.trim() || element.closest(".vh, .skip, .who, .tip, noscript, dialog")) continue;
        const zoom = (element as { currentCSSZoom?: number }).currentCSSZoom ?? 1;
        sizes.push(Number.parseFloat(getComputedStyle(element).fontSize) * zoom);
      }
      return Math.min(...sizes);
    });
    expect(smallest).toBeGreaterThanOrEqual(least);
    const overflow = await page.evaluate(() => {
      const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
      return [scrollWidth - clientWidth, scrollHeight - clientHeight];
    });
    expect(overflow).toEqual([0, 0]);
    const [rows, foot] = [await page.locator(".rows").boundingBox(), await page.locator(".p-foot").boundingBox()];
    expect(rows!.y + rows!.height, "the keys at the foot cover nothing").toBeLessThanOrEqual(foot!.y + 1);
    await page.getByRole("link", { name: "Leave" }).click();
    await expect(page.locator(".checks")).toBeVisible();
  });
}

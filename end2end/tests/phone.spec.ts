// The lab on a phone.
import { LabPage } from "../support/lab.ts";
import { PHONE } from "../support/states.ts";
import { expect, test } from "../support/test.ts";

test.use({ viewport: PHONE });

test("turns off the axis stay to be read: message, outcome and trace, wherever the list is scrolled", async ({ page, faultlab }) => {
  for (let n = 1; n <= 28; n += 1) await faultlab.send(`Message ${n}`);
  const lab = new LabPage(page);
  await lab.open();
  const rows = lab.timeline.locator(".turn");
  await expect(rows).toHaveCount(28);
  await expect(rows.last().locator(".bar")).toHaveCount(3);
  for (let n = 0; n < 27; n += 1) {
    const row = rows.nth(n);
    await row.scrollIntoViewIfNeeded();
    await expect(row).toContainText(`Message ${n + 1}`);
    await expect(row).toContainText(n === 0 ? "recovered" : "answered");
    // What is painted at the middle of the words and of the trace is theirs: nothing covers them.
    for (const part of [row.getByText(`Message ${n + 1}`), row.locator(".trace")]) {
      await expect(part).toBeVisible();
      const uncovered = await part.evaluate((element) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        const painted = document.elementFromPoint(x + width / 2, y + height / 2);
        return width > 20 && height > 8 && element.closest(".turn") === painted?.closest(".turn");
      });
      expect(uncovered, `turn ${n + 1}`).toBe(true);
    }
  }
});

for (const width of [390, 320]) {
  test(`at ${width} pixels a long draft leaves room for what is predicted of it`, async ({ page }) => {
    await page.setViewportSize({ width, height: 844 });
    const lab = new LabPage(page);
    await lab.open();
    for (const draft of ["word ".repeat(400), "y".repeat(300)]) {
      await lab.message.fill(draft);
      await expect(lab.timeline.locator(".coming")).toContainText(draft.trim());
      const box = await lab.timeline.locator(".coming").getByText("predicted", { exact: true }).boundingBox();
      expect(box!.width).toBeGreaterThan(40);
      expect(box!.x + box!.width).toBeLessThanOrEqual(width);
    }
    expect((await page.locator(".brand").boundingBox())!.width, "the logo can be pressed").toBeGreaterThanOrEqual(24);
  });
}

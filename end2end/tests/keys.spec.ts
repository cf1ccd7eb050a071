// The keyboard alone.
import { LabPage } from "../support/lab.ts";
import { expect, test } from "../support/test.ts";

test("the whole lesson is done with keys", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await page.keyboard.press("d");
  await lab.expectScore(2);
  await page.keyboard.press("2");
  await page.keyboard.press("d");
  await lab.expectScore(3);
  await page.keyboard.press("4");
  await page.keyboard.press("d");
  await lab.expectScore(4);
  await page.keyboard.press("5");
  for (const progress of ["2 of 3 sent", "read history", "proven"]) {
    await page.keyboard.press("d");
    await expect(lab.check("Recovery")).toContainText(progress);
  }
  await lab.expectScore(5);
  await page.keyboard.press("i");
  await expect(page.getByRole("heading", { name: /^Report/ })).toBeVisible();
});

test("a message, the switch, panes, the timeline and the theme have keys", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await expect(page.getByRole("switch")).toBeChecked();
  await page.keyboard.press("f");
  await expect(page.getByRole("switch")).not.toBeChecked();
  await page.keyboard.press("m");
  await expect(lab.message).toBeFocused();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("By hand");
  await page.keyboard.press("Enter");
  await expect(lab.reply("By hand")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(lab.message).not.toBeFocused();
  await page.keyboard.press("l");
  await expect(page.getByRole("heading", { name: /^Retry policy/ })).toBeVisible();
  await page.keyboard.press("s");
  await expect(page.getByRole("heading", { name: /^History/ })).toBeVisible();
  await page.keyboard.press("b");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/bar=t1-load-1/);
  await page.keyboard.press("Escape");
  await expect(page).not.toHaveURL(/bar=/);
  await page.keyboard.press("u");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.keyboard.press("u");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "light");
  await page.keyboard.press("x");
  await expect(page.getByRole("button", { name: "Reset user1" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Reset user1" })).toBeHidden();
});

test("while somebody writes or chooses, keys are letters", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.message.fill("");
  await lab.message.pressSequentially("fpk?x1");
  await expect(lab.message).toHaveValue("fpk?x1");
  await expect(page.getByRole("switch")).toBeChecked();
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(page).not.toHaveURL(/present|at=/);
});

test("the sheet opens on ?, closes on Escape, and can switch the keys off for good", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  const sheet = page.getByRole("dialog", { name: "Keys" });
  await page.keyboard.press("?");
  await expect(sheet).toBeVisible();
  await expect(sheet.getByRole("button", { name: "Close" })).toBeFocused();
  await page.keyboard.press("f");
  await page.keyboard.press("Escape");
  await expect(sheet).toBeHidden();
  await expect(page.getByRole("switch"), "an open sheet is to be read").toBeChecked();
  await page.getByRole("button", { name: "Keys" }).click();
  await sheet.getByLabel("Single keys work").uncheck();
  await page.keyboard.press("Escape");
  await page.keyboard.press("f");
  await page.reload();
  await expect(lab.live).toHaveText("Live");
  await page.keyboard.press("f");
  await page.keyboard.press("?");
  await expect(sheet).toBeHidden();
  await expect(page.getByRole("switch")).toBeChecked();
});

test("each key of the sheet leads to something that is there", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.say("Hi there");
  await expect(lab.reply("Hi there")).toBeVisible();
  await lab.breakStore("load", 3);
  await lab.say("Again");
  await expect(lab.chat.getByRole("button", { name: "Send again" })).toBeVisible();
  await lab.check("History retrieval").locator("summary").first().click();
  await page.getByRole("button", { name: "Pause" }).click();
  const missing = () =>
    page.locator("#keys [data-key]").evaluateAll((lines) => {
      const selectors = (line: Element) => [line.getAttribute("data-go"), line.getAttribute("data-press")];
      const leadsNowhere = (line: Element) => selectors(line).some((selector) => selector && !document.querySelector(selector));
      return lines.filter(leadsNowhere).map((line) => line.getAttribute("data-key"));
    });
  // The wire is there on real Dapr only.
  await expect.poll(missing).toEqual(["w"]);
});

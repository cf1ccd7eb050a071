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

test("each key of the sheet does something, or leads to something", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.say("Hi there");
  await expect(lab.reply("Hi there")).toBeVisible();
  // The first bar of the newest turn, and not of one before it.
  await lab.say("Once more");
  await expect(lab.reply("Once more")).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("b");
  await expect(page.getByRole("link", { name: /^Turn 2, load, attempt 1/ })).toBeFocused();

  // What opens or chooses has the focus; the second press closes again.
  const opens: [string, ReturnType<typeof page.locator>][] = [
    ["q", lab.chat.locator("details > summary").filter({ hasText: "Scenarios" })],
    ["h", page.getByText("More", { exact: true })],
    ["3", lab.check("Retry logic").locator("summary").first()],
    ["x", page.locator("summary[aria-label='Reset the lab']")],
  ];
  for (const [key, summary] of opens) {
    const details = summary.locator("..");
    const open = () => details.evaluate((element: HTMLDetailsElement) => element.open);
    const before = await open();
    await page.keyboard.press(key);
    await expect(summary, key).toBeFocused();
    await expect.poll(open, key).toBe(!before);
    await page.keyboard.press(key);
    await expect.poll(open, key).toBe(before);
  }
  for (const [key, name] of [["s", "Stored"], ["l", "Policy"], ["c", "Code"]] as const) {
    await page.keyboard.press(key);
    await expect(page.getByRole("radio", { name }), key).toBeFocused();
    await expect(page.getByRole("radio", { name }), key).toBeChecked();
  }
  await page.keyboard.press("g");
  await expect(page.getByRole("combobox", { name: "actor" })).toBeFocused();
  await page.keyboard.press("Escape");
  await page.keyboard.press("e");
  await expect(page.getByRole("combobox", { name: "Which operation fails" })).toBeFocused();
  await page.keyboard.press("Escape");

  // Going along the time.
  await page.keyboard.press("o");
  await expect(lab.live).toHaveText("Paused");
  await page.keyboard.press("t");
  await expect(page.getByRole("slider", { name: "Moment" })).toBeFocused();
  await page.keyboard.press("n");
  await expect(lab.live).toHaveText("Live");
  await page.keyboard.press("k");
  await expect(lab.live).toHaveText("Paused");
  await page.keyboard.press("k");
  await expect(lab.live).toHaveText("Live");
  await page.keyboard.press("r");
  await expect(lab.live).toHaveText("Replay");
  await page.keyboard.press("k");
  await page.keyboard.press("k");

  // A message that failed is sent again; a plan that is used up is armed.
  await lab.breakStore("load", 3);
  await lab.say("Again");
  await expect(lab.chat.getByRole("button", { name: "Send again" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("z");
  await expect(lab.reply("Again")).toBeVisible();
  await expect(page.getByRole("button", { name: "Arm again" })).toBeVisible();
  await page.keyboard.press("a");
  await expect(page.getByRole("button", { name: "Arm again" })).toBeHidden();

  // In large type an attempt is held, and let go.
  await page.keyboard.press("p");
  await page.keyboard.press("j");
  await expect(page.getByRole("checkbox", { name: "Hold before each attempt" })).toBeChecked();
  await lab.say("Held");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Release" })).toBeVisible();
  await page.keyboard.press("j");
  await expect(page.getByRole("checkbox", { name: "Hold before each attempt" })).not.toBeChecked();
  await page.keyboard.press("y");
  await expect(page.getByRole("button", { name: "Release" })).toBeHidden();
  await page.keyboard.press("p");
  await page.keyboard.press("v");
  await lab.expectScore(5);
});

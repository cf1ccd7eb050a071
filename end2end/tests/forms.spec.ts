// The page without script: plain forms and links.
import { LabPage } from "../support/lab.ts";
import { expect, test } from "../support/test.ts";

test.use({ javaScriptEnabled: false });

test("a message, the switch and the checks work without script", async ({ page }) => {
  const lab = new LabPage(page);
  await page.goto("/");
  await lab.expectScore(0);
  await lab.message.fill("Hi there");
  await lab.send.click();
  await expect(lab.reply("Hi there")).toBeVisible();
  await lab.expectScore(2);
  await lab.press("History retrieval", "Read history");
  await lab.expectScore(3);
  await lab.press("State consistency", "Compare with the store");
  await lab.expectScore(4);
  await expect(page.getByRole("switch")).toBeChecked();
  await page.locator(".knob").click();
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page.getByRole("switch")).not.toBeChecked();
  await lab.timeline.getByRole("link", { name: /load, attempt 1 of 3/i }).locator(".face").first().click();
  await expect(page.getByRole("complementary", { name: "Selected bar" })).toContainText("Load, attempt 1 of 3");
  await page.getByRole("button", { name: "Use the dark theme" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("an earlier turn, the page for a room, the sheet of keys and the report work without script", async ({ page }) => {
  const lab = new LabPage(page);
  await page.goto("/");
  for (const content of ["one", "two"]) {
    await lab.message.fill(content);
    await lab.send.click();
    await expect(lab.reply(content)).toBeVisible();
  }
  await page.getByRole("button", { name: "Older" }).click();
  await expect(lab.reply("one")).toBeVisible();
  await expect(lab.reply("two")).toHaveCount(0);
  await page.getByRole("button", { name: "Live" }).click();
  await expect(lab.reply("two")).toBeVisible();
  await page.getByRole("button", { name: "Keys" }).click();
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Present" }).click();
  await expect(page.locator(".checks")).toBeHidden();
  await page.getByRole("link", { name: "Leave" }).click();
  await page.getByRole("link", { name: "Report" }).click();
  await expect(page.getByRole("heading", { name: /^Report/ })).toBeVisible();
});

test("an actor id that is none is refused beside the field", async ({ page, complaints }) => {
  complaints.expect(/status of 400/);
  await page.goto("/");
  await page.getByLabel("actor", { exact: true }).fill("a b");
  await page.getByLabel("actor", { exact: true }).press("Enter");
  await expect(page.getByRole("alert")).toContainText("An actor id cannot contain");
  await expect(page.getByLabel("actor", { exact: true })).toHaveValue("a b");
  for (const dots of [".", ".."]) {
    await page.goto("/");
    await page.getByLabel("actor", { exact: true }).fill(dots);
    await page.getByLabel("actor", { exact: true }).press("Enter");
    await expect(page.getByRole("alert")).toContainText("taken for a folder");
  }
});

test("the policy and a second failure are set without script, and what is refused is told beside its field", async ({
  page,
}) => {
  const lab = new LabPage(page);
  await page.goto("/");
  await page.locator("label[for=pane-policy]:visible").first().click();
  const policy = page.locator(".pane-policy");
  await policy.getByLabel("Attempts").fill("2");
  await policy.getByLabel("Wait ms").fill("300");
  await policy.getByRole("button", { name: "Apply" }).first().click();
  await page.locator("label[for=pane-policy]:visible").first().click();
  await expect(policy).toContainText("attempts: 2,");
  await policy.getByLabel("Backoff").selectOption("exponential");
  await policy.getByLabel("Longest ms").fill("20");
  await policy.getByRole("button", { name: "Apply" }).first().click();
  await expect(policy.getByRole("alert")).toContainText("max_delay_ms is 20, below delay_ms");
  await page.getByText("More", { exact: true }).click();
  const second = page.getByRole("group", { name: "A second one" });
  await second.getByRole("combobox", { name: "And the" }).selectOption("publish");
  await page.locator(".breaker").getByRole("button", { name: "Apply" }).click();
  await expect(page.locator(".knob-s")).toContainText("the next load fails; the next publish fails");
  await lab.message.fill("Hi there");
  await lab.send.click();
  await expect(lab.reply("Hi there")).toBeVisible();
});

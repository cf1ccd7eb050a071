// Every kind of failure and the retry policy, set by hand: what is set is predicted, and what is refused stays as typed.
import { LabPage } from "../support/lab.ts";
import { expect, test } from "../support/test.ts";

test("the policy's numbers change the code, the prediction and the next turn", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await page.locator("label[for=pane-policy]:visible").first().click();
  const policy = page.locator(".pane-policy");
  await policy.getByLabel("Attempts").fill("5");
  await policy.getByLabel("Wait ms").fill("40");
  await policy.getByLabel("Backoff").selectOption("exponential");
  await expect(policy).toContainText("attempts: 5,");
  await expect(policy).toContainText("backoff: Backoff::Exponential");
  await expect(policy).toContainText("range(1, 5 + 1)");
  await expect(policy).toContainText("maxRetries: 4");
  await lab.breakStore("load", 4);
  await expect(page.locator(".predict")).toContainText("4 load attempts fail. Attempt 5 of 5 succeeds, after 0.6 s.");
  await lab.say("Hi there");
  await expect(lab.reply("Hi there")).toBeVisible();
  await expect(page.locator(".predict")).toContainText("it came true");
});

test("two failures at once, one by chance and one late, and a number that is refused", async ({ page, complaints }) => {
  complaints.expect(/status of 422/);
  const lab = new LabPage(page);
  await lab.open();
  await page.getByText("More", { exact: true }).click();
  const first = page.getByRole("group", { name: "This failure" });
  const second = page.getByRole("group", { name: "A second one" });
  await expect(second.getByLabel("By ms")).toBeHidden();
  await first.getByRole("combobox", { name: "It" }).selectOption("flaky");
  await first.getByLabel("In % of attempts").fill("100");
  await second.getByRole("combobox", { name: "And the" }).selectOption("save");
  await second.getByRole("combobox", { name: "It" }).selectOption("delay");
  await second.getByRole("combobox", { name: "Where" }).selectOption("store");
  const late = second.getByLabel("By ms");
  await late.fill("99999");
  await late.press("Enter");
  await expect(second.getByRole("alert")).toHaveText("ms is 99999: it may be 1 to 10000.");
  await expect(late).toHaveValue("99999");
  await late.fill("120");
  await late.press("Enter");
  await expect(second.getByRole("alert")).toHaveCount(0);
  await expect(page.locator(".knob-s")).toContainText("the next save in the store is 120 ms late");
  await page.getByText("More", { exact: true }).click();
  const predicted = "The first load fails. The save is held up for 120 ms. Attempt 2 of 3 succeeds, after 1.1 s.";
  await expect(page.locator(".predict")).toContainText(predicted);
  await lab.say("Hi there");
  await expect(lab.reply("Hi there")).toBeVisible();
  await expect(page.locator(".predict")).toContainText("it came true");
});

test("a plan that cannot end in time is refused with its worst case, and the switch stays as it was", async ({
  page,
  complaints,
}) => {
  complaints.expect(/status of 422/);
  const lab = new LabPage(page);
  await lab.open();
  await page.getByText("More", { exact: true }).click();
  const second = page.getByRole("group", { name: "A second one" });
  await second.getByRole("combobox", { name: "And the" }).selectOption("save");
  await second.getByRole("combobox", { name: "It" }).selectOption("hang");
  await second.getByLabel("How many attempts").fill("3");
  const first = page.getByRole("group", { name: "This failure" });
  await first.getByRole("combobox", { name: "It" }).selectOption("hang");
  await page.getByRole("combobox", { name: "How long" }).selectOption("3");
  await expect(page.locator(".breaker").getByRole("alert")).toContainText("44.8 s");
  await expect(page.locator(".knob-s")).not.toContainText("3 load attempts hang");
});

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
  await expect(policy.getByLabel("Longest ms")).toHaveValue("20");
  await expect(policy.getByLabel("Longest ms")).toBeFocused();
  await lab.openFaults();
  await page.getByRole("button", { name: "Add a fault" }).click();
  const second = lab.fault(2);
  await expect(second.getByRole("combobox", { name: "Operation" })).toBeFocused();
  await second.getByRole("combobox", { name: "Operation" }).selectOption("publish");
  await page.locator(".breaker").getByRole("button", { name: "Apply" }).click();
  await expect(page.locator(".knob-s")).toContainText("the next load fails; the next publish fails");
  await lab.message.fill("Hi there");
  await lab.send.click();
  await expect(lab.reply("Hi there")).toBeVisible();
});

test("a plan of eight is set, and made smaller, without script", async ({ page, faultlab }) => {
  const lab = new LabPage(page);
  await page.goto("/lab/ada?scenario=flaky-store");
  await lab.openFaults();
  for (let n = 2; n <= 8; n += 1) {
    await page.getByRole("button", { name: "Add a fault" }).click();
    await lab.fault(n).getByRole("combobox", { name: "Operation" }).selectOption(n % 2 ? "load" : "save");
    await lab.fault(n).getByRole("combobox", { name: "It" }).selectOption("delay");
    await lab.fault(n).getByLabel("By ms").fill(String(n));
  }
  const apply = page.locator(".breaker").getByRole("button", { name: "Apply" });
  await apply.click();
  await expect(page.locator(".plan")).toContainText("and 7 more");
  await expect(page).toHaveURL(/\/lab\/ada\?scenario=flaky-store$/);
  await lab.openFaults();
  await page.getByRole("button", { name: "Remove fault 3" }).click();
  await expect(page.locator(".fault")).toHaveCount(7);
  await apply.click();
  const answer = await fetch(`${faultlab.url}/api/lab/ada/fault`);
  const { plan } = (await answer.json()) as { plan: { ms?: number }[] };
  expect(plan.map((fault) => fault.ms)).toEqual([undefined, 2, 4, 5, 6, 7, 8]);
});

test("a refused switch shows every field as it was typed, with the reason beside the one that is wrong", async ({ page }) => {
  const lab = new LabPage(page);
  await page.goto("/");
  await page.getByLabel("Which operation fails").selectOption("save");
  await lab.openFaults();
  await lab.fault(1).getByRole("combobox", { name: "It" }).selectOption("flaky");
  await lab.fault(1).getByLabel("In % of attempts").fill("33");
  await page.getByRole("button", { name: "Add a fault" }).click();
  await expect(page.locator(".knob-s")).toContainText("the next load fails");
  const second = lab.fault(2);
  await second.getByRole("combobox", { name: "Operation" }).selectOption("load");
  await second.getByRole("combobox", { name: "It" }).selectOption("delay");
  const late = second.getByLabel("By ms");
  await late.evaluate((field) => field.removeAttribute("max"));
  await late.fill("99999");
  await page.locator(".breaker").getByRole("button", { name: "Apply" }).click();
  await expect(second.getByRole("alert")).toHaveText("ms is 99999: it may be 1 to 10000.");
  await expect(late).toHaveValue("99999");
  await expect(late).toBeFocused();
  await expect(page.getByLabel("Which operation fails")).toHaveValue("save");
  await expect(lab.fault(1).getByLabel("In % of attempts")).toHaveValue("33");
  await expect(page.getByRole("switch")).toBeChecked();
  await late.fill("20");
  await page.locator(".breaker").getByRole("button", { name: "Apply" }).click();
  await expect(page.locator(".knob-s")).toContainText("the next save fails with 33 %; the next load is 20 ms late");
  await expect(page).toHaveURL(/\/\??$/);
});

test("a refused message stays in the field; one that is far too long comes back cut, and says so", async ({ page }) => {
  const lab = new LabPage(page);
  await page.goto("/lab/ada");
  await lab.message.fill("   ");
  await lab.send.click();
  await expect(page.locator(".chat").getByRole("alert")).toBeVisible();
  await expect(lab.message).toHaveValue("   ");
  const long = "<b>first & last</b> ".repeat(4_000);
  await lab.message.fill(long);
  await lab.send.click();
  await expect(page.locator(".chat").getByRole("alert")).toContainText("The form is over 64 KiB");
  await expect(page.locator(".chat").getByRole("alert")).toContainText("did not fit into the address");
  const kept = await lab.message.inputValue();
  expect(kept.length).toBeGreaterThan(1_000);
  expect(long.startsWith(kept)).toBe(true);
  await lab.message.fill("Hi there");
  await lab.send.click();
  await expect(lab.reply("Hi there")).toBeVisible();
  await expect(page).toHaveURL(/\/lab\/ada\??$/);
});

// Every kind of failure and the retry policy, set by hand: what is set is predicted, and what is refused stays as typed.
import type { Faultlab } from "../support/faultlab.ts";
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
  await expect(lab.chat.getByText("it came true")).toBeVisible();
});

test("two failures at once, one by chance and one late, and a number that is refused", async ({ page, complaints }) => {
  complaints.expect(/status of 422/);
  const lab = new LabPage(page);
  await lab.open();
  await lab.openFaults();
  const first = lab.fault(1);
  const second = await lab.addFault("save");
  await expect(second.getByLabel("By ms")).toBeHidden();
  await first.getByRole("combobox", { name: "It" }).selectOption("flaky");
  await first.getByLabel("In % of attempts").fill("100");
  await second.getByRole("combobox", { name: "It" }).selectOption("delay");
  await second.getByRole("combobox", { name: "Where" }).selectOption("store");
  const late = second.getByLabel("By ms");
  await late.fill("99999");
  await late.press("Enter");
  await expect(second.getByRole("alert")).toHaveText("ms is 99999: it may be 1 to 10000.");
  await expect(late).toHaveValue("99999");
  await expect(late).toHaveAccessibleDescription("ms is 99999: it may be 1 to 10000.");
  await late.fill("120");
  await late.press("Enter");
  await expect(second.getByRole("alert")).toHaveCount(0);
  await expect(page.locator(".knob-s")).toContainText("the next save in the store is 120 ms late");
  await page.getByText("More", { exact: true }).click();
  const predicted = "The first load fails. The save is held up for 120 ms. Attempt 2 of 3 succeeds, after 1.1 s.";
  await expect(page.locator(".predict")).toContainText(predicted);
  await lab.say("Hi there");
  await expect(lab.reply("Hi there")).toBeVisible();
  await expect(lab.chat.getByText("it came true")).toBeVisible();
});

test("a plan that cannot end in time is refused with its worst case, and the switch stays as it was", async ({
  page,
  complaints,
}) => {
  complaints.expect(/status of 422/);
  const lab = new LabPage(page);
  await lab.open();
  await lab.openFaults();
  const second = await lab.addFault("save");
  await second.getByRole("combobox", { name: "It" }).selectOption("hang");
  await second.getByLabel("How many attempts").fill("3");
  await lab.fault(1).getByRole("combobox", { name: "It" }).selectOption("hang");
  await page.getByRole("combobox", { name: "How long" }).selectOption("3");
  await expect(page.locator(".breaker").getByRole("alert")).toContainText("44.8 s");
  await expect(page.locator(".knob-s")).not.toContainText("3 load attempts hang");
});

/** One of every kind, span and layer, as the API has them. */
const EIGHT = [
  { operation: "load", kind: "error", span: "first", attempts: 1, layer: "actor" },
  { operation: "load", kind: "delay", ms: 120, span: "until_off", layer: "actor" },
  { operation: "load", kind: "flaky", percent: 40, seed: 7, span: "next", attempts: 2, layer: "store" },
  { operation: "load", kind: "hang", span: "next", attempts: 1, layer: "store" },
  { operation: "save", kind: "error", span: "next", attempts: 1, layer: "store" },
  { operation: "save", kind: "delay", ms: 30, span: "first", attempts: 4, layer: "actor" },
  { operation: "publish", kind: "error", span: "first", attempts: 1, layer: "actor" },
  { operation: "publish", kind: "flaky", percent: 100, seed: 4294967295, span: "until_off", layer: "actor" },
];

/** The plan in force, over the API. */
async function plan(faultlab: Faultlab): Promise<unknown> {
  const answer = await fetch(`${faultlab.url}/api/lab/user1/fault`);
  return ((await answer.json()) as { plan: unknown }).plan;
}

test("the page arms a plan of eight faults, of every kind, span and layer", async ({ page, faultlab }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.openFaults();
  const add = page.getByRole("button", { name: "Add a fault" });
  for (const [n, fault] of EIGHT.entries()) {
    const row = n === 0 ? lab.fault(1) : await lab.addFault(fault.operation);
    await expect(row.getByRole("combobox", { name: "It" })).toBeVisible();
    await row.getByRole("combobox", { name: "It" }).selectOption(fault.kind);
    await row.getByRole("combobox", { name: "Which" }).selectOption(fault.span);
    await row.getByRole("combobox", { name: "Where" }).selectOption(fault.layer);
    const numbers = { "By ms": fault.ms, "In % of attempts": fault.percent, Seed: fault.seed, "How many attempts": fault.attempts };
    for (const [label, number] of Object.entries(numbers)) {
      if (n === 0 && label === "How many attempts") continue;
      const field = row.getByLabel(label, { exact: true });
      if (number === undefined) await expect(field).toBeHidden();
      else await field.fill(String(number));
    }
    await page.keyboard.press("Tab");
    await expect.poll(async () => plan(faultlab)).toEqual(EIGHT.slice(0, n + 1));
  }
  await expect(add).toBeDisabled();
  await expect(page.locator(".more-foot")).toContainText("A plan has at most 8 faults.");
  await expect(page.locator(".plan")).toContainText("and 7 more");
});

test("a plan set over the API is shown whole, in every tab, and stays whole when one number is changed", async ({
  page,
  faultlab,
}) => {
  const lab = new LabPage(page);
  await lab.open();
  const set = await fetch(`${faultlab.url}/api/lab/user1/fault`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ on: true, plan: EIGHT }),
  });
  expect(set.status).toBe(200);
  await expect(page.locator(".plan")).toContainText("and 7 more");
  await lab.openFaults();
  await expect(page.locator(".fault")).toHaveCount(8);
  await expect(lab.fault(8).getByLabel("Seed", { exact: true })).toHaveValue("4294967295");
  const late = lab.fault(2).getByLabel("By ms");
  await late.fill("130");
  await late.press("Enter");
  const changed = EIGHT.map((fault, n) => (n === 1 ? { ...fault, ms: 130 } : fault));
  await expect.poll(async () => plan(faultlab)).toEqual(changed);
  await page.getByRole("combobox", { name: "Which operation fails" }).selectOption("save");
  const [first, ...others] = changed;
  await expect.poll(async () => plan(faultlab)).toEqual([{ ...first, operation: "save" }, ...others]);
});

test("faults are added, chosen and removed by the keyboard alone", async ({ page, faultlab }) => {
  const lab = new LabPage(page);
  await lab.open();
  await page.locator(".more summary").focus();
  await page.keyboard.press("Enter");
  const add = page.getByRole("button", { name: "Add a fault" });
  await add.focus();
  await page.keyboard.press("Enter");
  const operation = lab.fault(2).getByRole("combobox", { name: "Operation" });
  await expect(operation).toBeFocused();
  await expect(add).toBeDisabled();
  await page.keyboard.press("s");
  await expect(operation).toHaveValue("save");
  const [lesson] = EIGHT;
  await expect.poll(async () => plan(faultlab)).toEqual([lesson, { ...lesson, operation: "save" }]);
  const remove = lab.fault(2).getByRole("button", { name: "Remove fault 2" });
  for (let presses = 0; presses < 8 && !(await remove.evaluate((button) => button === document.activeElement)); presses += 1) {
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await expect.poll(async () => plan(faultlab)).toEqual([lesson]);
  await expect(add).toBeFocused();
  await expect(page.getByRole("button", { name: /^Remove fault/ })).toHaveCount(0);
});

test("a fault that can never fire is told beside it, and the plan in force stays", async ({ page, faultlab, complaints }) => {
  complaints.expect(/status of 422/);
  const lab = new LabPage(page);
  await lab.open();
  await lab.openFaults();
  const second = await lab.addFault("save");
  await expect.poll(async () => ((await plan(faultlab)) as unknown[]).length).toBe(2);
  await lab.fault(1).getByRole("combobox", { name: "Which" }).selectOption("until_off");
  await page.getByText("More", { exact: true }).click();
  await page.getByRole("combobox", { name: "Which operation fails" }).selectOption("save");
  await expect(second.getByRole("alert")).toContainText("Fault 2 can never fire: fault 1 fails every save before it");
  const [now, other] = (await plan(faultlab)) as { operation: string }[];
  expect([now?.operation, other?.operation]).toEqual(["load", "save"]);
  await second.getByRole("button", { name: "Remove fault 2" }).click();
  await expect(page.locator(".breaker").getByRole("alert")).toHaveCount(0);
  await expect(page.locator(".knob-s")).toContainText("every save fails");
});

for (const width of [1280, 390, 320]) {
  test(`at ${width} pixels the fields of eight faults fit`, async ({ page, faultlab }) => {
    await page.setViewportSize({ width, height: 844 });
    const body = JSON.stringify({ on: true, plan: EIGHT });
    const headers = { "content-type": "application/json" };
    await fetch(`${faultlab.url}/api/lab/user1/fault`, { method: "PUT", headers, body });
    const lab = new LabPage(page);
    await lab.open();
    await lab.openFaults();
    const last = page.getByRole("button", { name: "Remove fault 8" });
    await last.scrollIntoViewIfNeeded();
    await expect(last).toBeInViewport();
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(wider).toBe(0);
  });
}

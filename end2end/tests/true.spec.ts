// What the page says is of what it stands beside: a verdict of its prediction, a replay of its moment, a word of its state.
import { LabPage } from "../support/lab.ts";
import { expect, test } from "../support/test.ts";

const SWITCH = ".breaker";

test("a verdict stands with the turn that it is of, and not beside the next prediction", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.say("Hi there");
  const verdict = lab.chat.locator("li").filter({ hasText: "Got your message: Hi there" });
  await expect(verdict.getByText("it came true")).toBeVisible();
  await expect(verdict).toContainText("Predicted: The first load fails. Attempt 2 of 3 succeeds, after 1.0 s.");
  await lab.breakStore("load", 3);
  await expect(page.locator(".predict")).toHaveText(/All 3 load attempts fail, in 2\.0 s\. Nothing is stored\.\s*$/);
  await expect(verdict.getByText("it came true"), "of what was predicted for it").toBeVisible();
});

test("a switch that is on and used up is not armed, and says so", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await expect(page.locator(SWITCH)).toHaveClass(/\bon\b/);
  await expect(page.locator(SWITCH)).not.toHaveClass(/\bused\b/);
  await lab.say("Hi there");
  await expect(lab.reply("Hi there")).toBeVisible();
  await expect(page.locator(".knob-s")).toContainText("arms again after the actor has idled");
  await expect(page.getByText("On, used up")).toBeVisible();
  await expect(page.locator(SWITCH)).toHaveClass(/\bused\b/);
  await page.getByRole("button", { name: "Arm again" }).click();
  await expect(page.locator(".knob-s")).toContainText("the next load fails");
  await expect(page.getByText("On, used up")).toHaveCount(0);
});

test("a replay and an earlier moment show the switch and the checks as they were then", async ({ page, faultlab }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.say("Hi there");
  await expect(lab.reply("Hi there")).toBeVisible();
  await lab.expectScore(2);
  const first = JSON.parse(await faultlab.timeline()).events[0].seq as number;
  await page.goto(`/lab/user1?at=${first}`);
  await expect(lab.live).toHaveText("Paused");
  await lab.expectScore(0);
  await expect(page.locator(".knob-s")).toContainText("the next load fails");
  await expect(page.locator(SWITCH)).not.toHaveClass(/\bused\b/);
  await page.keyboard.press("Escape");
  await lab.expectScore(2);
});

test("More closes by Escape and by a press outside it", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.openFaults();
  const add = page.getByRole("button", { name: "Add a fault" });
  await expect(add).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(add).toBeHidden();
  await lab.openFaults();
  await add.click();
  await expect(add, "a press inside it leaves it open").toBeVisible();
  await lab.chat.getByRole("heading", { name: /^Chat/ }).click();
  await expect(add).toBeHidden();
});

test("time lost to retries and time held are two figures", async ({ page, faultlab }) => {
  await faultlab.setHold(true);
  const lab = new LabPage(page);
  await lab.open("/?present");
  await lab.message.fill("Held");
  await lab.send.click();
  const held = page.locator(".turn").filter({ hasText: "held, load 2 of 3" });
  await expect(page.locator(".turn").filter({ hasText: "held, load 1 of 3" })).toBeVisible();
  await page.keyboard.press("PageDown");
  await expect(held).toBeVisible();
  await faultlab.setHold(false);
  await expect(page.locator(".p-words")).toHaveText(/^Recovered on attempt 2 of 3, after 1\.\d+ s, held \d+\.\d s$/);
});

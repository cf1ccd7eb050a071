// The lesson, as a learner does it: each step turns green only when its evidence is there.
import { LabPage } from "../support/lab.ts";
import { expect, test } from "../support/test.ts";

test("a learner does the five steps by clicking", async ({ page, faultlab }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.expectScore(0);

  const waiting = lab.glimpse(/Attempt 1 failed\. Attempt 2 of 3 in/);
  await lab.press("Message processing", "Send “Hi there”");
  await waiting;
  await expect(lab.reply("Hi there")).toBeVisible();
  await expect(lab.chat.getByText(/Recovered on attempt 2 of 3, after 1\.\d+ s/)).toBeVisible();
  await lab.expectScore(2);
  await expect(lab.check("Message processing")).toContainText("proven");
  await expect(lab.check("Retry logic")).toContainText("proven");
  await expect(lab.check("History retrieval")).not.toContainText("proven");

  await lab.press("History retrieval", "Read history");
  await lab.expectScore(3);

  await lab.press("State consistency", "Compare with the store");
  await lab.expectScore(4);
  await expect(lab.check("State consistency")).toContainText("proven");
  await expect(lab.check("Recovery").locator("summary").first(), "what is left stays in sight").toBeInViewport({ ratio: 1 });

  await lab.press("Recovery", /^Arm, then send/);
  await expect(lab.check("Recovery")).toContainText("2 of 3 sent");
  await lab.expectScore(4);
  await lab.press("Recovery", /^Arm, then send/);
  await expect(lab.check("Recovery")).toContainText("read history");
  await lab.expectScore(4);
  await lab.press("Recovery", "Read history");
  await lab.expectScore(5);

  const lines = [
    "Registered actor: ChatAgent",
    "Retry 1 for history load: Simulated state store failure",
    "Recovered history load for history-user1 on attempt 2 after 1.",
    "Processed message for history-user1: Hi there",
  ];
  const places = lines.map((line) => faultlab.log.indexOf(line));
  expect(places.every((place, n) => place >= 0 && (n === 0 || place > places[n - 1]!)), faultlab.log).toBe(true);
});

test("Run all does the whole validation", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await page.getByRole("button", { name: "Run all" }).click();
  await expect(lab.score).toHaveText("5 of 5", { timeout: 20_000 });
});

test("a reload keeps the conversation, the timeline and what was proven", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.say("Hi there");
  await expect(lab.reply("Hi there")).toBeVisible();
  await lab.expectScore(2);
  const bars = lab.timeline.locator(".bar");
  const count = await bars.count();
  expect(count, "four attempts and the wait between two of them").toBe(5);
  await page.reload();
  await expect(lab.live).toHaveText("Live");
  await expect(lab.reply("Hi there")).toBeVisible();
  await lab.expectScore(2);
  await expect(bars).toHaveCount(count);
});

test("reset takes the conversation and the passes away, after a second press", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.say("Hi there");
  await lab.expectScore(2);
  await page.locator("summary", { has: page.getByLabel("Reset the lab") }).or(page.getByLabel("Reset the lab")).first().click();
  await lab.expectScore(2);
  await page.getByRole("button", { name: "Reset user1" }).click();
  await lab.expectScore(0);
  await expect(page.getByRole("heading", { name: "Send the first message." })).toBeVisible();
});

test("when retries run out nothing is stored, and the message can be sent again", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.breakStore("save", 3);
  await expect(page.locator(".predict")).toContainText("All 3 save attempts fail, in 2.0 s. Nothing is stored.");
  await lab.say("Hi there");
  await expect(lab.chat.getByText("Failed: the history could not be saved in 3 attempts.")).toBeVisible();
  await expect(lab.chat.getByText(/Nothing was stored, nothing was changed/)).toBeVisible();
  const store = page.locator(".b-store .note");
  await expect(store, "the store itself has been read").toHaveText(/^unchanged by turn 1, \d\d:\d\d:\d\d$/);
  await expect(lab.timeline.getByText("gave up")).toBeVisible();
  await lab.expectScore(0);
  await lab.chat.getByRole("button", { name: "Send again" }).click();
  await expect(lab.reply("Hi there")).toBeVisible();
  await expect(lab.chat.getByText("Sent again in turn 2")).toBeVisible();
  await expect(store).toHaveText(/^read from /);
});

test("the log line of an attempt is found by pressing its bar, and its address can be shared", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.say("Hi there");
  await expect(lab.reply("Hi there")).toBeVisible();
  await lab.timeline.getByRole("link", { name: /load, attempt 1 of 3/i }).locator(".face").first().click();
  await expect(page).toHaveURL(/bar=t1-load-1/);
  const detail = page.getByRole("complementary", { name: "Selected bar" });
  await expect(detail).toContainText("Load, attempt 1 of 3");
  await expect(detail).toContainText("Retry 1 for history load: Simulated state store failure");
  await page.goto(page.url());
  await expect(detail).toContainText("Load, attempt 1 of 3");
});

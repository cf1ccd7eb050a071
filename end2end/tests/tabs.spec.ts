// More than one page on one actor, and pages whose stream is cut.
import { LabPage } from "../support/lab.ts";
import { expect, test } from "../support/test.ts";

test("two tabs move together", async ({ page, context }) => {
  const one = new LabPage(page);
  const two = new LabPage(await context.newPage());
  await one.open();
  await two.open();
  const waiting = two.glimpse(/Attempt 1 failed\. Attempt 2 of 3 in/);
  await one.say("Hi there");
  await waiting;
  await expect(two.reply("Hi there")).toBeVisible();
  await expect(one.reply("Hi there")).toBeVisible();
  await two.expectScore(2);
  await one.expectScore(2);
  const switchOfOne = one.page.getByRole("switch");
  const switchOfTwo = two.page.getByRole("switch");
  await expect(switchOfTwo).toBeChecked();
  await two.page.locator(".knob").click();
  await expect(switchOfTwo).not.toBeChecked();
  await expect(switchOfOne).not.toBeChecked();
});

test("a stream that is cut comes back without a loss", async ({ page, context, faultlab, complaints }) => {
  complaints.expect(/ERR_INTERNET_DISCONNECTED|Failed to load resource|Failed to fetch/);
  const lab = new LabPage(page);
  await lab.open();
  await lab.say("Hi there");
  await expect(lab.reply("Hi there")).toBeVisible();
  await context.setOffline(true);
  await expect(lab.live).toHaveText("Connection lost, trying again");
  for (const content of ["one", "two"]) await faultlab.send(content);
  await expect(lab.reply("two")).toHaveCount(0);
  await context.setOffline(false);
  await expect(lab.live).toHaveText("Live", { timeout: 20_000 });
  await expect(lab.reply("one")).toBeVisible();
  await expect(lab.reply("two")).toBeVisible();
  await expect(lab.timeline.locator(".turn")).toHaveCount(3);
});

test("a restart of the program is noticed, and the page goes on from there", async ({ page, faultlab, complaints }) => {
  complaints.expect(/ERR_|Failed to load resource|Failed to fetch/);
  const lab = new LabPage(page);
  await lab.open();
  await lab.say("Hi there");
  await expect(lab.reply("Hi there")).toBeVisible();
  await faultlab.kill();
  await expect(lab.live).not.toHaveText("Live");
  await faultlab.startAgain();
  await expect(lab.live).toHaveText("Live", { timeout: 30_000 });
  await expect(lab.reply("Hi there")).toBeVisible();
  await lab.say("Still there?");
  await expect(lab.reply("Still there?")).toBeVisible();
});

test("a restart while the page is paused in mid-turn takes nothing that was stored for lost", async ({ page, faultlab, complaints }) => {
  complaints.expect(/ERR_|Failed to load resource|Failed to fetch/);
  await faultlab.send("Hi there");
  const { events } = JSON.parse(await faultlab.timeline()) as { events: { type: string; seq: number }[] };
  const lab = new LabPage(page);
  await lab.follow(`/lab/user1?at=${events.find(({ type }) => type === "attempt_started")!.seq}`);
  await expect(lab.live).toHaveText("Paused");
  await expect(lab.reply("Hi there")).toHaveCount(0);
  await faultlab.kill();
  await faultlab.startAgain();
  await expect(lab.live).toHaveText("Live", { timeout: 30_000 });
  await expect(lab.reply("Hi there")).toBeVisible();
  await expect(lab.chat.getByRole("button", { name: "Send again" })).toHaveCount(0);
});

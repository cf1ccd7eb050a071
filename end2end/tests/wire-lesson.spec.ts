// The wire between a real sidecar and Redis: what passes on it is seen, and so is who is away. Needs real Dapr.
import { LabPage } from "../support/lab.ts";
import { expect, test } from "../support/test.ts";

test("the sidecar's own calls stand under the attempt that they were made for", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await expect(lab.timeline.getByText("sidecar’s calls")).toBeHidden();
  await lab.say("Hi there");
  await expect(lab.reply("Hi there")).toBeVisible();
  const load = lab.timeline.getByRole("link", { name: /load, attempt 2 of 3.*the sidecar: 2 calls$/ });
  await expect(load.locator(".calls .c-ok")).toHaveCount(2);
  await expect(lab.timeline.locator(".bar.fail .calls"), "the lesson's failure never leaves the actor").toHaveCount(0);
  await expect(lab.timeline.getByText("sidecar’s calls")).toBeVisible();
  const [bar, calls] = [await load.locator(".face").boundingBox(), await load.locator(".calls rect").last().boundingBox()];
  expect(calls!.y).toBeGreaterThan(bar!.y + bar!.height);
  expect(calls!.x + calls!.width).toBeLessThanOrEqual(bar!.x + bar!.width + 1);
});

test("each call that a cut wire left without an answer is counted, and named on hover, focus and selection", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.page.locator(".knob").click();
  await page.getByLabel("The wire to Redis").selectOption("cut");
  await expect(page.locator(".breaker.wire.on")).toBeVisible();
  await lab.say("Hi there");
  await expect(lab.chat.getByText(/could not be loaded in 3 attempts/)).toBeVisible({ timeout: 30_000 });
  const failed = lab.timeline.getByRole("link", { name: /load, attempt 2 of 3, failed.*the sidecar: 1\d calls, 1\d failed$/ });
  expect(await failed.locator(".c-fail").count()).toBeGreaterThanOrEqual(16);
  await failed.hover();
  await expect(failed.getByText(/^Sidecar: 1\d calls, 1\d failed: no answer$/)).toBeVisible();
  const [tip, rows] = [await failed.locator(".tip rect").boundingBox(), await lab.timeline.locator(".rows").boundingBox()];
  expect(tip!.y + tip!.height, "all of it is seen").toBeLessThanOrEqual(rows!.y + rows!.height);
  await page.mouse.move(0, 0);
  await expect(failed.locator(".tip")).toBeHidden();
  await failed.focus();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Tab");
  await expect(failed.getByText(/^Sidecar: 1\d calls, 1\d failed: no answer$/)).toBeVisible();
  await page.keyboard.press("Enter");
  const detail = page.getByRole("complementary", { name: "Selected bar" });
  await expect(detail).toContainText(/1\d calls, 1\d failed/);
  await expect(detail).toContainText(/\d × HGETALL history-user1: no answer/);
  await expect(detail).toContainText(/\d × GET history-user1: no answer/);
});

test("a store that gives no answer is named, and not its sidecar", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.say("Hi there");
  await expect(lab.reply("Hi there")).toBeVisible();
  await page.getByLabel("The wire to Redis").selectOption("stall");
  await expect(lab.live).toHaveText("Store not answering", { timeout: 20_000 });
  await page.getByLabel("The wire to Redis").selectOption("works");
  await expect(lab.live).toHaveText("Live", { timeout: 20_000 });
});

for (const scenario of ["redis-outage", "history-in-outage"]) {
  test(`${scenario} runs from its link as the scenarios without the wire do, and ends as told`, async ({ page }) => {
    const lab = new LabPage(page);
    await lab.open(`/lab/user1?scenario=${scenario}`);
    await lab.chat.getByRole("button", { name: "Run it" }).click();
    await expect(lab.chat.getByText("It ended as told.")).toBeVisible({ timeout: 50_000 });
  });
}

test("a learner stops Redis with the switch, sees daprd fail for real, and the message arrives when it is back", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  // What fails from here on is real.
  await page.locator(".knob").click();
  const wire = page.getByLabel("The wire to Redis");
  await wire.selectOption("refuse");
  await expect(page.locator(".breaker.wire.on")).toBeVisible();
  const waiting = lab.glimpse(/Attempt 1 failed\. Attempt 2 of 3 in/);
  await lab.say("Hi there");
  await waiting;
  await wire.selectOption("works");
  await expect(lab.reply("Hi there")).toBeVisible({ timeout: 20_000 });
  await expect(lab.chat.getByText(/Recovered on attempt 2 of 3/)).toBeVisible();

  await lab.timeline.getByRole("link", { name: /load, attempt 1 of 3, failed/ }).locator(".face").first().click();
  const detail = page.getByRole("complementary", { name: "Selected bar" });
  await expect(detail).toContainText("error getting actor state: dial tcp");
  await expect(detail).toContainText("connection refused");
  await expect(detail).toContainText("on purpose on the wire to Redis");
  await lab.press("History retrieval", "Read history");
  await expect(lab.check("History retrieval")).toContainText("proven");
});

test("a lab that dies in mid-turn says so, comes back by itself, and the message is there once", async ({ page, faultlab, complaints }) => {
  complaints.expect(/ERR_|Failed to load resource/);
  const lab = new LabPage(page);
  await lab.open();
  const waiting = lab.glimpse(/Attempt 1 failed\. Attempt 2 of 3 in/);
  await lab.say("Hi there");
  await waiting;
  await faultlab.kill();
  await expect(lab.live).not.toHaveText("Live");
  await faultlab.startAgain();
  await expect(lab.live).toHaveText("Live", { timeout: 30_000 });
  await expect(lab.chat.getByText("It may have arrived or not. Send it again: it is not applied twice, unless 300 others were stored since.")).toBeVisible();
  await lab.chat.getByRole("button", { name: "Send again" }).click();
  await expect(lab.reply("Hi there")).toHaveCount(1, { timeout: 20_000 });
  await expect(lab.chat.getByRole("button", { name: "Send again" })).toHaveCount(0);
});

// A turn that is kept: out of the lab as a file, and opened again.
import { readFile } from "node:fs/promises";
import { LabPage } from "../support/lab.ts";
import { openRecording } from "../support/recording.ts";
import { expect, test } from "../support/test.ts";

test("from a bar's detail its turn is kept as a file, once it has ended, and opened again from that", async ({ page, faultlab }) => {
  await faultlab.setHold(true);
  const lab = new LabPage(page);
  await lab.open();
  await lab.say("Hi there");
  await page.getByRole("button", { name: "Release" }).click();
  await expect(lab.chat).toContainText("Attempt 2 of 3 to load is held");
  await lab.timeline.getByRole("link", { name: /load, attempt 1 of 3/i }).locator(".face").first().click();
  const detail = page.getByRole("complementary", { name: "Selected bar" });
  await expect(detail).toContainText("Load, attempt 1 of 3");
  const keep = detail.getByRole("link", { name: "Keep this turn" });
  await expect(keep, "a turn that runs cannot be kept").toHaveCount(0);
  await faultlab.setHold(false);
  await expect(lab.reply("Hi there")).toBeVisible();
  const [download] = await Promise.all([page.waitForEvent("download"), keep.click()]);
  expect(download.suggestedFilename()).toBe("faultlab-user1-turn-1.json");
  const file = await download.path();
  expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ format: "faultlab-turn", actor: "user1", turn: 1 });

  await page.goto("/recording");
  await page.getByLabel("A file").setInputFiles(file);
  await page.getByRole("button", { name: "Show it" }).click();
  await expect(page.getByRole("heading", { name: "Turn 1 of user1" })).toBeVisible();
  await page.getByRole("link", { name: /load, attempt 1 of 3/i }).locator(".face").first().click();
  await expect(detail).toContainText("Simulated state store failure");
  await expect(keep, "it is kept already").toHaveCount(0);
});

test("a recording is shown as it was, and touches no lab", async ({ page, faultlab }) => {
  const before = await faultlab.timeline();
  await openRecording(page);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Turn 3 of user1");
  await page.getByRole("link", { name: /save, attempt 2 of 3/i }).locator(".face").first().click();
  await expect(page.getByRole("complementary", { name: "Selected bar" })).toContainText("Retry 2 for history save");
  expect(await faultlab.timeline()).toBe(before);
});

for (const [operation, title] of [
  ["load", "A read that fails once wipes the whole conversation"],
  ["save", "The save is retried around a cache, and the real write is not retried at all"],
] as const) {
  test(`from a ${operation} that failed one comes to what the lesson’s code does then`, async ({ page, faultlab }) => {
    await faultlab.setFaults({ operation, attempts: 1 });
    await faultlab.send("Hi there", "user1");
    const lab = new LabPage(page);
    await lab.open(`/lab/user1?bar=t1-${operation}-1`);
    await page.getByRole("complementary", { name: "Selected bar" }).getByRole("link", { name: /in the lesson’s code/i }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(title);
    await page.getByRole("link", { name: "Lab of user1", exact: true }).click();
    await expect(page).toHaveURL(/\/lab\/user1$/);
  });
}

test("the hint of each check leads to a deep dive", async ({ page }) => {
  const lab = new LabPage(page);
  for (const [check, dive] of [
    ["Message processing", /A read that fails once/],
    ["History retrieval", /During an outage/],
    ["Retry logic", /The save is retried around a cache/],
    ["State consistency", /The key that the lesson tells you to look up/],
    ["Recovery", /at most one of them meets a failure/],
  ] as const) {
    await lab.open("/lab/anna");
    const item = lab.check(check);
    if (!(await item.getByText("Hint", { exact: true }).isVisible())) await item.locator("summary").first().click();
    await item.getByText("Hint", { exact: true }).click();
    await item.locator(".help").getByRole("link").click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(dive);
    await expect(page).toHaveURL(/actor=anna$/);
  }
});

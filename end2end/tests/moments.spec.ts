// Earlier moments: pause, replay, and going back to a turn, with the whole page showing that moment.
import { LabPage } from "../support/lab.ts";
import { expect, test } from "../support/test.ts";

test("a pause freezes the picture in mid-wait; what happens meanwhile is kept", async ({ page, faultlab }) => {
  const lab = new LabPage(page);
  await lab.open();
  // Pressed in the very frame in which the wait is seen: a slow machine must not miss it.
  const paused = page.waitForFunction(
    () => {
      const waits = document.querySelector(".chat")?.textContent?.includes("Attempt 1 failed. Attempt 2 of 3 in");
      if (waits) document.querySelector<HTMLElement>(".tl-pause")?.click();
      return waits;
    },
    undefined,
    { polling: "raf" },
  );
  await lab.say("Hi there");
  await paused;
  await expect(lab.live).toHaveText("Paused");
  const answered = async () => JSON.stringify(await (await fetch(`${faultlab.url}/chat/user1/history`)).json());
  await expect.poll(answered).toContain("Got your message: Hi there");
  await lab.expectScore(0);
  await expect(lab.chat.getByText(/^Attempt 1 failed\. Attempt 2 of 3 in/)).toBeVisible();
  await expect(lab.timeline.getByText("waits, attempt 2 of 3")).toBeVisible();
  await expect(page.locator(".flow-line")).toHaveAttribute("aria-label", /The actor waits/);
  await expect(lab.reply("Hi there")).toHaveCount(0);
  await page.getByRole("button", { name: "Live" }).click();
  await expect(lab.live).toHaveText("Live");
  await lab.expectScore(3);
  await expect(lab.reply("Hi there")).toBeVisible();
});

test("choosing an earlier turn shows chat, path, history and store as they were, at an address to share", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  for (const content of ["one", "two", "three"]) {
    await lab.say(content);
    await expect(lab.reply(content)).toBeVisible();
  }
  const history = page.locator(".hist li");
  await expect(history).toHaveCount(5);
  const earlier = async () => {
    await expect(lab.live).toHaveText("Paused");
    await expect(lab.reply("one")).toBeVisible();
    await expect(lab.chat.getByText("two", { exact: true })).toHaveCount(0);
    await expect(history).toHaveCount(2);
    await expect(page.locator(".pane-stored .json")).not.toContainText("two");
    await expect(lab.timeline.locator(".turn")).toHaveCount(1);
    await expect(lab.timeline.getByText(/^Turn 1 of 3/)).toBeVisible();
  };
  await lab.timeline.getByRole("link", { name: /^1\s*one/ }).click();
  await earlier();
  await expect(page).toHaveURL(/[?&]at=\d+/);
  await page.goto(page.url());
  await earlier();
  await page.getByRole("button", { name: "Newer" }).click();
  await expect(lab.reply("two")).toBeVisible();
  await expect(lab.reply("three")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(lab.reply("three")).toBeVisible();
  await expect(page).not.toHaveURL(/at=/);
});

test("a replay goes through the turn once more, slower if asked, and ends at now", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.say("Hi there");
  await expect(lab.chat.getByText(/^Recovered on attempt/)).toBeVisible();
  const again = lab.glimpse(/Attempt 1 failed\. Attempt 2 of 3 in/);
  await page.getByRole("button", { name: "Replay" }).click();
  await expect(lab.live).toHaveText("Replay");
  await again;
  await expect(lab.reply("Hi there")).toHaveCount(0);
  await expect(lab.live).toHaveText("Live");
  await expect(lab.reply("Hi there")).toBeVisible();
});

test("the slider goes to any event, by keyboard too", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.say("Hi there");
  await expect(lab.reply("Hi there")).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("k");
  await page.keyboard.press("t");
  const slider = page.getByRole("slider", { name: "Moment" });
  await expect(slider).toBeFocused();
  await slider.press("Home");
  await expect(lab.chat.getByText("On its way to the actor")).toBeVisible();
  for (const words of ["Attempt 1 of 3 to load", "Attempt 1 failed. Attempt 2 of 3"]) {
    while (!(await lab.chat.getByText(words).isVisible())) await slider.press("ArrowRight");
  }
  await expect(lab.timeline.getByText("waits, attempt 2 of 3", { exact: true })).toBeVisible();
  await slider.press("End");
  await expect(lab.live).toHaveText("Live");
});

test("sending, and a reset, go back to now", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  for (const content of ["one", "two"]) {
    await lab.say(content);
    await expect(lab.reply(content)).toBeVisible();
  }
  await page.getByRole("button", { name: "Older" }).click();
  await expect(lab.reply("two")).toHaveCount(0);
  await lab.say("three");
  await expect(lab.reply("three")).toBeVisible();
  await expect(lab.reply("two")).toBeVisible();
  await page.getByRole("button", { name: "Older" }).click();
  await page.getByLabel("Reset the lab").click();
  await page.getByRole("button", { name: "Reset user1" }).click();
  await expect(page.getByRole("heading", { name: "Send the first message." })).toBeVisible();
  await expect(lab.live).toHaveText("Live");
});

// In front of a room: large type, and the lesson with a clicker, which sends Page Down and Page Up.
import type { Faultlab } from "../support/faultlab.ts";
import { LabPage } from "../support/lab.ts";
import { expect, test } from "../support/test.ts";

type Event = { type: string; at: number; due_at: number; by: string };

/** What has happened in the lab, of one type. */
async function told(faultlab: Faultlab, type: string): Promise<Event[]> {
  return JSON.parse(await faultlab.timeline()).events.filter((event: Event) => event.type === type);
}

/** The first attempt is held for thirty odd seconds at most, as told when that began: a loaded page shows it later. */
async function expectHoldOfThirtyOdd(faultlab: Faultlab): Promise<void> {
  const [first] = await told(faultlab, "attempt_held");
  expect(String(first!.due_at - first!.at)).toMatch(/^3\d{4}$/);
}

test("a clicker walks through the whole lesson", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await page.keyboard.press("p");
  await expect(page).toHaveURL(/[?&]present/);
  const step = page.locator(".p-step");
  const said = page.locator(".p-words");
  await expect(step).toContainText("Message processing");
  const waits = lab.glimpse(/^Attempt 1 failed\. Attempt 2 of 3 in \d\.\d s$/, ".p-words");
  await page.keyboard.press("PageDown");
  await waits;
  await expect(said).toHaveText(/^Recovered on attempt 2 of 3, after/);
  await expect(step).toContainText("proven");
  await page.keyboard.press("PageDown");
  await expect(step).toHaveText(/2\s+History retrieval proven/);
  await page.keyboard.press("PageDown");
  await expect(step).toHaveText(/3\s+Retry logic proven/);
  await page.keyboard.press("PageDown");
  await expect(step).toHaveText(/4\s+State consistency proven/);
  for (const progress of ["2 of 3 sent", "read history", "proven"]) {
    await page.keyboard.press("PageDown");
    await expect(step).toHaveText(new RegExp(`5\\s+Recovery ${progress}`));
  }
  await page.keyboard.press("PageUp");
  await expect(step).toContainText("State consistency");
  await page.keyboard.press("Escape");
  await expect(page).not.toHaveURL(/present/);
  await lab.expectScore(5);
});

test("a press that comes before the checks are read anew does not do a step twice", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open("/?present");
  const step = page.locator(".p-step");
  const said = page.locator(".p-words");
  const replies = lab.chat.getByText(/^Got your message: /);
  // Presses until a message is answered, and once more while nothing that the checks are judged by comes through.
  const pressTooEarly = async () => {
    const waits = lab.glimpse(/^Attempt 1 failed\./, ".p-words");
    await page.keyboard.press("PageDown");
    await waits;
    let open = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    await page.route("**/api/panels", async (route) => {
      await gate;
      await route.continue();
    });
    await expect(said).toHaveText(/^Recovered on attempt 2 of 3, after/);
    await page.keyboard.press("PageDown");
    open();
    await page.unrouteAll({ behavior: "wait" });
  };
  await pressTooEarly();
  await expect(step).toHaveText(/2\s+History retrieval proven/);
  await expect(replies).toHaveCount(1);
  for (const next of ["3\\s+Retry logic proven", "4\\s+State consistency proven", "5\\s+Recovery 2 of 3 sent"]) {
    await page.keyboard.press("PageDown");
    await expect(step).toHaveText(new RegExp(next));
  }
  await pressTooEarly();
  await expect(step, "what was to be done next is done").toHaveText(/5\s+Recovery proven/);
  await expect(replies).toHaveCount(3);
});

test("slow motion is real: the actor waits longer between its attempts", async ({ page, faultlab }) => {
  const lab = new LabPage(page);
  await lab.open("/?present");
  await page.keyboard.press("2");
  const policy = async () => (await (await fetch(`${faultlab.url}/api/lab/user1`)).json()).policy.delay_ms;
  await expect.poll(policy).toBe(2000);
  await page.keyboard.press("PageDown");
  await expect(lab.timeline.getByText("wait 2.0 s")).toBeVisible();
  await expect(page.locator(".p-words")).toHaveText(/^Recovered on attempt 2 of 3, after 2\.\d+ s/);
});

test("the bar on top tells how long the actor waits, and sets it", async ({ page, faultlab }) => {
  const lab = new LabPage(page);
  await lab.open("/?present");
  const wait = page.getByRole("group", { name: "Wait" });
  await expect(wait.getByRole("radio", { name: "1 s" })).toBeChecked();
  await wait.getByRole("radio", { name: "5 s" }).click();
  const policy = async () => (await (await fetch(`${faultlab.url}/api/lab/user1`)).json()).policy;
  await expect.poll(policy).toMatchObject({ attempts: 3, delay_ms: 5000, max_delay_ms: 10_000 });
  // Somebody else sets it.
  await faultlab.setPolicy({ delay_ms: 2000 });
  await expect(wait.getByRole("radio", { name: "2 s" })).toBeChecked();
  await faultlab.setPolicy({ attempts: 2, delay_ms: 300 });
  await expect(wait.getByRole("radio", { checked: true })).toHaveCount(0);
  await page.keyboard.press("2");
  await expect.poll(policy, "the rest stays as it is").toMatchObject({ attempts: 2, delay_ms: 2000 });
});

test("a wait that could not be set is not shown as chosen, and can be chosen again", async ({ page, faultlab, complaints }) => {
  complaints.expect(/ERR_FAILED/);
  const lab = new LabPage(page);
  await lab.open("/?present");
  await page.route("**/api/set_policy", (route) => route.abort());
  await page.keyboard.press("5");
  await expect(page.locator(".slow .form-error")).toBeVisible();
  await expect(page.getByRole("radio", { name: "1 s" })).toBeChecked();
  await page.unroute("**/api/set_policy");
  await page.keyboard.press("5");
  const delay = async () => (await (await fetch(`${faultlab.url}/api/lab/user1`)).json()).policy.delay_ms;
  await expect.poll(delay).toBe(5000);
  await expect(page.locator(".slow .form-error")).toBeHidden();
});

test("a room sees the message that runs and the one behind it, and what the scenarios are", async ({ page, faultlab }) => {
  await faultlab.setPolicy({ delay_ms: 5000 });
  const lab = new LabPage(page);
  await lab.open("/?present");
  const sent = [faultlab.send("Hi there")];
  await expect(page.locator(".p-words")).toContainText("Attempt 1 failed.");
  sent.push(faultlab.send("Again"));
  const pending = lab.chat.locator(".pending");
  await expect(pending).toHaveText([/Hi there/, /Again.*Queued behind turn 1/]);
  for (const message of await pending.all()) await expect(message.locator(".bubble")).toBeInViewport({ ratio: 1 });
  await lab.chat.getByText("Scenarios").click();
  await expect(lab.chat.getByRole("link", { name: /The save fails twice/ })).toBeInViewport();
  await Promise.all(sent);
});

test("outside of it Page Down is the browser's", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await page.keyboard.press("PageDown");
  await page.keyboard.press("f");
  await expect(page.getByRole("switch")).not.toBeChecked();
  await expect(lab.timeline.locator(".turn:not(.coming, .blank-row)")).toHaveCount(0);
});

for (const [width, height, least] of [[1920, 1080, 24], [1280, 800, 16]] as const) {
  test(`at ${width}×${height} it fits, and no text is smaller than ${least} pixels`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    const lab = new LabPage(page);
    await lab.open("/?present");
    const [chat, send] = [await page.locator(".chat").boundingBox(), await lab.send.boundingBox()];
    expect(send!.y + send!.height, "the first Send is whole").toBeLessThanOrEqual(chat!.y + chat!.height);
    await lab.say("Hi there");
    await expect(lab.reply("Hi there")).toBeVisible();
    await expect(page.locator(".checks")).toBeHidden();
    const smallest = await page.evaluate(() => {
      const sizes: number[] = [];
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let text = texts.nextNode(); text; text = texts.nextNode()) {
        const element = text.parentElement!;
        const seen = element.getClientRects().length > 0 && getComputedStyle(element).visibility === "visible";
        if (!seen || !text.textContent!.trim() || element.closest(".vh, .skip, .who, .tip, noscript, dialog")) continue;
        const zoom = (element as { currentCSSZoom?: number }).currentCSSZoom ?? 1;
        sizes.push(Number.parseFloat(getComputedStyle(element).fontSize) * zoom);
      }
      return Math.min(...sizes);
    });
    expect(smallest).toBeGreaterThanOrEqual(least);
    const overflow = await page.evaluate(() => {
      const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
      return [scrollWidth - clientWidth, scrollHeight - clientHeight];
    });
    expect(overflow).toEqual([0, 0]);
    const [rows, foot] = [await page.locator(".rows").boundingBox(), await page.locator(".p-foot").boundingBox()];
    expect(rows!.y + rows!.height, "the keys at the foot cover nothing").toBeLessThanOrEqual(foot!.y + 1);
    await page.getByRole("link", { name: "Leave" }).click();
    await expect(page.locator(".checks")).toBeVisible();
  });
}

test("with holds, a clicker lets attempt by attempt go until the reply", async ({ page, faultlab }) => {
  const lab = new LabPage(page);
  await lab.open("/?present");
  await page.keyboard.press("j");
  await expect(page.getByRole("checkbox", { name: "Hold before each attempt" })).toBeChecked();
  const said = page.locator(".p-words");
  const release = page.getByRole("button", { name: "Release" });
  await expect(release).toBeHidden();
  await page.keyboard.press("PageDown");
  for (const [key, held] of [
    ["PageDown", /^Attempt 1 of 3 to load is held, at most \d\d\.\d s$/],
    ["ArrowRight", /^Attempt 2 of 3 to load is held, at most \d\d\.\d s$/],
    ["Space", /^Attempt 1 of 3 to save is held/],
    ["PageDown", /^Attempt 1 of 1 to publish is held/],
  ] as const) {
    await expect(said).toHaveText(held);
    await expect(release).toBeVisible();
    await expect(lab.timeline.getByRole("img", { name: /held: goes by itself at/ })).toBeVisible();
    await expect(page.locator(".p-release")).toBeVisible();
    expect(await page.locator(".p-foot").evaluate((foot) => foot.scrollWidth - foot.clientWidth)).toBe(0);
    await expect(lab.chat).toContainText("is held, at most");
    await page.keyboard.press(key);
  }
  await expect(said).toHaveText(/^Recovered on attempt 2 of 3, after/);
  await expect(lab.reply("Hi there")).toBeVisible();
  await expect(lab.timeline.getByRole("img", { name: /held: \d+\.\d s, until it was released/ })).toHaveCount(4);
  // Nothing is held now: the clicker does the lesson's next step, which reads the history, and reading is not held.
  await page.keyboard.press("PageDown");
  await expect(page.locator(".p-step")).toHaveText(/2\s+History retrieval proven/);
  await expectHoldOfThirtyOdd(faultlab);
  const by = (await told(faultlab, "attempt_released")).map((event) => event.by);
  expect(by).toEqual(["person", "person", "person", "person"]);
});

test("a clicker's space releases whatever the mouse has pressed, and the keyboard's works what it has come to", async ({
  page,
}) => {
  const lab = new LabPage(page);
  await lab.open("/?present");
  const box = page.getByRole("checkbox", { name: "Hold before each attempt" });
  await box.click();
  await lab.say("Hi there");
  const said = page.locator(".p-words");
  await expect(said).toHaveText(/^Attempt 1 of 3 to load is held/);
  await page.keyboard.press("Space");
  await expect(said, "the empty message field has no use for a space").toHaveText(/^Attempt 2 of 3 to load is held/);
  await lab.message.pressSequentially("two words");
  await expect(lab.message).toHaveValue("two words");
  await expect(said, "what is written keeps its spaces").toHaveText(/Attempt 2 of 3 to load is held/);
  await lab.message.fill("");
  await page.getByText("Live", { exact: true }).click();
  await page.locator(".knob").click();
  await expect(page.getByRole("switch")).not.toBeChecked();
  await page.keyboard.press("Space");
  await expect(said, "the switch was pressed by mouse").toHaveText(/^Attempt 1 of 3 to save is held/);
  await expect(page.getByRole("switch")).not.toBeChecked();
  await page.keyboard.press("Shift+Tab");
  await box.focus();
  await page.keyboard.press("Space");
  await expect(box).not.toBeChecked();
  await expect(lab.reply("Hi there")).toBeVisible();
});

test("leaving the room with an attempt held says so, and it can be released and ended outside of it", async ({ page, faultlab }) => {
  const lab = new LabPage(page);
  await lab.open("/?present");
  await page.keyboard.press("j");
  await page.keyboard.press("PageDown");
  await expect(page.getByRole("status").filter({ hasText: "Attempt 1 of 3 to load is held." })).toHaveCount(1);
  await page.keyboard.press("Escape");
  await expect(page).not.toHaveURL(/present/);
  await expect(page.getByRole("status").filter({ hasText: "Each attempt is still held." })).toHaveCount(1);
  await expect(lab.chat).toContainText(/Attempt 1 of 3 to load is held, at most\s+\d\d\.\d s/);
  await expectHoldOfThirtyOdd(faultlab);
  await expect(page.getByText("plus your holds")).toBeVisible();
  // Here a clicker's keys are the browser's.
  await page.keyboard.press("PageDown");
  await expect(lab.chat).toContainText("Attempt 1 of 3 to load is held");
  await page.keyboard.press("y");
  await expect(lab.chat).toContainText("Attempt 2 of 3 to load is held");
  await page.getByRole("checkbox", { name: "Hold before each attempt" }).uncheck();
  await expect(lab.reply("Hi there")).toBeVisible();
  await expect(page.getByRole("checkbox", { name: "Hold before each attempt" })).toBeHidden();
  await lab.timeline.getByRole("link", { name: /load, attempt 2 of 3/i }).locator(".face").first().click();
  await expect(page.getByRole("complementary", { name: "Selected bar" })).toContainText("until holding was switched off");
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("attempts are slowed, held and released by plain forms", async ({ page, faultlab }) => {
    await page.goto("/?present");
    await page.getByRole("radio", { name: "2 s" }).check();
    await page.locator(".slow").getByRole("button", { name: "Apply" }).click();
    await expect(page.getByRole("radio", { name: "2 s" })).toBeChecked();
    await expect(page, "the room stays").toHaveURL(/present/);
    await page.getByRole("checkbox", { name: "Hold before each attempt" }).check();
    await page.locator(".hold").getByRole("button", { name: "Apply" }).click();
    const hold = async () => (await fetch(`${faultlab.url}/api/lab/user1/hold`)).json();
    await expect.poll(async () => (await hold()).on).toBe(true);
    const sent = fetch(`${faultlab.url}/chat/user1`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ content: "Hi there" }),
    });
    for (const held of ["load 1", "load 2", "save 1", "publish 1"]) {
      await expect.poll(async () => (({ operation, attempt }) => `${operation} ${attempt}`)((await hold()).held ?? {})).toBe(held);
      await page.goto("/?present");
      await expect(page.locator(".turn-s")).toContainText(`held, ${held}`);
      await page.getByRole("button", { name: "Release" }).click();
    }
    expect((await sent).status).toBe(200);
    await page.goto("/");
    await page.getByRole("checkbox", { name: "Hold before each attempt" }).uncheck();
    await page.locator(".hold").getByRole("button", { name: "Apply" }).click();
    await expect.poll(async () => (await hold()).on).toBe(false);
  });
});

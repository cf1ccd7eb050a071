// States that are easy to forget: nothing there yet, no script yet, no server, no sidecar, no store, too much of it.
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { LabPage } from "../support/lab.ts";
import { overflow } from "../support/page.ts";
import { LabWithSidecar } from "../support/sidecar.ts";
import { type Page, expect, test } from "../support/test.ts";

const CUT = /ERR_|Failed to load resource|Failed to fetch/;

/** The sentence of the signal path. */
const path = (page: Page) => page.locator(".flow-line");

test("an empty lab says one thing, asks for one press, and claims nothing", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Send the first message.");
  await expect(lab.message).toHaveValue("Hi there");
  await expect(lab.timeline.getByText("Your turns are drawn here, as they happen.")).toBeVisible();
  await expect(lab.timeline.getByRole("button", { name: "Pause" })).toBeHidden();
  await expect(page.getByText("The first load fails. Attempt 2 of 3 succeeds, after 1.0 s.")).toBeVisible();
  await lab.expectScore(0);
  await lab.send.click();
  await expect(lab.reply("Hi there")).toBeVisible();
  await expect(page.getByRole("heading", { name: "Send the first message." })).toBeHidden();
});

test("before its script the page shows everything, and sends and switches by plain posts", async ({ page, faultlab }) => {
  await faultlab.send("Before anybody looked");
  // Held back, not refused: a slow line, on which the script has not come yet.
  await page.route(/\.(js|wasm)$/, () => {});
  await page.goto("/", { waitUntil: "commit" });
  const lab = new LabPage(page);
  await expect(lab.live, "a picture of one moment, and says of which").toHaveText(/^As of \d\d:\d\d:\d\d$/);
  await expect(lab.reply("Before anybody looked")).toBeVisible();
  await expect(lab.timeline.locator(".bar")).toHaveCount(5);
  await lab.expectScore(2);
  await lab.message.fill("Sent without script");
  await lab.send.click({ noWaitAfter: true });
  await expect(lab.reply("Sent without script")).toBeVisible();
  await expect(page.getByRole("switch")).toBeChecked();
  await page.locator(".knob").click();
  // Where script may run there is no Apply: the switch's form is sent by Enter, as any form.
  const answered = page.waitForEvent("framenavigated");
  await page.getByRole("switch").press("Enter", { noWaitAfter: true });
  await answered;
  expect(await faultlab.timeline()).toContain('"on":false');
  await expect(page.getByRole("switch"), "as the server renders it").not.toBeChecked();
});

test("what is typed before the script runs is there after it", async ({ page, complaints }) => {
  complaints.expect(CUT);
  let release = () => {};
  const released = new Promise<void>((done) => (release = done));
  await page.route(/\.wasm$/, async (route) => {
    await released;
    await route.continue();
  });
  await page.goto("/", { waitUntil: "commit" });
  const lab = new LabPage(page);
  await lab.message.fill("Typed early");
  release();
  await expect(lab.live).toHaveText("Live");
  await expect(lab.message).toHaveValue("Typed early");
  await lab.message.press("Enter");
  await expect(lab.reply("Typed early")).toBeVisible();
});

test("a lost stream is told in words, then as lost; a message sent meanwhile is kept and sent again", async ({
  page,
  faultlab,
  complaints,
}) => {
  complaints.expect(CUT);
  const lab = new LabPage(page);
  await lab.open();
  await lab.say("Hi there");
  await expect(lab.reply("Hi there")).toBeVisible();
  await faultlab.kill();
  await expect(lab.live).toHaveText("Reconnecting");
  await expect(path(page)).toHaveAttribute("aria-label", /^The connection from the browser to the server is broken\./);
  await lab.say("Into the void");
  await expect(lab.chat.getByText("No answer: the lab’s server went away.")).toBeVisible();
  await expect(lab.live).toHaveText("Connection lost, trying again", { timeout: 20_000 });
  await faultlab.startAgain();
  await expect(lab.live).toHaveText("Live", { timeout: 30_000 });
  await expect(lab.reply("Hi there")).toBeVisible();
  await lab.chat.getByRole("button", { name: "Send again" }).click();
  await expect(lab.reply("Into the void")).toBeVisible();
  await expect(path(page)).not.toHaveAttribute("aria-label", /connection/);
});

test("a sidecar that is not there is named; the message waits for it and is not sent twice", async ({ page, complaints }) => {
  complaints.expect(/status of 503/);
  const there = await LabWithSidecar.start();
  try {
    const lab = new LabPage(page);
    // Enter sends once the script has run, and until then breaks the line.
    await lab.follow(there.faultlab.url);
    await expect(lab.live).toHaveText("Sidecar not reachable");
    await expect(path(page)).toHaveAttribute("aria-label", /The sidecar does not answer\./);
    await lab.say("Hi there");
    await expect(lab.chat.getByText("Not delivered: the sidecar does not answer.")).toBeVisible();
    await expect(lab.chat.getByText(/No Dapr sidecar answers at .*Start it, then try again/)).toBeVisible();
    await there.startSidecar();
    await lab.chat.getByRole("button", { name: "Send again" }).click();
    await expect(lab.reply("Hi there")).toBeVisible();
    await expect(lab.live).toHaveText("Live");
    await there.killSidecar();
    await lab.say("Are you there?");
    await expect(lab.live).toHaveText("Sidecar not reachable");
    await expect(lab.reply("Hi there"), "what was said stays to be read").toBeVisible();
  } finally {
    await there.dispose();
  }
});

test.describe("when the store's file is damaged", () => {
  const COMPONENTS = resolve(import.meta.dirname, "../../components/local");

  test("the store is named, nothing is overwritten, and the lab goes on once the file is back", async ({
    page,
    faultlab,
    complaints,
  }, info) => {
    complaints.expect(/status of 503/);
    // Without the write-ahead log every read looks at the file itself.
    const components = info.outputPath("components");
    await mkdir(components, { recursive: true });
    for (const name of await readdir(COMPONENTS)) {
      const text = await readFile(join(COMPONENTS, name), "utf8");
      const plain = text.replace("  - name: connectionString", "  - name: disableWAL\n    value: \"true\"\n  - name: connectionString");
      await writeFile(join(components, name), plain);
    }
    await faultlab.stop();
    await faultlab.startAgain("--components", components);
    const lab = new LabPage(page);
    await lab.open();
    await lab.say("Hi there");
    await expect(lab.reply("Hi there")).toBeVisible();
    const file = join(faultlab.data, "faultlab.db");
    const whole = await readFile(file);
    await writeFile(file, Buffer.alloc(whole.length, "not a database "));
    await lab.say("Lost?");
    await expect(lab.chat.getByText(/^Failed: the history could not be loaded in 3 attempts\.$/)).toBeVisible();
    await expect(lab.live).toHaveText("Store not answering");
    await expect(path(page)).toHaveAttribute("aria-label", /The state store does not answer\./);
    await page.reload();
    await expect(lab.live, "and as the server renders it").toHaveText("Store not answering");
    await writeFile(file, whole);
    await lab.chat.getByRole("button", { name: "Send again" }).click();
    await expect(lab.reply("Lost?")).toBeVisible();
    await expect(lab.live).toHaveText("Live");
    await expect(page.locator(".hist li")).toHaveCount(4);
  });
});

test("what is refused stays as it was typed, with the reason beside it", async ({ page, complaints }) => {
  complaints.expect(/status of (400|413|422)/);
  const lab = new LabPage(page);
  await lab.open();
  await lab.message.fill("  ");
  await lab.message.press("Enter");
  await expect(lab.timeline.getByText("Your turns are drawn here, as they happen."), "an empty message is none").toBeVisible();
  const long = "x".repeat(16 * 1024 + 1);
  await lab.say(long);
  const reason = lab.chat.getByRole("alert");
  await expect(reason).toContainText("The content has 16385 bytes: at most 16384 are allowed");
  await expect(lab.message).toHaveValue(long);
  await expect(lab.timeline.locator(".turn:not(.coming, .blank-row)"), "it was never a turn").toHaveCount(0);
  await lab.say("Shorter");
  await expect(lab.reply("Shorter")).toBeVisible();
  await expect(reason).toHaveCount(0);
});

for (const width of [1280, 390, 320]) {
  test(`a message of 16 KiB is answered and breaks nothing at ${width} pixels`, async ({ page }) => {
    await page.setViewportSize({ width, height: 800 });
    const lab = new LabPage(page);
    await lab.open();
    // Half of it in words, half in one that nothing tells how to break.
    const long = "word ".repeat(1_638) + "y".repeat(16 * 1024 - 5 * 1_638);
    await lab.say(long);
    await expect(lab.chat.getByText(/^Recovered on attempt/)).toBeVisible();
    expect((await overflow(page)).x).toBe(0);
    await expect(lab.chat.locator(".agent .bubble").last()).toContainText("Got your message: word");
    await lab.check("History retrieval").locator("summary").first().click();
    for (const part of [lab.send, page.getByRole("switch"), lab.timeline, lab.check("Recovery")]) {
      await part.scrollIntoViewIfNeeded();
      const box = await part.boundingBox();
      expect(box!.x).toBeGreaterThanOrEqual(0);
      expect(box!.x + box!.width, await part.innerText().catch(() => "")).toBeLessThanOrEqual(width);
    }
    if (width === 1280) expect((await overflow(page)).y, "the panels scroll, not the page").toBe(0);
  });
}

test("after 200 turns the newest are at hand, older ones are found, and the next message goes on", async ({
  page,
  faultlab,
}) => {
  test.setTimeout(120_000);
  await faultlab.setFaults();
  for (let n = 1; n <= 200; n += 1) await faultlab.send(`Message ${n}`);
  const lab = new LabPage(page);
  await lab.open();
  const rows = lab.timeline.locator(".turn:not(.coming, .blank-row)");
  await expect(rows).toHaveCount(200);
  await expect(rows.last()).toContainText("Message 200");
  await expect(rows.last()).toBeInViewport();
  await expect(lab.reply("Message 200")).toBeInViewport();
  expect(await overflow(page)).toEqual({ x: 0, y: 0 });
  await lab.say("One more");
  await expect(lab.reply("One more")).toBeInViewport();
  await expect(rows.last()).toContainText("One more");
  const isDrawn = () => rows.nth(2).evaluate((row) => row.checkVisibility({ contentVisibilityAuto: true }));
  await expect.poll(isDrawn, "what is far out of sight is not drawn").toBe(false);
  await expect(lab.timeline.getByRole("listitem").filter({ has: page.locator(".turn-n") }), "but read").toHaveCount(201);
  await rows.nth(2).scrollIntoViewIfNeeded();
  await expect.poll(isDrawn).toBe(true);
  await lab.timeline.getByRole("link", { name: /^3\b/ }).click();
  await expect(lab.live).toHaveText("Paused");
  await expect(lab.reply("Message 3")).toBeVisible();
  await expect(lab.reply("Message 4")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(lab.reply("One more")).toBeVisible();
  await page.setViewportSize({ width: 390, height: 844 });
  expect((await overflow(page)).x).toBe(0);
});

// The deep dives: a page for each fault of the lesson's code, and what it leads to.
import { LabPage } from "../support/lab.ts";
import { overflow } from "../support/page.ts";
import { expect, test } from "../support/test.ts";

const ON_DAPR = Boolean(process.env["FAULTLAB_DAPR"]);

/** What proves each, once its button has been followed and the scenario has run. */
const EVIDENCE: Record<string, (lab: LabPage) => Promise<void>> = {
  "retry-around-a-cache": async (lab) => {
    await expect(lab.timeline.getByRole("link", { name: /save, attempt [12] of 3/i })).toHaveCount(2);
    await expect(lab.reply("Keep this")).toBeVisible();
  },
  "failed-read-wipes": async (lab) => {
    await expect(lab.chat.getByText("Failed: the history could not be loaded in 3 attempts.")).toBeVisible();
    await expect(lab.page.locator(".hist")).toContainText("Keep me");
    await expect(lab.page.locator(".hist")).not.toContainText("Not through");
  },
  "outage-looks-empty": async (lab) => {
    if (ON_DAPR) await expect(lab.page.locator(".hist")).toContainText("Remember me");
    else await expect(lab.chat.getByText("Failed: the history could not be loaded in 3 attempts.")).toBeVisible();
  },
  "event-processed": async (lab) => {
    await expect(lab.page.locator(".events li")).toHaveCount(1);
    await expect(lab.page.locator(".events li")).toContainText("delivered");
  },
  "key-that-is-not-there": async (lab) => {
    await expect(lab.page.locator(".key code")).toHaveText("daca-ai-app||ChatAgent||user1||history-user1");
    await expect(lab.check("State consistency")).toContainText("proven");
  },
  "one-failure": async (lab) => {
    await expect(lab.page.locator(".turns li", { hasText: "recovered" })).toHaveCount(2);
    await expect(lab.page.locator(".turns li", { hasText: "Nothing left to fail" })).not.toContainText("recovered");
  },
  "missing-key": async (lab) => {
    await expect(lab.reply("Deleted in a moment")).toBeVisible();
    await expect(lab.page.locator(".hist")).toContainText("From the beginning");
    await expect(lab.page.locator(".hist")).not.toContainText("Deleted in a moment");
  },
};

for (const [slug, evidence] of Object.entries(EVIDENCE)) {
  test(`${slug}: its button leads to the evidence`, async ({ page }) => {
    const lab = new LabPage(page);
    await page.goto(`/dives/${slug}`);
    await page.getByRole("link", { name: "Show it in the lab of user1" }).click();
    await expect(page).toHaveURL(/\/lab\/user1\?scenario=/);
    await lab.chat.getByRole("button", { name: "Run it" }).click();
    await expect(lab.chat.getByText("It ended as told.")).toBeVisible({ timeout: 40_000 });
    await evidence(lab);
  });
}

test("what cannot run anywhere says so, and gives the line for one's own shell", async ({ page }) => {
  await page.goto("/dives/does-not-compile");
  await expect(page.getByText("There is nothing to run here")).toBeVisible();
  await expect(page.getByRole("link", { name: /^Show it/ })).toHaveCount(0);
  await expect(page.locator(".dive-live .code")).toContainText("python3 -c");
  await expect(page.locator(".dive-live .code")).toContainText("SyntaxError: unterminated string literal");
});

test("an outage of the store itself takes real Dapr, and the page says so where there is none", async ({ page }) => {
  test.skip(ON_DAPR, "there it is shown");
  await page.goto("/dives/outage-looks-empty");
  await expect(page.getByText("cargo xtask run --dapr")).toBeVisible();
  await expect(page.getByText("Opens “Three failures in a row”.")).toBeVisible();
});

test("from the pane Code one comes to the list, to each page, and back to one's own lab", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open("/lab/anna");
  await page.keyboard.press("c");
  await page.getByRole("link", { name: "Deep dives" }).click();
  await expect(page).toHaveURL(/\/dives\?actor=anna$/);
  const list = page.getByRole("main").getByRole("listitem");
  await expect(list).toHaveCount(8);
  await list.first().getByRole("link").click();
  for (let n = 1; n <= 8; n += 1) {
    await expect(page.getByText(`Deep dives, ${n} of 8`)).toBeVisible();
    await expect(page).toHaveURL(/actor=anna$/);
    if (n < 8) await page.getByRole("navigation").getByRole("link", { name: /^Next/ }).click();
  }
  await page.getByRole("link", { name: "Lab of anna" }).click();
  await expect(page).toHaveURL(/\/lab\/anna$/);
});

test("they load no WebAssembly, and the theme goes with them", async ({ page }) => {
  const loaded: string[] = [];
  page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  await page.goto("/dives/missing-key");
  await page.getByRole("button", { name: "Use the dark theme" }).click();
  await expect(page).toHaveURL(/\/dives\/missing-key$/);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  expect(loaded.filter((path) => /\.(wasm|js)$/.test(path))).toEqual([]);
});

test("an actor that is none and a dive that is not there are told as such", async ({ page, complaints }) => {
  complaints.expect(/status of 40[04]/);
  const answer = await page.goto("/dives?actor=a%20b");
  expect(answer?.status()).toBe(400);
  await expect(page.getByRole("alert")).toContainText("An actor id cannot contain");
  const missing = await page.goto("/dives/rain?actor=anna");
  expect(missing?.status()).toBe(404);
  await page.getByRole("link", { name: "the list" }).click();
  await expect(page).toHaveURL(/\/dives\?actor=anna$/);
});

test("nothing on any of them is wider than the window", async ({ page }) => {
  for (const path of ["/dives", ...[...Object.keys(EVIDENCE), "does-not-compile"].map((slug) => `/dives/${slug}`)]) {
    await page.goto(path);
    for (const width of [1280, 390, 320]) {
      await page.setViewportSize({ width, height: 800 });
      expect((await overflow(page)).x, `${path} at ${width}`).toBe(0);
    }
  }
});

// What axe finds: on every page, and on the lab in its main states, in both themes.
import type { Faultlab } from "../support/faultlab.ts";
import { LabPage } from "../support/lab.ts";
import { THEMES, show, violations } from "../support/page.ts";
import { openRecording } from "../support/recording.ts";
import { ON_A_PHONE, STATES } from "../support/states.ts";
import { type Page, expect, test } from "../support/test.ts";

async function expectNothingFound(page: Page): Promise<void> {
  for (const theme of THEMES) {
    await show(page, theme);
    expect(await violations(page), theme).toEqual([]);
  }
}

for (const state of [...STATES, ...ON_A_PHONE]) {
  test(`axe finds nothing on the lab: ${state.name}`, async ({ page, faultlab }) => {
    if (state.viewport) await page.setViewportSize(state.viewport);
    await state.bring({ lab: new LabPage(page), faultlab });
    await expectNothingFound(page);
    // A turn that still waits would hold its end up.
    await page.close();
    await faultlab.kill();
  });
}

const DIVES = [
  "retry-around-a-cache",
  "failed-read-wipes",
  "outage-looks-empty",
  "event-processed",
  "key-that-is-not-there",
  "one-failure",
  "missing-key",
  "does-not-compile",
];

type Opened = { page: Page; faultlab: Faultlab };
/** A page that is no lab. Where its address does not say all, `open` does. */
type Plain = { path: string; complains?: RegExp; open?: (opened: Opened) => Promise<void> };

const PAGES: Plain[] = [
  { path: "/lab/nobody/report" },
  {
    path: "/lab/user1/report",
    async open({ page, faultlab }) {
      await faultlab.send("Hi there");
      await faultlab.setFaults({ operation: "load", attempts: 3 });
      await faultlab.send("Not through").catch(() => {});
      await page.goto("/lab/user1/report");
      await expect(page.getByRole("link", { name: "Recording of turn 2" })).toBeVisible();
    },
  },
  { path: "/docs" },
  { path: "/dives" },
  ...DIVES.map((slug) => ({ path: `/dives/${slug}` })),
  { path: "/dives/rain", complains: /status of 404/ },
  { path: "/recording" },
  {
    path: "/recording/{id}",
    async open({ page }) {
      await openRecording(page);
      await page.getByRole("link", { name: /save, attempt 1 of 3/i }).locator(".face").first().click();
      await expect(page.getByRole("complementary", { name: "Selected bar" })).toContainText("Save, attempt 1 of 3");
    },
  },
  {
    path: "/recording, refused",
    complains: /status of 400/,
    async open({ page }) {
      await page.goto("/recording");
      await page.getByLabel("or its text").fill("no recording");
      await page.getByRole("button", { name: "Show it" }).click();
      await expect(page.getByRole("alert")).toBeVisible();
    },
  },
  { path: "/recording/gone", complains: /status of 404/ },
  { path: "/nope", complains: /status of 404/ },
  { path: "/lab?actor=a%20b", complains: /status of 400/ },
];

for (const { path, complains, open } of PAGES) {
  test(`axe finds nothing at ${path}`, async ({ page, faultlab, complaints }) => {
    if (complains) complaints.expect(complains);
    if (open) await open({ page, faultlab });
    else await page.goto(path);
    await expect(page.getByRole("heading").first()).toBeVisible();
    await expectNothingFound(page);
  });
}

test("axe has looked at every dive that there is", async ({ page }) => {
  await page.goto("/dives");
  const links = await page.getByRole("main").getByRole("listitem").getByRole("link").evaluateAll((all) => all.map((a) => new URL((a as HTMLAnchorElement).href).pathname));
  expect(links).toEqual(DIVES.map((slug) => `/dives/${slug}`));
});

test("axe finds nothing on the panes, a selected bar, what is refused and what is asked", async ({ page, complaints }) => {
  complaints.expect(/status of 422/);
  const lab = new LabPage(page);
  await lab.open();
  await lab.say("Hi there");
  await expect(lab.reply("Hi there")).toBeVisible();
  await lab.timeline.getByRole("link", { name: /load, attempt 1 of 3/i }).locator(".face").first().click();
  await expect(page.getByRole("complementary", { name: "Selected bar" })).toContainText("Load, attempt 1 of 3");
  await lab.check("History retrieval").locator("summary").first().click();
  await page.getByLabel("Reset the lab").click();
  await expect(page.getByRole("button", { name: "Reset user1" })).toBeVisible();
  await page.locator("label[for=pane-code]:visible").first().click();
  await expectNothingFound(page);
  await page.locator("label[for=pane-policy]:visible").first().click();
  const attempts = page.locator(".pane-policy").getByLabel("Attempts");
  await attempts.fill("99");
  await attempts.press("Enter");
  await expect(page.locator(".pane-policy").getByRole("alert")).toContainText("attempts is 99");
  await page.getByText("More", { exact: true }).click();
  await expectNothingFound(page);
});

test("axe would find what it has to: a control without a name, a pale word, a small target", async ({ page }) => {
  await page.goto("/lab/nobody/report");
  await page.evaluate(() => {
    const broken = document.createElement("div");
    broken.innerHTML = '<button></button><p>pale</p><a href="#a">a</a><a href="#b">b</a>';
    document.querySelector("main, body")!.append(broken);
    const [name, pale, ...small] = broken.children as unknown as HTMLElement[];
    name!.style.cssText = "width: 40px; height: 40px";
    pale!.style.cssText = "color: #aaa; background: #fff";
    for (const link of small) link.style.cssText = "display: inline-block; width: 8px; height: 8px";
  });
  const found = (await violations(page)).map((violation) => violation.split(":")[0]);
  expect(found).toEqual(expect.arrayContaining(["button-name", "color-contrast", "target-size"]));
});

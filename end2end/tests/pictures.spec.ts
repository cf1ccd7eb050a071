// What the main states look like, beside the references in `references/`. A change that is meant is taken over with
// `npx playwright test pictures --update-snapshots`, and looked at before it is committed.
import { evenOut, watchStreams } from "../support/even.ts";
import type { Faultlab } from "../support/faultlab.ts";
import { LabPage } from "../support/lab.ts";
import type { THEMES } from "../support/page.ts";
import { expectPicture, pinFonts } from "../support/pictures.ts";
import { openRecording } from "../support/recording.ts";
import { PHONE, recovered } from "../support/states.ts";
import { type Page, expect, test } from "../support/test.ts";

test.use({ bypassCSP: true });

test.beforeEach(async ({ context }) => {
  await pinFonts(context);
  await watchStreams(context);
});

type Theme = (typeof THEMES)[number];
type Given = { page: Page; lab: LabPage; faultlab: Faultlab };
type Picture = { name: string; looks: [Theme, "wide" | "phone"][]; bring: (given: Given) => Promise<void> };

async function recover(given: Given, path?: string): Promise<void> {
  await recovered(given, path);
  await evenOut(given.page, given.faultlab);
}

/** A turn that waits, halfway through a wait of twenty seconds: there the page's clock stands still. */
async function wait({ page, lab, faultlab }: Given): Promise<void> {
  await page.clock.install();
  await faultlab.setPolicy({ attempts: 2, delay_ms: 20_000 });
  await lab.open();
  await lab.say("Hi there");
  await expect(lab.chat.getByText(/^Attempt 1 failed\. Attempt 2 of 2 in/)).toBeVisible();
  const scheduled = (await evenOut(page, faultlab)).find((event) => event.type === "retry_scheduled");
  // The page's clock is some milliseconds behind the server's: how many, its countdown tells.
  const left = lab.chat.locator(".msg-foot .tnum").last();
  for (let late = 0; late === 0 || (await left.textContent()) !== "10.0 s"; late += 20) {
    await page.clock.pauseAt(scheduled!.at + 10_000 + late);
  }
  await expect(lab.chat.getByText("10.0 s")).toBeVisible();
}

const PICTURES: Picture[] = [
  { name: "untouched", looks: [["light", "wide"], ["dark", "phone"]], bring: ({ lab }) => lab.open() },
  { name: "waiting", looks: [["light", "wide"], ["light", "phone"]], bring: wait },
  {
    name: "recovered",
    looks: [["dark", "wide"]],
    async bring(given) {
      await recover(given);
      const bar = given.lab.timeline.getByRole("link", { name: /load, attempt 1 of 3/i });
      await bar.locator(".face").first().click();
      await expect(given.page.getByRole("complementary", { name: "Selected bar" })).toContainText("Load, attempt 1 of 3");
      await given.lab.check("Retry logic").locator("summary").first().click();
    },
  },
  {
    name: "exhausted",
    looks: [["dark", "wide"], ["light", "phone"]],
    async bring({ page, lab, faultlab }) {
      await faultlab.send("Hi there");
      await faultlab.setFaults({ operation: "save", attempts: 3 });
      await lab.open();
      await lab.say("Again");
      await expect(lab.chat.getByRole("button", { name: "Send again" })).toBeVisible();
      await evenOut(page, faultlab);
    },
  },
  {
    name: "five-of-five",
    looks: [["light", "wide"]],
    async bring({ page, lab, faultlab }) {
      for (const content of ["Hi there", "Still there?", "And now?"]) {
        await faultlab.arm();
        await faultlab.send(content);
      }
      await faultlab.readHistory();
      await faultlab.compare();
      await lab.open();
      await lab.expectScore(5);
      await evenOut(page, faultlab);
    },
  },
  {
    name: "policy",
    looks: [["dark", "wide"]],
    async bring({ page, lab }) {
      await lab.open();
      await page.locator("label[for=pane-policy]:visible").first().click();
      await expect(page.getByRole("heading", { name: /^Retry policy/ })).toBeVisible();
    },
  },
  {
    name: "stored",
    looks: [["light", "phone"]],
    async bring({ page, lab, faultlab }) {
      await faultlab.send("Hi there");
      await lab.open();
      await evenOut(page, faultlab);
      await page.locator("label[for=pane-stored]:visible").first().click();
      await page.getByRole("heading", { name: /^History/ }).evaluate((heading) => heading.scrollIntoView({ block: "center" }));
    },
  },
  {
    name: "paused",
    looks: [["dark", "wide"]],
    async bring({ page, lab, faultlab }) {
      for (const [n, content] of ["Hi there", "And again", "Once more"].entries()) {
        await faultlab.send(content);
        // The turn's event comes back after its answer; what came before the next turn belongs to this moment.
        await expect.poll(async () => (await faultlab.timeline()).split('"event_delivered"').length - 1).toBe(n + 1);
      }
      await lab.open();
      await evenOut(page, faultlab);
      await page.getByRole("button", { name: "Older" }).click();
      await expect(lab.live).toHaveText("Paused");
      await expect(lab.reply("Once more")).toBeHidden();
    },
  },
  {
    name: "scenario",
    looks: [["light", "wide"], ["dark", "phone"]],
    async bring({ lab }) {
      await lab.open("/lab/user1?scenario=save-fails-twice");
      await expect(lab.chat.getByRole("button", { name: "Run it" })).toBeVisible();
    },
  },
  { name: "present", looks: [["light", "wide"]], bring: (given) => recover(given, "/?present") },
  { name: "present-untouched", looks: [["dark", "wide"]], bring: ({ lab }) => lab.open("/?present") },
  {
    name: "tour",
    looks: [["light", "wide"], ["dark", "phone"]],
    async bring({ page, lab }) {
      await page.context().clearCookies();
      await lab.open();
      await expect(page.getByRole("complementary", { name: "Guided tour" })).toContainText("1 of 5");
    },
  },
  {
    name: "no-stream",
    looks: [["light", "wide"]],
    async bring({ page, lab, faultlab }) {
      await faultlab.send("Hi there");
      await lab.open();
      await evenOut(page, faultlab);
      await page.route(/^http/, (route) => route.abort("connectionrefused"));
      await faultlab.kill();
      await expect(lab.live).toHaveText("Connection lost, trying again", { timeout: 20_000 });
    },
  },
  {
    name: "report",
    looks: [["light", "wide"]],
    async bring({ page, faultlab }) {
      await faultlab.send("Hi there");
      await page.goto("/lab/user1/report");
      await expect(page.getByText("2 of 5 checks proven")).toBeVisible();
    },
  },
  {
    name: "dive",
    looks: [["light", "wide"], ["dark", "phone"]],
    async bring({ page }) {
      await page.goto("/dives/failed-read-wipes");
      await expect(page.getByRole("heading", { name: "See it live" })).toBeVisible();
    },
  },
  {
    name: "recording",
    looks: [["dark", "wide"]],
    bring: ({ page }) => openRecording(page),
  },
];

for (const { name, looks, bring } of PICTURES) {
  for (const [theme, width] of looks) {
    test(`${name}, ${theme}, ${width}`, async ({ page, faultlab, complaints }, info) => {
      if (name === "no-stream") complaints.expect(/ERR_|Failed to load resource|Failed to fetch/);
      if (width === "phone") await page.setViewportSize(PHONE);
      await bring({ page, lab: new LabPage(page), faultlab });
      await expectPicture(page, `${name}-${theme}-${width}`, theme, info);
      if (name === "waiting") {
        // It would hold the end up.
        await page.close();
        await faultlab.kill();
      }
    });
  }
}

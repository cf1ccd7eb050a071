// The main states of the lab: how each is brought about, for whatever looks at all of them.
import { expect } from "@playwright/test";
import type { Faultlab } from "./faultlab.ts";
import type { LabPage } from "./lab.ts";

/** What a state is made with. */
type Given = { lab: LabPage; faultlab: Faultlab };

export type State = {
  name: string;
  /** The window, if it is not 1280×800. */
  viewport?: { width: number; height: number };
  bring: (given: Given) => Promise<void>;
};

/** Longer than anybody looks, and short enough for a turn. */
const LONG_WAIT = { attempts: 2, delay_ms: 20_000 };
/** Five attempts that hang, one right after the other: nearly as long as a turn may take. */
const LONG_ATTEMPTS = { attempts: 5, delay_ms: 0 };

export const PHONE = { width: 390, height: 844 };
export const NARROWEST = { width: 320, height: 800 };

/** A message that is answered at the second attempt. */
export async function recovered({ lab }: Given, path?: string): Promise<void> {
  await lab.open(path);
  await lab.say("Hi there");
  // In front of a room it is told in large type, and not in the chat.
  await expect(lab.chat.getByText(/^Recovered on attempt 2/)).toBeAttached();
  await lab.expectScore(2);
}

async function failed({ lab, faultlab }: Given): Promise<void> {
  await faultlab.setFaults({ operation: "load", attempts: 3 });
  await lab.open();
  await lab.say("Hi there");
  await expect(lab.chat.getByRole("button", { name: "Send again" })).toBeVisible();
}

async function waiting({ lab, faultlab }: Given): Promise<void> {
  await faultlab.setPolicy(LONG_WAIT);
  await lab.open();
  await lab.say("Hi there");
  await expect(lab.chat.getByText(/^Attempt 1 failed\. Attempt 2 of 2 in/)).toBeVisible();
}

/** An attempt that waits until somebody releases it. */
async function held({ lab, faultlab }: Given, path?: string): Promise<void> {
  await faultlab.setHold(true);
  await lab.open(path);
  await lab.say("Hi there");
  await expect(lab.page.getByRole("button", { name: "Release" })).toBeVisible();
}

export const STATES: State[] = [
  { name: "empty", bring: ({ lab }) => lab.open() },
  {
    name: "running",
    async bring({ lab, faultlab }) {
      await faultlab.setPolicy(LONG_ATTEMPTS);
      await faultlab.setFaults({ operation: "load", kind: "hang", attempts: 5 });
      await lab.open();
      await lab.say("Hi there");
      await expect(lab.chat.getByText("Attempt 1 of 5 to load")).toBeVisible();
    },
  },
  { name: "waiting", bring: waiting },
  { name: "recovered", bring: recovered },
  { name: "failed", bring: failed },
  {
    name: "queued",
    async bring({ lab, faultlab }) {
      await waiting({ lab, faultlab });
      for (let n = 2; n <= 6; n += 1) {
        // Answered long after anybody looks, if at all.
        faultlab.send(`Message ${n}`).catch(() => {});
        await expect.poll(() => faultlab.timeline()).toContain(`Message ${n}`);
      }
      await expect(lab.chat.getByText("Queued behind turn 5")).toBeVisible();
    },
  },
  {
    name: "past",
    async bring({ lab, faultlab }) {
      for (const content of ["Hi there", "And again", "Once more"]) await faultlab.send(content);
      await lab.open();
      await expect(lab.reply("Once more")).toBeVisible();
      await lab.page.getByRole("button", { name: "Older" }).click();
      await expect(lab.live).toHaveText("Paused");
      await expect(lab.reply("Once more")).toBeHidden();
    },
  },
  { name: "present", bring: (given) => recovered(given, "/?present") },
  { name: "held", bring: held },
  { name: "held-present", bring: (given) => held(given, "/?present") },
  {
    name: "menu",
    async bring({ lab }) {
      await lab.open();
      await lab.chat.getByText("Scenarios", { exact: true }).click();
      await expect(lab.chat.getByRole("link", { name: /Redis is away/ })).toBeVisible();
    },
  },
  {
    name: "keys",
    async bring({ lab }) {
      await lab.open();
      await lab.page.getByRole("button", { name: "Keys" }).click();
      await expect(lab.page.getByRole("dialog", { name: "Keys" })).toBeVisible();
    },
  },
  { name: "narrow", viewport: NARROWEST, bring: recovered },
  {
    name: "scriptless",
    async bring({ lab }) {
      const cdp = await lab.page.context().newCDPSession(lab.page);
      await cdp.send("Emulation.setScriptExecutionDisabled", { value: true });
      await lab.page.goto("/");
      await lab.message.fill("Hi there");
      await lab.send.click();
      await expect(lab.reply("Hi there")).toBeVisible();
      // The page's own script has been passed over; whoever looks at the page has theirs.
      await cdp.send("Emulation.setScriptExecutionDisabled", { value: false });
    },
  },
];

/** The states that a phone shows otherwise than a narrower window. */
export const ON_A_PHONE: State[] = [
  { name: "phone-empty", viewport: PHONE, bring: ({ lab }) => lab.open() },
  { name: "phone-waiting", viewport: PHONE, bring: waiting },
  { name: "phone-held", viewport: PHONE, bring: held },
  { name: "phone-recovered", viewport: PHONE, bring: recovered },
  { name: "phone-failed", viewport: PHONE, bring: failed },
];

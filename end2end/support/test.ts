// The `test` of every spec: with a `faultlab` of its own, and failing on anything the browser complains about.
import { test as base, expect } from "@playwright/test";
import { Faultlab } from "./faultlab.ts";

export { expect };
export type { Page } from "@playwright/test";

type Fixtures = {
  /** A running `faultlab`; `page` opens relative addresses there. */
  faultlab: Faultlab;
  /** Flags that the test's `faultlab` is started with; set with `test.use`. */
  faultlabFlags: string[];
  /**
   * What the browser complained about. Empty at the end, or the test fails; a test that cuts the connection takes
   * out what it expects with `complaints.expect(/…/)`.
   */
  complaints: Complaints;
};

/** Console errors and uncaught exceptions of all the test's pages. */
export class Complaints {
  private readonly expected: RegExp[] = [];
  private readonly heard: string[] = [];

  /** Complaints that match are what this test brings about, before or after this call. */
  expect(pattern: RegExp): void {
    this.expected.push(pattern);
  }

  add(complaint: string): void {
    this.heard.push(complaint);
  }

  /** What was not expected. */
  unexpected(): string[] {
    return this.heard.filter((complaint) => !this.expected.some((pattern) => pattern.test(complaint)));
  }
}

export const test = base.extend<Fixtures>({
  faultlabFlags: [[], { option: true }],

  faultlab: async ({ faultlabFlags }, use, info) => {
    const faultlab = await Faultlab.start(...faultlabFlags);
    await use(faultlab);
    if (info.status !== info.expectedStatus) {
      await info.attach("faultlab.log", { body: faultlab.log, contentType: "text/plain" });
      if (faultlab.daprLog) await info.attach("dapr.log", { body: faultlab.daprLog, contentType: "text/plain" });
    }
    await faultlab.dispose();
  },

  baseURL: async ({ faultlab }, use) => {
    await use(faultlab.url);
  },

  complaints: [
    async ({ context }, use) => {
      const complaints = new Complaints();
      context.on("console", (message) => {
        if (message.type() !== "error") return;
        const { url, lineNumber } = message.location();
        complaints.add(`console error: ${message.text()} (${url}:${lineNumber})`);
      });
      context.on("weberror", (error) => complaints.add(`uncaught: ${error.error().stack ?? error.error().message}`));
      await use(complaints);
      expect(complaints.unexpected(), "what the browser complained about").toEqual([]);
    },
    { auto: true },
  ],
});

// What the measurements share: where a figure is told, the slow phone, and counting.
import { appendFile } from "node:fs/promises";
import { type Page, test as base } from "@playwright/test";
import { Faultlab } from "../support/faultlab.ts";

export { expect } from "@playwright/test";

/** One figure, as a line of JSON in the file that FAULTLAB_FIGURES names. */
export type Figure = {
  name: string;
  value: number;
  unit: string;
  /** What it is to be at most. */
  goal?: number;
};

type Fixtures = { faultlab: Faultlab; tell: (figure: Figure) => Promise<void> };

export const test = base.extend<Fixtures>({
  faultlab: async ({}, use) => {
    const faultlab = await Faultlab.start();
    await use(faultlab);
    await faultlab.dispose();
  },
  baseURL: async ({ faultlab }, use) => use(faultlab.url),
  tell: async ({}, use) => {
    await use(async (figure) => {
      const file = process.env["FAULTLAB_FIGURES"];
      if (file) await appendFile(file, `${JSON.stringify(figure)}\n`);
      console.log(`${figure.name}: ${figure.value} ${figure.unit}`);
    });
  },
});

/** A slow phone on a slow line: a quarter of this machine's speed, 1.6 Mbit/s down, 0.75 up, 150 ms. */
export async function slowPhone(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  const bytes = (megabits: number) => (megabits * 1e6) / 8;
  await page.setViewportSize({ width: 390, height: 844 });
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  await cdp.send("Network.enable");
  await cdp.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 150,
    downloadThroughput: bytes(1.6),
    uploadThroughput: bytes(0.75),
  });
}

/** The bytes that come over the line for the page from now on, heads of answers included. */
export async function countBytes(page: Page, encoding: "br" | "gzip"): Promise<() => number> {
  const cdp = await page.context().newCDPSession(page);
  let bytes = 0;
  await cdp.send("Network.enable");
  await cdp.send("Network.setExtraHTTPHeaders", { headers: { "Accept-Encoding": encoding } });
  cdp.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  return () => bytes;
}

/** The value that `percent` of the values are below, or are. */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) throw new Error("nothing was measured");
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1)]!;
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

export function rounded(value: number, digits = 0): number {
  return Number(value.toFixed(digits));
}

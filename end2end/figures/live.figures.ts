// What it costs to watch: from an event to its bar, frames of a busy timeline, memory.
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "@playwright/test";
import { LabPage } from "../support/lab.ts";
import { expect, percentile, rounded, test } from "./measure.ts";

const MESSAGES = 100;
const FRAMES_MS = 10_000;
/** A message every ten seconds for an hour. */
const AN_HOUR = 360;
/** Every second attempt to load fails, so that an hour's turns are as full as a lesson's. */
const FLAKY = { operation: "load", kind: "flaky", percent: 50, seed: 1, span: "until_off" };

declare global {
  interface Window {
    /** Whether the callbacks of a frame run, which is then painted. */
    inFrame: boolean;
    /** Runs something in the next task. */
    afterTask(run: () => void): void;
  }
}

type Timeline = { events: { type: string; at: number; turn?: number; operation?: string; attempt?: number }[] };

test("from an actor's event to its painted bar", async ({ page, faultlab, tell }) => {
  await faultlab.setFaults();
  const lab = new LabPage(page);
  await page.addInitScript(() => {
    const request = window.requestAnimationFrame.bind(window);
    window.inFrame = false;
    window.afterTask = (run) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = run;
      port2.postMessage(0);
    };
    window.requestAnimationFrame = (callback) =>
      request((now) => {
        window.inFrame = true;
        window.afterTask(() => (window.inFrame = false));
        callback(now);
      });
  });
  await lab.open();
  const painted = await page.evaluateHandle(() => {
    const painted: Record<string, number> = {};
    const paint = (name: string) => window.afterTask(() => (painted[name] = Date.now()));
    const look = () => {
      for (const bar of document.querySelectorAll<SVGElement>('a.bar[href*="-load-1"]')) {
        const name = /t(\d+)-load-1/.exec(bar.getAttribute("href") ?? "")?.[1];
        if (!name || painted[name] !== undefined) continue;
        painted[name] = 0;
        // A frame is painted in the task that runs its callbacks: what they have drawn is seen when the next task comes.
        if (window.inFrame) paint(name);
        else requestAnimationFrame(() => paint(name));
      }
    };
    new MutationObserver(look).observe(document.querySelector("#timeline")!, {
      childList: true,
      subtree: true,
      attributes: true,
      attributeFilter: ["href"],
    });
    return painted;
  });
  for (let n = 1; n <= MESSAGES; n += 1) {
    await faultlab.send(`Message ${n}`);
    await page.waitForFunction(({ painted, n }) => (painted[String(n)] ?? 0) > 0, { painted, n });
  }
  const { events } = JSON.parse(await faultlab.timeline()) as Timeline;
  const at = await painted.jsonValue();
  const started = events.filter((e) => e.type === "attempt_started" && e.operation === "load" && e.attempt === 1);
  const took = started.map((event) => at[String(event.turn)]! - event.at);
  expect(took).toHaveLength(MESSAGES);
  await tell({ name: "From event to painted bar, p50", value: percentile(took, 50), unit: "ms", goal: 35 });
  await tell({ name: "From event to painted bar, p95", value: percentile(took, 95), unit: "ms", goal: 50 });
});

/** How long each frame of the page takes, in milliseconds. */
function frames(page: Page): Promise<number[]> {
  return page.evaluate(
    (length) =>
      new Promise<number[]>((done) => {
        const took: number[] = [];
        const began = performance.now();
        const frame = (before: number) => (now: number) => {
          took.push(now - before);
          if (now - began < length) requestAnimationFrame(frame(now));
          else done(took);
        };
        requestAnimationFrame(frame(began));
      }),
    FRAMES_MS,
  );
}

test("frames of a busy timeline with 200 turns", async ({ page, context, faultlab, tell }) => {
  const empty = await context.newPage();
  await empty.setContent("<!doctype html><title>Empty</title>");
  const idle = percentile(await frames(empty), 95);
  await empty.close();

  // So many that hardly any turn gives up.
  await faultlab.setPolicy({ attempts: 10, delay_ms: 100 });
  await faultlab.setFaults(FLAKY);
  for (let n = 1; n <= 200; n += 1) await faultlab.send(`Message ${n}`);
  await new LabPage(page).open();
  let watched = false;
  const busy = (async () => {
    for (let n = 201; !watched; n += 1) await faultlab.send(`Message ${n}`);
  })();
  const took = await frames(page);
  watched = true;
  await busy;
  await tell({ name: "Frame of an empty page, p95", value: rounded(idle, 1), unit: "ms" });
  await tell({ name: "Frame of a busy timeline, 200 turns, p50", value: rounded(percentile(took, 50), 1), unit: "ms", goal: 16.7 });
  await tell({ name: "Frame of a busy timeline, 200 turns, p95", value: rounded(percentile(took, 95), 1), unit: "ms", goal: 34 });
});

/** The tab's own memory in MB, where the system tells it; else what its script and WebAssembly hold. */
async function memory(browser: Browser, page: Page): Promise<number> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("HeapProfiler.collectGarbage");
  const processes = await (await browser.newBrowserCDPSession()).send("SystemInfo.getProcessInfo");
  const renderers = processes.processInfo.filter(({ type }) => type === "renderer");
  const sizes = await Promise.all(renderers.map(({ id }) => privateBytes(id)));
  // The browser keeps one renderer ready; the lab's is the larger one.
  const largest = Math.max(...sizes);
  if (Number.isFinite(largest) && largest > 0) return largest / 1e6;
  return (await cdp.send("Runtime.getHeapUsage")).usedSize / 1e6;
}

async function privateBytes(id: number): Promise<number> {
  const rollup = await readFile(`/proc/${id}/smaps_rollup`, "utf8").catch(() => "");
  const kib = [...rollup.matchAll(/^Private_\w+:\s+(\d+) kB$/gm)].map((line) => Number(line[1]));
  return kib.reduce((sum, part) => sum + part * 1024, 0);
}

test("memory of the tab after an hour of events", async ({ browser, page, faultlab, tell }) => {
  await faultlab.setPolicy({ delay_ms: 0 });
  await faultlab.setFaults(FLAKY);
  const lab = new LabPage(page);
  await lab.open();
  const before = await memory(browser, page);
  for (let n = 1; n <= AN_HOUR; n += 1) await faultlab.send(`Message ${n}`).catch(() => {});
  await faultlab.setFaults();
  await faultlab.send("The last");
  await expect(lab.reply("The last")).toBeVisible();
  const { last } = JSON.parse(await faultlab.timeline()) as { last: { seq: number } | string };
  const seq = typeof last === "string" ? Number(last.split("-")[1]) : last.seq;
  await tell({ name: "Events of an hour", value: seq, unit: "" });
  await tell({ name: "Memory of the tab, opened", value: rounded(before, 1), unit: "MB", goal: 40 });
  await tell({ name: "Memory of the tab, after an hour", value: rounded(await memory(browser, page), 1), unit: "MB", goal: 100 });
});

// A timeline without chance: what a lab has done, as it were on a machine on which nothing takes time but what has to.
import { type BrowserContext, type Page } from "@playwright/test";
import type { Faultlab } from "./faultlab.ts";

/** An event of the stream; what else it tells stays as it is. */
type Event = { seq: number; at: number; type: string; operation?: string; delay_ms?: number; due_at?: number; took_us?: number; lost_us?: number };
type Timeline = { last: { epoch: string; seq: number }; events: Event[] };

/** How long nothing happens between two turns, in milliseconds. */
const IDLE_MS = 9_000;

/** The events at even times: a millisecond for each, a wait as long as it was to be. */
function even(events: Event[]): Event[] {
  const evened: Event[] = [];
  let [at, began] = [events[0]?.at ?? 0, 0];
  let due: number | undefined;
  for (const event of inOrder(events)) {
    const { type } = event;
    if (type === "turn_queued" && began > 0) at += IDLE_MS;
    at = type === "attempt_started" && due ? due + 1 : at + 1;
    if (type === "turn_started") began = at;
    due = type === "retry_scheduled" ? at + event.delay_ms! : type === "attempt_started" ? undefined : due;
    const took = type.startsWith("turn_") ? (at - began) * 1_000 : 400;
    evened.push({
      ...event,
      seq: events[evened.length]!.seq,
      at,
      ...(event.due_at !== undefined && { due_at: due }),
      ...(event.took_us !== undefined && { took_us: took }),
      ...(event.lost_us !== undefined && { lost_us: 1_002_000 }),
    });
  }
  return evened;
}

/** A published event may come back before whoever published it hears of that; here it never does. */
function inOrder(events: Event[]): Event[] {
  const ordered = [...events];
  ordered.forEach((event, n) => {
    const next = ordered[n + 1];
    if (event.type === "event_delivered" && next?.type === "attempt_succeeded") ordered.splice(n, 2, next, event);
  });
  return ordered;
}

/** Lets [`evenOut`] reach the event stream of a context's pages. */
export async function watchStreams(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const Browsers = window.EventSource;
    window.EventSource = class extends Browsers {
      constructor(url: string | URL, options?: EventSourceInit) {
        super(url, options);
        (window as unknown as { stream: EventSource }).stream = this;
      }
    };
  });
}

/**
 * Has the page draw the timeline of the lesson's lab with even times. It is told so as it would be told after a gap in its
 * stream, with all that is known.
 */
export async function evenOut(page: Page, faultlab: Faultlab): Promise<Event[]> {
  const { last, events } = JSON.parse(await faultlab.timeline()) as Timeline;
  const evened = even(events);
  await page.evaluate((data) => {
    const { stream } = window as unknown as { stream: EventSource };
    stream.dispatchEvent(new MessageEvent("gap", { data }));
  }, JSON.stringify({ last, events: evened }));
  return evened;
}

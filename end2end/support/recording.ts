// A recorded turn that is always the same: `references/turn.json`.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Page, expect } from "@playwright/test";

/** Hands it in, and opens its page. */
export async function openRecording(page: Page): Promise<void> {
  const data = await readFile(join(import.meta.dirname, "../references/turn.json"));
  const kept = await page.request.post("/api/recordings", { headers: { "Content-Type": "application/json" }, data });
  expect(kept.status(), await kept.text()).toBe(201);
  const { address } = (await kept.json()) as { address: string };
  await page.goto(address);
  await expect(page.getByText("A recording.")).toBeVisible();
}

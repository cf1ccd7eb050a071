import { type Page, expect, test } from "../support/test.ts";

/** Opens the page and waits until its WebAssembly has run: a complaint about any of it has been heard by then. */
async function open(page: Page): Promise<void> {
  const wasm = page.waitForResponse((response) => response.url().endsWith(".wasm"));
  const answer = await page.goto("/");
  expect(answer?.status()).toBe(200);
  const response = await wasm;
  expect(response.status()).toBe(200);
  await response.finished();
  // Leptos starts the islands when the browser is idle.
  await page.evaluate(() => new Promise((done) => requestIdleCallback(done)));
}

test("the page opens with its title and no console error", async ({ page }) => {
  await open(page);
  await expect(page).toHaveTitle(/Faultlab/);
  await expect(page.getByRole("main")).toBeVisible();
});

test("everything the page loads comes from its own address", async ({ page, faultlab }) => {
  const addresses: string[] = [];
  page.on("request", (request) => addresses.push(request.url()));
  await open(page);
  expect(addresses.filter((address) => !address.startsWith(`${faultlab.url}/`))).toEqual([]);
});

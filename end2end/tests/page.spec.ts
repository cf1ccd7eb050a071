import { LabPage } from "../support/lab.ts";
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

test("in a low window the page scrolls, and what happens moves none of its panels", async ({ page }) => {
  await page.setViewportSize({ width: 1366, height: 657 });
  const lab = new LabPage(page);
  await lab.open();
  const places = () =>
    page.evaluate(() =>
      [".chat", ".bench", ".timeline"].map((panel) => {
        const { top, height } = document.querySelector(panel)!.getBoundingClientRect();
        return [panel, top + scrollY, height];
      }),
    );
  const before = await places();
  await page.getByRole("button", { name: "Run all" }).click();
  await expect(lab.score).toHaveText("5 of 5", { timeout: 20_000 });
  await page.locator(".check summary").first().click();
  expect(await places()).toEqual(before);
});

// What it costs to open the lab.
import { LabPage } from "../support/lab.ts";
import { countBytes, expect, median, rounded, slowPhone, test } from "./measure.ts";

/** How often a time is taken; the middle one counts. */
const TIMES = 5;

for (const [encoding, goals] of [["br", [360, 16]], ["gzip", []]] as const) {
  test(`bytes of a visit, ${encoding}`, async ({ context, faultlab, tell }) => {
    for (const [n, visit] of ["First visit", "Second visit"].entries()) {
      const page = await context.newPage();
      const bytes = await countBytes(page, encoding);
      const encodings = new Set<string | undefined>();
      page.on("response", (response) => {
        if (response.url().endsWith(".wasm")) encodings.add(response.headers()["content-encoding"]);
      });
      await new LabPage(page).open(faultlab.url);
      // The icon is asked for when all else is there.
      await page.evaluate(() => new Promise((done) => requestIdleCallback(done)));
      const goal = goals[n];
      const figure = { name: `${visit}, ${encoding}`, value: rounded(bytes() / 1000, 1), unit: "KB" };
      await tell(goal === undefined ? figure : { ...figure, goal });
      expect([...encodings], "how the largest file came").toEqual([encoding]);
      await page.close();
    }
  });
}

test("first paint and first answer on a slow phone", async ({ browser, faultlab, tell }) => {
  const paints: number[] = [];
  const answers: number[] = [];
  for (let n = 0; n < TIMES; n += 1) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await slowPhone(page);
    await page.addInitScript(() => {
      // A link without an address leads nowhere: pressed before the island is there, it does nothing.
      const press = setInterval(() => {
        const link = document.querySelector(".present-link");
        if (!link) return;
        link.removeAttribute("href");
        const click = () => !link.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
        if (!click()) return;
        clearInterval(press);
        (window as { answered?: number }).answered = performance.now();
        click();
      }, 20);
    });
    await page.goto(faultlab.url, { waitUntil: "commit" });
    const answered = await page.waitForFunction(() => (window as { answered?: number }).answered, undefined, {
      timeout: 60_000,
    });
    answers.push((await answered.jsonValue())!);
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
    paints.push(paint!);
    await context.close();
  }
  await tell({ name: "First contentful paint, slow phone", value: rounded(median(paints)), unit: "ms", goal: 1_000 });
  await tell({ name: "First answer to a press, slow phone", value: rounded(median(answers)), unit: "ms", goal: 3_000 });
});

for (const [where, viewport] of [["", { width: 1280, height: 800 }], [" on a phone", { width: 390, height: 844 }]] as const) {
  test(`layout shift${where}`, async ({ page, faultlab, tell }) => {
    await page.setViewportSize(viewport);
    await page.addInitScript(() => {
      const told = window as unknown as { shift: number };
      told.shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) {
          if (!entry.hadRecentInput) told.shift += entry.value;
        }
      }).observe({ type: "layout-shift", buffered: true });
    });
    const shift = () => page.evaluate(() => (window as unknown as { shift: number }).shift);
    const lab = new LabPage(page);
    await lab.open();
    await page.evaluate(() => new Promise((done) => requestIdleCallback(done)));
    await tell({ name: `Layout shift${where}, opening`, value: rounded(await shift(), 4), unit: "", goal: 0 });
    // As in a second tab, where nobody presses anything.
    const before = await shift();
    await faultlab.send("Hi there");
    await expect(lab.chat.getByText(/^Recovered on attempt/)).toBeVisible();
    await tell({ name: `Layout shift${where}, a first turn from elsewhere`, value: rounded((await shift()) - before, 4), unit: "" });
  });
}

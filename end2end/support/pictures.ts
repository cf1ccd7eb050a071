// Pictures of the page that come out alike on every machine: fonts of their own, figures that stand still, no motion.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { relative } from "node:path";
import type { BrowserContext, Page, TestInfo } from "@playwright/test";
import { type THEMES, moving, show } from "./page.ts";
import { expect } from "./test.ts";

/** How different a pixel's colour may be, from 0 to 1, before it counts. At 0.2 a blue and a green of one lightness do not. */
const PALER = 0.1;

/**
 * How many pixels of a picture may be others than in its reference.
 *
 * Measured with Chromium 156. On the same machine again: none. Where fontconfig knows one serif font alone, with full
 * hinting and subpixels: at most some 4,000 of 1280×800, and 2,500 of a phone, all of them at the edges of letters. With
 * the checks 8 pixels to the right: 7,500 and 9,000. With another blue for what can be pressed: 5,100 to 7,600 where much
 * of that is shown, and in three of five pictures more than is allowed.
 */
const MOST_DIFFERENT = 5_000;

/** The fonts of the pictures, by the custom property that names them. Theirs are the widths of what is often installed. */
const FONTS = {
  sans: { 400: "arimo/files/arimo-latin-400-normal.woff2", 600: "arimo/files/arimo-latin-700-normal.woff2" },
  mono: { 400: "dejavu-mono/files/dejavu-mono-latin-400-normal.woff2", 600: "dejavu-mono/files/dejavu-mono-latin-700-normal.woff2" },
} as const;

/** What is put at the end of the stylesheet. */
function pinned(): string {
  const { resolve } = createRequire(import.meta.url);
  const faces = Object.entries(FONTS).flatMap(([family, files]) =>
    Object.entries(files).map(([weight, file]) => {
      const data = readFileSync(resolve(`@fontsource/${file}`)).toString("base64");
      const source = `url(data:font/woff2;base64,${data}) format("woff2")`;
      return `@font-face { font-family: "pinned ${family}"; font-weight: ${weight}; font-display: block; src: ${source}; }`;
    }),
  );
  const families = Object.keys(FONTS).map((family) => `--${family}: "pinned ${family}";`);
  return `${faces.join("\n")}\n:root { ${families.join(" ")} }`;
}

/**
 * Gives the pages of a context the pictures' fonts. They come with the stylesheet, as text within it: the context has to
 * pass over the page's content security policy, which knows no fonts.
 */
export async function pinFonts(context: BrowserContext): Promise<void> {
  const fonts = pinned();
  await context.route(/\.css$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${await response.text()}\n${fonts}` });
  });
}

/** The fonts of the machine that the page is drawn with; none, where it has the pictures' own. */
export async function fontsOfTheMachine(page: Page): Promise<string[]> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("DOM.enable");
  await cdp.send("CSS.enable");
  const { root } = await cdp.send("DOM.getDocument");
  const { nodeIds } = await cdp.send("DOM.querySelectorAll", { nodeId: root.nodeId, selector: "body *" });
  const used = new Set<string>();
  for (const nodeId of nodeIds) {
    const { fonts } = await cdp.send("CSS.getPlatformFontsForNode", { nodeId });
    for (const font of fonts) if (!font.isCustomFont) used.add(font.familyName);
  }
  await cdp.detach();
  return [...used];
}

/**
 * Keeps every figure that is another at each run at one value: times of day, what a few milliseconds add, the port, the
 * folder.
 */
async function holdFigures(page: Page): Promise<void> {
  await page.evaluate(() => {
    const FIGURES: [RegExp, string][] = [
      [/\b\d\d:\d\d:\d\d\.\d{3}\b/g, "12:04:57.019"],
      [/\b\d\d:\d\d:\d\d\b/g, "12:04:57"],
      [/\b\d{1,2} [A-Z][a-z]+ \d{4}, \d\d:\d\d\b/g, "24 November 2026, 12:04"],
      [/\bversion [\w-]+/g, "version 1"],
      [/\b(\d+)\.\d{3} s\b/g, "$1.002 s"],
      [/\b\d{1,3}(\.\d)? ms\b/g, "0.4 ms"],
      [/127\.0\.0\.1:\d+/g, "127.0.0.1:8000"],
      [/(\/[\w.-]+)*\/faultlab-\w+\//g, "/data/"],
    ];
    const hold = (node: Node) => {
      if (node.parentElement?.closest(".pane-policy, script, style")) return;
      const held = FIGURES.reduce((text, [figure, value]) => text.replaceAll(figure, value), node.nodeValue ?? "");
      if (held !== node.nodeValue) node.nodeValue = held;
    };
    const holdAll = () => {
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) hold(texts.currentNode);
    };
    new MutationObserver(holdAll).observe(document.body, { subtree: true, childList: true, characterData: true });
    holdAll();
  });
}

/** Compares what the window shows with the reference of this name. */
export async function expectPicture(page: Page, name: string, theme: (typeof THEMES)[number], info: TestInfo): Promise<void> {
  const reference = info.snapshotPath(`${name}.png`);
  const { updateSnapshots } = info.config;
  const makes = updateSnapshots === "all" || updateSnapshots === "changed";
  const how = `npx playwright test pictures --update-snapshots (in end2end)`;
  expect(makes || existsSync(reference), `${relative(info.config.rootDir, reference)} is missing. Look at what it is to show, and make it: ${how}`).toBe(true);
  await show(page, theme);
  // A turn that has just ended stays lit for a moment.
  await expect(page.locator(".lab:not(.past) .flow-line .ok")).toHaveCount(0);
  await page.evaluate(() => document.fonts.ready);
  expect(await fontsOfTheMachine(page), "fonts that another machine may not have").toEqual([]);
  await holdFigures(page);
  await expect.poll(() => moving(page)).toEqual([]);
  await expect(page).toHaveScreenshot(`${name}.png`, { threshold: PALER, maxDiffPixels: MOST_DIFFERENT });
}

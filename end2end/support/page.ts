// What is asked of any page, whatever is on it.
import { AxeBuilder } from "@axe-core/playwright";
import { type Page, expect } from "@playwright/test";

export const THEMES = ["light", "dark"] as const;

/** WCAG 2.2, A and AA. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** What axe finds: the rule, and the elements that break it. */
export async function violations(page: Page): Promise<string[]> {
  // The one rule of 2.2 that axe has is switched off in it by default.
  const axe = new AxeBuilder({ page }).options({
    runOnly: { type: "tag", values: RULES },
    rules: { "target-size": { enabled: true } },
  });
  const found = await axe.analyze();
  return found.violations.map((v) => `${v.id}: ${v.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

/** Shows the page in a theme, and waits until no colour is on its way to another. */
export async function show(page: Page, theme: (typeof THEMES)[number]): Promise<void> {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
  await expect.poll(() => moving(page)).toEqual([]);
}

/** The CSS animations and transitions that are under way, each by its element's class. */
export function moving(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const under = document.getAnimations().filter((animation) => animation.playState === "running");
    const element = (animation: Animation) => (animation.effect as KeyframeEffect | null)?.target;
    return under.map((animation) => element(animation)?.getAttribute("class") ?? animation.id);
  });
}

/** How many pixels the page is wider, and higher, than its window. */
export function overflow(page: Page): Promise<{ x: number; y: number }> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
    return { x: scrollWidth - clientWidth, y: scrollHeight - clientHeight };
  });
}

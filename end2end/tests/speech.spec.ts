// What a screen reader says: outcomes, in sentences, and not every event.
import { LabPage } from "../support/lab.ts";
import { type Page, expect, test } from "../support/test.ts";

/** Keeps every sentence that the page's live region is given. */
async function listen(page: Page): Promise<() => Promise<string[]>> {
  const region = page.locator(".lab [role=status][aria-live]");
  await expect(region).toHaveAttribute("aria-live", "polite");
  const heard = await region.evaluateHandle((region) => {
    const heard: string[] = [];
    const hear = () => {
      if (region.textContent && region.textContent !== heard.at(-1)) heard.push(region.textContent);
    };
    new MutationObserver(hear).observe(region, { childList: true, characterData: true, subtree: true });
    return heard;
  });
  return () => heard.jsonValue();
}

test("a turn is told once, by its outcome, and so is each proof", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  const said = await listen(page);
  await lab.say("Hi there");
  await lab.expectScore(2);
  await expect.poll(said).toHaveLength(3);
  expect(await said()).toEqual([
    "Turn 1 recovered on attempt 2 of 3.",
    "Check 1, Message processing, is proven.",
    "Check 3, Retry logic, is proven.",
  ]);
  await lab.page.locator(".knob").click();
  await lab.say("Again");
  await expect.poll(async () => (await said()).at(-1)).toBe("Turn 2 was answered.");
  expect(await said(), "attempts, waits and the switch say nothing").toHaveLength(4);
});

test("a failure is told with its reason, and a reset is told", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  const said = await listen(page);
  await lab.breakStore("save", 3);
  await lab.say("Hi there");
  await expect.poll(said).toEqual([expect.stringMatching(/^Turn 1 failed: .*Simulated state store failure/)]);
  await page.getByLabel("Reset the lab").click();
  await page.getByRole("button", { name: "Reset user1" }).click();
  await expect.poll(async () => (await said()).at(-1)).toBe("The lab was reset.");
});

test("each bar and the path are sentences, and every number of the lab has its name", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.say("Hi there");
  await expect(lab.reply("Hi there")).toBeVisible();
  await expect(lab.timeline.getByRole("link", { name: /load, attempt 1 of 3, failed/i }).first()).toBeVisible();
  await expect(lab.timeline.getByRole("link", { name: /load, attempt 2 of 3, succeeded/i }).first()).toBeVisible();
  await expect(page.locator(".flow-line")).toHaveAttribute("aria-label", /Turn 1 ended well\.|Nothing is running\./);
  // What is an island stands between the page and its section.
  const sections = page.locator("main > section, main > leptos-island > section, main aside");
  const names = await sections.evaluateAll((all) => all.map((one) => one.ariaLabel ?? one.getAttribute("aria-labelledby")));
  expect(names, "each section has a name").toEqual(Array(6).fill(expect.stringMatching(/./)));
});

// What a learner hands in.
import { readFile } from "node:fs/promises";
import { LabPage } from "../support/lab.ts";
import { violations } from "../support/page.ts";
import { expect, test } from "../support/test.ts";

test("after the whole validation there is a report, to print and to keep as one file", async ({ page, context }) => {
  const lab = new LabPage(page);
  await lab.open();
  await page.getByRole("button", { name: "Run all" }).click();
  await expect(lab.score).toHaveText("5 of 5", { timeout: 20_000 });
  await page.getByRole("link", { name: "Report" }).click();
  await expect(page.getByText("5 of 5 checks proven")).toBeVisible();
  for (const title of ["Message processing", "History retrieval", "Retry logic", "State consistency", "Recovery"]) {
    await expect(page.locator(".proof").filter({ hasText: title }).locator(".verdict")).toHaveText("proven");
  }
  const evidence = "Retry 1 for history load: Simulated state store failure";
  await expect(page.locator(".proof").filter({ hasText: "Retry logic" })).toContainText(evidence);
  await expect(page.locator("section", { has: page.getByRole("heading", { name: "Log", exact: true }) })).toContainText(evidence);
  await expect(page.getByText("daca-ai-app||ChatAgent||user1||history-user1").first()).toBeVisible();
  expect(await violations(page)).toEqual([]);

  await page.emulateMedia({ media: "print" });
  await expect(page.getByRole("link", { name: "Back to the lab" })).toBeHidden();
  await expect(page.getByText("5 of 5 checks proven")).toBeVisible();
  await page.emulateMedia({ media: "screen" });

  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Save as a file" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("faultlab-user1.html");
  const file = await download.path();
  const html = await readFile(file, "utf8");
  expect(html).toContain(evidence);
  expect(html, "it needs nothing beside it").not.toMatch(/(?:href|src)="\//);
  const kept = await context.newPage();
  await kept.setContent(html);
  await expect(kept.getByText("5 of 5 checks proven")).toBeVisible();
  await expect(kept.locator(".report table").first()).toHaveCSS("border-collapse", "collapse");
});

test("a report of an untouched lab proves nothing", async ({ page }) => {
  await page.goto("/lab/nobody/report");
  await expect(page.getByText("0 of 5 checks proven")).toBeVisible();
  await expect(page.getByText("not proven (not yet)")).toHaveCount(5);
});

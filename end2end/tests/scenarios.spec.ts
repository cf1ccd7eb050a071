// Every scenario by its link: what is told, run, and ended as told.
import { LabPage } from "../support/lab.ts";
import { expect, test } from "../support/test.ts";

/** A scenario as `GET /api/scenarios` lists it. */
type Scenario = { name: string; title: string; watch: string; missing: string | null };

test("every scenario that can run here runs from its link, and ends as told", async ({ page, request }) => {
  test.setTimeout(180_000);
  const scenarios: Scenario[] = await (await request.get("/api/scenarios")).json();
  const lab = new LabPage(page);
  // That one has a test of its own, where actors idle for a short time.
  const here = scenarios.filter((scenario) => scenario.missing === null && scenario.name !== "after-idling");
  expect(here.length).toBeGreaterThan(8);
  for (const scenario of here) {
    await lab.open(`/lab/user1?scenario=${scenario.name}`);
    await expect(lab.chat.getByText(`Scenario: ${scenario.title}`)).toBeVisible();
    await expect(lab.chat.getByText(scenario.watch)).toBeVisible();
    await lab.chat.getByRole("button", { name: "Run it" }).click();
    await expect(lab.chat.getByText("It ended as told."), scenario.name).toBeVisible({ timeout: 40_000 });
  }
});

test.describe("where actors idle for three seconds", () => {
  test.use({ faultlabFlags: ["--actor-idle", "3"] });

  test("an actor that was taken out of memory comes back, by its link", async ({ page }) => {
    const lab = new LabPage(page);
    await lab.open("/lab/user1?scenario=after-idling");
    await expect(lab.chat.getByText("Here an actor idles for 3 seconds.")).toBeVisible();
    await lab.chat.getByRole("button", { name: "Run it" }).click();
    await expect(lab.chat.getByText("It ended as told.")).toBeVisible({ timeout: 30_000 });
    await expect(lab.reply("After the nap")).toBeVisible();
  });
});

test("the page shows a scenario while it runs", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open("/lab/user1?scenario=outage-ends");
  const waiting = lab.glimpse(/Attempt 1 failed\. Attempt 2 of 3 in/);
  await lab.chat.getByRole("button", { name: "Run it" }).click();
  await waiting;
  await expect(lab.chat.getByText("It ended as told.")).toBeVisible();
  await expect(lab.reply("Still there?")).toBeVisible();
});

test("a scenario is chosen from the menu; one that cannot run says what it needs", async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open("/lab/anna");
  await lab.chat.getByText("Scenarios", { exact: true }).click();
  await lab.chat.getByRole("link", { name: /Redis is away/ }).click();
  await expect(page).toHaveURL(/\/lab\/anna\?scenario=redis-outage$/);
  await expect(lab.chat.getByRole("button", { name: "Run it" })).toBeDisabled();
  await expect(lab.chat.getByText("cargo xtask run --dapr").last()).toBeVisible();
  await page.goto("/lab/anna?scenario=rain");
  await expect(lab.chat.getByRole("alert")).toContainText("There is no scenario rain");
});

test.describe("without script", () => {
  test.use({ javaScriptEnabled: false });

  test("a scenario is run by its form", async ({ page }) => {
    await page.goto("/lab/user1?scenario=save-fails-twice");
    await page.getByRole("button", { name: "Run it" }).click();
    await expect(page.getByText("It ended as told.")).toBeVisible();
    await expect(page.getByRole("region", { name: "Conversation" }).getByText("Got your message: Keep this")).toBeVisible();
  });
});

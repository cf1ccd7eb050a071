// The demonstration of ten minutes that the README describes: in front of a room, by the same keys, row by row.
import { LabPage } from "../support/lab.ts";
import { type Page, expect, test } from "../support/test.ts";

/** Presses keys one after the other, as a hand does: each when what the last one brought is there to be seen. */
async function press(page: Page, ...keys: [key: string, seen: () => Promise<void>][]): Promise<void> {
  for (const [key, seen] of keys) {
    await page.keyboard.press(key);
    await seen();
  }
}

test("the demonstration in the README runs by its keys alone", async ({ page, faultlab }) => {
  await faultlab.send("What somebody tried before");
  const lab = new LabPage(page);
  await lab.open();
  const said = page.locator(".p-words");
  const step = page.locator(".p-step");
  const says = (words: RegExp) => () => expect(said).toHaveText(words);
  const stands = (words: RegExp) => () => expect(step).toHaveText(words);
  const hold = page.getByRole("checkbox", { name: "Hold before each attempt" });

  await test.step("from a lab that has been reset", () =>
    press(
      page,
      ["x", () => expect(page.getByRole("button", { name: "Reset user1" })).toBeVisible()],
      ["Tab", () => expect(page.getByRole("button", { name: "Reset user1" })).toBeFocused()],
      ["Enter", () => expect(page.getByRole("heading", { level: 1 })).toHaveText("Send the first message.")],
    ));

  await test.step("the coming turn, predicted", () =>
    press(page, ["p", () => expect(lab.timeline.locator(".coming")).toContainText("predicted")]));

  await test.step("the first attempt to load is held", () =>
    press(
      page,
      ["j", () => expect(hold).toBeChecked()],
      ["PageDown", says(/^Attempt 1 of 3 to load is held/)],
    ));

  await test.step("it fails on purpose, the actor waits, and attempt 2 is held", async () => {
    const waits = lab.glimpse(/^Attempt 1 failed\. Attempt 2 of 3 in \d/, ".p-words");
    await press(page, ["PageDown", () => waits]);
    await expect(page.locator(".flow-line")).toHaveAttribute("aria-label", /actor to the state store is open/);
    await says(/^Attempt 2 of 3 to load is held/)();
  });

  await test.step("one press each for load, save and event: the reply", () =>
    press(
      page,
      ["PageDown", says(/^Attempt 1 of 3 to save is held/)],
      ["PageDown", says(/^Attempt 1 of 1 to publish is held/)],
      ["PageDown", says(/^Recovered on attempt 2 of 3/)],
    ));

  await test.step("the same turn once more, halted, and on to its end", async () => {
    await press(
      page,
      ["j", () => expect(hold).not.toBeChecked()],
      ["r", () => expect(lab.live).toHaveText("Replay")],
      ["k", () => expect(lab.live).toHaveText("Paused")],
      ["k", () => expect(lab.live).toHaveText("Live")],
    );
    await expect(said).toHaveText(/^Recovered on attempt 2 of 3/);
  });

  await test.step("the history: steps 1 to 3 are proven", () =>
    press(page, ["PageDown", stands(/^2\s+History retrieval proven/)]));

  await test.step("the log lines, and the value in the store itself", () =>
    press(
      page,
      ["PageDown", stands(/^3\s+Retry logic proven/)],
      ["PageDown", stands(/^4\s+State consistency proven/)],
    ));

  await test.step("two more messages, and none is lost", () =>
    press(
      page,
      ["PageDown", stands(/^5\s+Recovery 2 of 3 sent/)],
      ["PageDown", stands(/^5\s+Recovery read history/)],
      ["PageDown", stands(/^5\s+Recovery proven/)],
    ));

  await test.step("all attempts fail: what is not stored, and Send again", async () => {
    await press(
      page,
      ["Escape", () => lab.expectScore(5)],
      ["e", () => expect(page.getByLabel("Which operation fails")).toBeFocused()],
      ["Tab", () => expect(page.getByRole("combobox", { name: "How long" })).toBeFocused()],
      ["ArrowDown", () => expect(page.getByRole("combobox", { name: "How long" })).toHaveValue("2")],
      ["ArrowDown", () => expect(page.getByRole("combobox", { name: "How long" })).toHaveValue("3")],
      ["Escape", () => expect(page.getByRole("combobox", { name: "How long" })).not.toBeFocused()],
      ["m", () => expect(lab.message).toBeFocused()],
    );
    await page.keyboard.type("Once more, for all to see");
    await press(
      page,
      ["Enter", () => expect(lab.chat.getByText("Failed: the history could not be loaded in 3 attempts.")).toBeVisible()],
      ["Escape", () => expect(lab.message).not.toBeFocused()],
      ["z", () => expect(lab.reply("Once more, for all to see")).toBeVisible()],
    );
  });

  await test.step("the report", () =>
    press(page, ["i", () => expect(page.getByRole("heading", { name: /^Report/ })).toBeVisible()]));
  await expect(page.getByText("5 of 5 checks proven")).toBeVisible();
});

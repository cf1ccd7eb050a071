// The lab's page as a person finds it: by what is written on it.
import { type Locator, type Page, expect } from "@playwright/test";

export class LabPage {
  readonly message: Locator;
  readonly send: Locator;
  readonly score: Locator;
  readonly chat: Locator;
  readonly timeline: Locator;
  readonly live: Locator;

  constructor(readonly page: Page) {
    this.message = page.getByRole("textbox", { name: "Message" });
    this.send = page.getByRole("button", { name: "Send", exact: true });
    this.score = page.locator(".score");
    this.chat = page.getByRole("region", { name: /^Chat/ });
    this.timeline = page.getByRole("region", { name: "Retry timeline" });
    this.live = page.locator(".topbar .live");
  }

  /** Opens a lab and waits until it hears of what happens. */
  async open(path = "/"): Promise<void> {
    await this.page.goto(path);
    await expect(this.live).toHaveText("Live");
  }

  /**
   * Opens a lab that does not get to *Live*, and waits until its script follows the events: what the live mark says
   * then, the server may have said before.
   */
  async follow(address: string): Promise<void> {
    const stream = this.page.waitForResponse(/\/events\//);
    await this.page.goto(address);
    await stream;
  }

  async say(text: string): Promise<void> {
    await this.message.fill(text);
    await this.message.press("Enter");
  }

  /** The agent's reply to `text`. */
  reply(text: string): Locator {
    return this.chat.getByText(`Got your message: ${text}`, { exact: true });
  }

  /**
   * Waits for words that stand there for a moment only, in the chat unless told otherwise. Called before what brings
   * them about, and watching every frame: an ordinary expectation looks once a second and can miss them.
   */
  async glimpse(words: RegExp, where = ".chat"): Promise<void> {
    const seen = ({ words, where }: { words: RegExp; where: string }) =>
      words.test(document.querySelector(where)?.textContent ?? "");
    await this.page.waitForFunction(seen, { words, where }, { polling: "raf" });
  }

  /** One of the five checks, by its title. */
  check(title: string): Locator {
    return this.page.locator(".check").filter({ hasText: title });
  }

  /** Presses a button of the check, opened first if it is not. */
  async press(check: string, button: string | RegExp): Promise<void> {
    const item = this.check(check);
    const target = item.getByRole("button", { name: button });
    if (!(await target.isVisible())) await item.locator("summary").first().click();
    await target.click();
  }

  async expectScore(proven: number): Promise<void> {
    await expect(this.score).toHaveText(`${proven} of 5`);
  }

  /** Sets the switch's sentence. */
  async breakStore(operation: "load" | "save" | "publish", attempts: number): Promise<void> {
    await this.page.getByLabel("Which operation fails").selectOption(operation);
    await this.page.getByRole("combobox", { name: "How long" }).selectOption(String(attempts));
  }

  /** The fields of a fault, counted from 1, within *More*. */
  fault(n: number): Locator {
    return this.page.getByRole("group", { name: `Fault ${n}` });
  }

  /** Opens *More*, beside the switch's sentence. */
  async openFaults(): Promise<void> {
    await this.page.getByText("More", { exact: true }).click();
  }

  /** One more fault, of this operation. */
  async addFault(operation: string): Promise<Locator> {
    await this.page.getByRole("button", { name: "Add a fault" }).click();
    const fault = this.page.locator(".fault").last();
    await fault.getByRole("combobox", { name: "Operation" }).selectOption(operation);
    return fault;
  }
}

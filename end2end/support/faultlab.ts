// A `faultlab` of the test's own, on free ports and an empty data folder; with FAULTLAB_DAPR set, on a real Dapr of the
// test's own.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Dapr } from "./dapr.ts";
import { type Ending, Program } from "./program.ts";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const PROGRAM = process.env["FAULTLAB_BIN"] ?? join(REPOSITORY, "target/debug/faultlab");
const SITE = process.env["FAULTLAB_SITE"] ?? join(REPOSITORY, "target/site");
const ON_DAPR = Boolean(process.env["FAULTLAB_DAPR"]);

/** The line that the program prints when it serves. */
const READY = /^Faultlab is ready: (http:\/\/\S+)$/m;
const START_LIMIT_MS = 30_000;

export class Faultlab {
  /** Where the page is, such as `http://127.0.0.1:43210`. */
  url = "";
  /** What it has printed in all its starts but the last. */
  private earlier = "";
  private program: Program | undefined;
  private dapr: Dapr | undefined;

  private constructor(
    /** The folder that the histories are in. */
    readonly data: string,
    private flags: readonly string[],
  ) {}

  /** Starts one; `flags` come after the test's own. */
  static async start(...flags: string[]): Promise<Faultlab> {
    const faultlab = new Faultlab(await mkdtemp(join(tmpdir(), "faultlab-")), flags);
    try {
      if (ON_DAPR) faultlab.dapr = await Dapr.start(faultlab.data);
      await faultlab.launch("127.0.0.1:0");
      // daprd reaches its store through faultlab's wire, and asks faultlab for its actors.
      await faultlab.dapr?.startSidecar();
    } catch (error) {
      await faultlab.dispose();
      throw error;
    }
    return faultlab;
  }

  /** Everything that the program has printed, over all its starts. */
  get log(): string {
    return this.earlier + (this.program?.output ?? "");
  }

  /** What the programs of real Dapr have printed; empty on the embedded sidecar. */
  get daprLog(): string {
    return this.dapr?.log ?? "";
  }

  /** Asks it to end, as Ctrl-C does, and waits until it has. */
  async stop(): Promise<Ending> {
    return this.end("SIGINT");
  }

  /** Ends it without a warning, as a power cut does. */
  async kill(): Promise<Ending> {
    return this.end("SIGKILL");
  }

  /**
   * Starts it again after `stop` or `kill`: the same data and the same address, so that open pages come back. `flags`
   * come after those that it has.
   */
  async startAgain(...flags: string[]): Promise<void> {
    this.flags = [...this.flags, ...flags];
    await this.launch(new URL(this.url).host);
  }

  /** Ends it and removes its data. */
  async dispose(): Promise<void> {
    if (this.program?.running) await this.stop();
    await this.dapr?.dispose();
    await rm(this.data, { recursive: true, force: true });
  }

  /** Sends a message past the page, as `curl` would, and waits for its answer. */
  async send(content: string, actor = "user1"): Promise<void> {
    await this.call("POST", `/chat/${actor}`, { role: "user", content });
  }

  /** Lets the switch of the lesson's lab fail afresh. */
  async arm(): Promise<void> {
    await this.call("POST", "/api/lab/user1/fault/arm");
  }

  /** Has the lesson's actor return its history, as the second check asks for. */
  async readHistory(): Promise<void> {
    await this.call("GET", "/chat/user1/history");
  }

  /** Has the store's value compared with it, as the fourth check asks for. */
  async compare(): Promise<void> {
    await this.call("POST", "/api/lab/user1/compare");
  }

  /** Sets the retry policy of the lesson's lab; what is left out is the lesson's. */
  async setPolicy(policy: { attempts?: number; delay_ms?: number }): Promise<void> {
    await this.call("PUT", "/api/lab/user1/policy", policy);
  }

  /** Sets what the switch of the lesson's lab holds ready; nothing switches it off. */
  async setFaults(...plan: object[]): Promise<void> {
    await this.call("PUT", "/api/lab/user1/fault", plan.length > 0 ? { on: true, plan } : { on: false });
  }

  /** Sets whether each attempt of the lesson's lab is held until it is released; off lets go what is held. */
  async setHold(on: boolean): Promise<void> {
    await this.call("PUT", "/api/lab/user1/hold", { on });
  }

  /** What has happened in the lesson's lab, as JSON. */
  async timeline(): Promise<string> {
    return (await fetch(`${this.url}/api/lab/user1/timeline`)).text();
  }

  private async call(method: string, path: string, body?: object): Promise<void> {
    const json = body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch(this.url + path, { method, ...json });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  }

  private async launch(addr: string): Promise<void> {
    if (this.program?.running) throw new Error("faultlab is running already");
    this.earlier = this.log;
    const where = ["--addr", addr, "--data", this.data, "--site", SITE];
    const sidecar = this.dapr?.flags ?? (this.flags.includes("--app-addr") ? [] : ["--app-addr", "127.0.0.1:0"]);
    const args = [...where, ...sidecar, ...this.flags];
    const program = Program.start("faultlab", PROGRAM, args, REPOSITORY, this.dapr?.environment);
    this.program = program;
    this.url = await program.until(START_LIMIT_MS, () => READY.exec(program.stdout)?.[1]);
  }

  private async end(signal: NodeJS.Signals): Promise<Ending> {
    if (!this.program) throw new Error("faultlab is not running");
    return this.program.end(signal);
  }
}

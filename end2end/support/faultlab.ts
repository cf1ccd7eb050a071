// A `faultlab` of the test's own, on free ports and an empty data folder.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const PROGRAM = process.env["FAULTLAB_BIN"] ?? join(REPOSITORY, "target/debug/faultlab");
const SITE = process.env["FAULTLAB_SITE"] ?? join(REPOSITORY, "target/site");

/** The line that the program prints when it serves. */
const READY = /^Faultlab is ready: (http:\/\/\S+)$/m;
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 15_000;

/** How a process ended: its status, or the signal that ended it. */
export type Ending = { code: number | null; signal: NodeJS.Signals | null };

export class Faultlab {
  /** Everything that the program has printed, over all its starts. */
  log = "";
  /** Where the page is, such as `http://127.0.0.1:43210`. */
  url = "";
  private process: ChildProcess | undefined;

  private constructor(
    /** The folder that the histories are in. */
    readonly data: string,
    private readonly flags: readonly string[],
  ) {}

  /** Starts one; `flags` come after the test's own. */
  static async start(...flags: string[]): Promise<Faultlab> {
    const faultlab = new Faultlab(await mkdtemp(join(tmpdir(), "faultlab-")), flags);
    try {
      await faultlab.launch("127.0.0.1:0");
    } catch (error) {
      await faultlab.dispose();
      throw error;
    }
    return faultlab;
  }

  /** Asks it to end, as Ctrl-C does, and waits until it has. */
  async stop(): Promise<Ending> {
    return this.end("SIGINT");
  }

  /** Ends it without a warning, as a power cut does. */
  async kill(): Promise<Ending> {
    return this.end("SIGKILL");
  }

  /** Starts it again after `stop` or `kill`: the same data and the same address, so that open pages come back. */
  async startAgain(): Promise<void> {
    await this.launch(new URL(this.url).host);
  }

  /** Ends it and removes its data. */
  async dispose(): Promise<void> {
    if (this.process) await this.stop();
    await rm(this.data, { recursive: true, force: true });
  }

  private async launch(addr: string): Promise<void> {
    if (this.process) throw new Error("faultlab is running already");
    const where = ["--addr", addr, "--app-addr", "127.0.0.1:0", "--data", this.data, "--site", SITE];
    const child = spawn(PROGRAM, [...where, ...this.flags], { cwd: REPOSITORY, stdio: ["ignore", "pipe", "pipe"] });
    this.process = child;
    const started = this.log.length;
    await new Promise<void>((done, failed) => {
      const fail = (why: string) => {
        clearTimeout(timer);
        failed(new Error(`faultlab ${why}. It printed:\n${this.log.slice(started)}`));
      };
      const timer = setTimeout(() => fail(`was not ready after ${START_LIMIT_MS / 1000} s`), START_LIMIT_MS);
      child.once("error", (error) => {
        this.process = undefined;
        fail(`could not be started (${error.message})`);
      });
      // "close" comes after the last output has been read.
      child.once("close", (code, signal) => {
        if (this.process === child) this.process = undefined;
        fail(`ended with ${signal ?? code}`);
      });
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        this.log += text;
        output += text;
        const url = READY.exec(output)?.[1];
        if (!url) return;
        this.url = url;
        clearTimeout(timer);
        done();
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        this.log += text;
      });
    });
  }

  private async end(signal: NodeJS.Signals): Promise<Ending> {
    const child = this.process;
    if (!child) throw new Error("faultlab is not running");
    const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
    const forced = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
    child.kill(signal);
    const [code, by] = await closed;
    clearTimeout(forced);
    return { code, signal: by };
  }
}

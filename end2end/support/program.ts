// A program that a test starts, hears and ends.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";

const STOP_LIMIT_MS = 15_000;
const LOOK_MS = 20;

/** How a process ended: its status, or the signal that ended it. */
export type Ending = { code: number | null; signal: NodeJS.Signals | null };

export class Program {
  /** What it has printed on standard output. */
  stdout = "";
  /** What it has printed, on standard output and standard error. */
  output = "";
  private why: string | undefined;
  private readonly closed: Promise<Ending>;

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
  ) {
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      this.output += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.output += text;
    });
    child.once("error", (error) => {
      this.why = `could not be started (${error.message})`;
    });
    // "close" comes after the last output has been read.
    this.closed = once(child, "close").then(([code, signal]) => {
      this.why ??= `ended with ${signal ?? code}`;
      return { code, signal } as Ending;
    });
    // Whoever waits for it hears of an error through `why`.
    this.closed.catch(() => {});
  }

  /** Starts it in `cwd`; `env` is added to this process's environment. */
  static start(name: string, file: string, args: string[], cwd: string, env: Record<string, string> = {}): Program {
    const options = { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] as const };
    return new Program(name, spawn(file, args, { ...options, stdio: [...options.stdio] }));
  }

  /** Whether it has not ended yet. */
  get running(): boolean {
    return this.why === undefined;
  }

  /** Waits until `ready` gives something; fails, with what was printed, when the program ends first. */
  async until<T>(limitMs: number, ready: () => Promise<T | undefined> | T | undefined): Promise<T> {
    const fail = (why: string) => new Error(`${this.name} ${why}. It printed:\n${this.output}`);
    const deadline = performance.now() + limitMs;
    for (;;) {
      const result = await ready();
      if (result !== undefined) return result;
      if (this.why !== undefined) throw fail(this.why);
      if (performance.now() > deadline) throw fail(`was not ready after ${limitMs / 1000} s`);
      await pause(LOOK_MS);
    }
  }

  /** Sends it a signal and waits until it has ended. */
  async end(signal: NodeJS.Signals): Promise<Ending> {
    if (!this.running) throw new Error(`${this.name} is not running: it ${this.why}`);
    const forced = setTimeout(() => this.child.kill("SIGKILL"), STOP_LIMIT_MS);
    this.child.kill(signal);
    const ending = await this.closed;
    clearTimeout(forced);
    return ending;
  }
}

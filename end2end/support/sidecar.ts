// The `sidecar` program: a Dapr sidecar of a test's own that can come and go while its faultlab runs.
import { dirname, join, resolve } from "node:path";
import { Faultlab } from "./faultlab.ts";
import { freePorts } from "./ports.ts";
import { Program } from "./program.ts";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const PROGRAM = join(dirname(process.env["FAULTLAB_BIN"] ?? join(REPOSITORY, "target/debug/faultlab")), "sidecar");
const START_LIMIT_MS = 30_000;

export class LabWithSidecar {
  private sidecar: Program | undefined;

  private constructor(
    readonly faultlab: Faultlab,
    private readonly ports: { app: number; http: number; grpc: number },
  ) {}

  /** A faultlab that has been told of a sidecar which is not there yet. */
  static async start(): Promise<LabWithSidecar> {
    const ports = await freePorts(["app", "http", "grpc"]);
    const app = ["--app-addr", `127.0.0.1:${ports.app}`];
    const sidecar = ["--dapr-http-port", String(ports.http), "--dapr-grpc-port", String(ports.grpc)];
    return new LabWithSidecar(await Faultlab.start(...app, ...sidecar), ports);
  }

  /** Starts the sidecar and waits until it answers. */
  async startSidecar(): Promise<void> {
    const { app, http, grpc } = this.ports;
    const ports = ["--app-port", String(app), "--dapr-http-port", String(http), "--dapr-grpc-port", String(grpc)];
    const resources = ["--resources-path", join(REPOSITORY, "components/local")];
    const args = ["--app-id", "daca-ai-app", ...ports, ...resources];
    const sidecar = Program.start("sidecar", PROGRAM, args, this.faultlab.data);
    this.sidecar = sidecar;
    await sidecar.until(START_LIMIT_MS, async () => {
      const answer = await fetch(`http://127.0.0.1:${http}/v1.0/healthz`).catch(() => undefined);
      return answer?.ok || undefined;
    });
  }

  /** Ends the sidecar without a warning. */
  async killSidecar(): Promise<void> {
    await this.sidecar?.end("SIGKILL");
  }

  async dispose(): Promise<void> {
    if (this.sidecar?.running) await this.killSidecar();
    await this.faultlab.dispose();
  }
}

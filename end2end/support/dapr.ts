// Real Dapr for one test: Redis, placement and daprd, on free ports, each a process of the test's own. A placement
// service for each test too: two sidecars of one app on one placement would share the actors.
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import { freePorts } from "./ports.ts";
import { Program } from "./program.ts";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const PROGRAMS = process.env["FAULTLAB_DAPR_BIN"] ?? join(REPOSITORY, "target/dapr");
const COMPONENTS = join(REPOSITORY, "components/redis");
/** Where the component files look for Redis. */
const USUAL = "localhost:6379";
const START_LIMIT_MS = 30_000;
const LOOK_LIMIT_MS = 1_000;

const NAMES = ["redis", "wire", "app", "placement", "placementHealth", "raft", "http", "grpc", "internal"] as const;
type Ports = Record<(typeof NAMES)[number], number>;

export class Dapr {
  /** In the order of their start. */
  private readonly programs: Program[] = [];

  private constructor(
    /** The test's own folder. */
    private readonly folder: string,
    private readonly ports: Ports,
  ) {}

  /** Starts what faultlab stands on: Redis and placement. */
  static async start(folder: string): Promise<Dapr> {
    const dapr = new Dapr(folder, await freePorts(NAMES));
    try {
      await dapr.startRedis();
      await dapr.startPlacement();
    } catch (error) {
      await dapr.dispose();
      throw error;
    }
    return dapr;
  }

  /** What faultlab is told in its flags. */
  get flags(): string[] {
    const { app, wire, redis } = this.ports;
    return ["--app-addr", local(app), "--wire", local(wire), "--store", `redis://${local(redis)}`];
  }

  /** What faultlab is told of its sidecar, as `dapr run` would. */
  get environment(): Record<string, string> {
    return { DAPR_HTTP_PORT: String(this.ports.http), DAPR_GRPC_PORT: String(this.ports.grpc) };
  }

  /** What the programs have printed. */
  get log(): string {
    return this.programs.map(({ name, output }) => `---- ${name} ----\n${output}`).join("\n");
  }

  /** Starts daprd, once faultlab serves, and waits until it hosts faultlab's actors. */
  async startSidecar(): Promise<void> {
    const { ports } = this;
    const resources = await this.writeComponents();
    const daprd = this.start("daprd", join(PROGRAMS, "daprd"), [
      ...["--mode", "standalone", "--app-id", "daca-ai-app", "--app-protocol", "http", "--app-port", String(ports.app)],
      ...["--dapr-http-port", String(ports.http), "--dapr-grpc-port", String(ports.grpc)],
      ...["--dapr-listen-addresses", "127.0.0.1", "--dapr-internal-grpc-listen-address", "127.0.0.1"],
      ...["--dapr-internal-grpc-port", String(ports.internal), "--enable-metrics=false"],
      ...["--placement-host-address", local(ports.placement), "--resources-path", resources],
    ]);
    type Metadata = { actorRuntime?: { hostReady?: boolean; activeActors?: { type: string }[] } };
    await daprd.until(START_LIMIT_MS, async () => {
      const answer = await look(`http://${local(ports.http)}/v1.0/metadata`);
      const { actorRuntime } = ((await answer?.json()) ?? {}) as Metadata;
      const hosted = actorRuntime?.activeActors?.some(({ type }) => type === "ChatAgent");
      return (actorRuntime?.hostReady && hosted) || undefined;
    });
  }

  /** Ends them, the last started first. */
  async dispose(): Promise<void> {
    for (const program of this.programs.toReversed()) if (program.running) await program.end("SIGTERM");
  }

  private async startRedis(): Promise<void> {
    const where = ["--bind", "127.0.0.1", "--port", String(this.ports.redis), "--dir", this.folder];
    const redis = this.start("redis-server", "redis-server", [...where, "--save", "", "--appendonly", "no"]);
    await redis.until(START_LIMIT_MS, async () => (await listens(this.ports.redis)) || undefined);
  }

  private async startPlacement(): Promise<void> {
    const { ports } = this;
    const placement = this.start("placement", join(PROGRAMS, "placement"), [
      ...["--port", String(ports.placement), "--listen-address", "127.0.0.1"],
      ...["--healthz-port", String(ports.placementHealth), "--healthz-listen-address", "127.0.0.1"],
      ...["--id", "test", "--initial-cluster", `test=${local(ports.raft)}`, "--enable-metrics=false"],
    ]);
    await placement.until(START_LIMIT_MS, () => look(`http://${local(ports.placementHealth)}/healthz`));
  }

  private start(name: string, file: string, args: string[]): Program {
    const program = Program.start(name, file, args, this.folder);
    this.programs.push(program);
    return program;
  }

  /** The project's component files with this test's addresses: the state store behind the wire, all else past it. */
  private async writeComponents(): Promise<string> {
    const folder = join(this.folder, "components");
    await mkdir(folder);
    for (const name of await readdir(COMPONENTS)) {
      const text = await readFile(join(COMPONENTS, name), "utf8");
      const port = text.includes("type: state.redis") ? this.ports.wire : this.ports.redis;
      await writeFile(join(folder, name), text.replaceAll(USUAL, local(port)));
    }
    return folder;
  }
}

function local(port: number): string {
  return `127.0.0.1:${port}`;
}

/** The answer at a URL, if there is a good one. */
async function look(url: string): Promise<Response | undefined> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(LOOK_LIMIT_MS) }).catch(() => undefined);
  return answer?.ok ? answer : undefined;
}

async function listens(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1", () => done(true)).on("error", () => done(false));
    socket.on("connect", () => socket.destroy());
  });
}

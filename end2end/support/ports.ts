// Free ports for programs that have to be told theirs.
import { createServer } from "node:net";

/**
 * A free port for each name, below those that the system gives to outgoing connections: one of them could take a port
 * before its program listens. Each worker of a test run begins elsewhere.
 */
export async function freePorts<Name extends string>(names: readonly Name[]): Promise<Record<Name, number>> {
  const found: [string, number][] = [];
  for (const name of names) {
    while (!(await isFree(nextPort))) nextPort += 1;
    found.push([name, nextPort++]);
  }
  return Object.fromEntries(found) as Record<Name, number>;
}

let nextPort = 20_000 + (process.pid % 100) * 120;

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listens = await new Promise((done) => {
    server.listen(port, "127.0.0.1", () => done(true)).on("error", () => done(false));
  });
  if (listens) await new Promise((done) => server.close(done));
  return Boolean(listens);
}

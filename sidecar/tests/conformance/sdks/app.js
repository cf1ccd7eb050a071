// The app of the conformance suite with Dapr's SDK for JavaScript.
"use strict";

const { AbstractActor, ActorId, ActorProxyBuilder, DaprServer, HttpMethod, Temporal } = require("@dapr/dapr");

const events = [];

class Counter extends AbstractActor {
  ticks = 0;
  reminders = 0;

  async Add(change) {
    const total = (await this.Get()) + change.n;
    await this.stateManager.setState("total", total);
    return total;
  }

  async Get() {
    const [found, total] = await this.stateManager.tryGetState("total");
    return found ? total : 0;
  }

  async Fail() {
    throw new Error("as it was asked");
  }

  async StartTimer() {
    await this.registerActorTimer("t", "Tick", "0s", "300ms", undefined, "hi");
    return "started";
  }

  async Tick() {
    this.ticks += 1;
    if (this.ticks === 3) await this.unregisterActorTimer("t");
  }

  async Remind() {
    await this.registerActorReminder("r", Temporal.Duration.from({ seconds: 0 }), Temporal.Duration.from({ seconds: 1 }), undefined, "hi");
    return "started";
  }

  async receiveReminder() {
    this.reminders += 1;
    if (this.reminders === 2) await this.unregisterActorReminder("r");
  }

  async Seen() {
    return { ticks: this.ticks, reminders: this.reminders };
  }
}

/** What a caller can find out about an error. */
async function told(work) {
  try {
    const answer = await work();
    return answer?.error ? [answer.error.constructor.name, answer.error.message] : ["no error", answer];
  } catch (error) {
    return [error.constructor.name, error.message];
  }
}

async function main() {
  const server = new DaprServer({
    serverHost: "127.0.0.1",
    serverPort: process.env.APP_PORT,
    clientOptions: { daprHost: "127.0.0.1", daprPort: process.env.DAPR_HTTP_PORT },
  });
  const client = server.client;
  const counter = (id) => new ActorProxyBuilder(Counter, client).build(new ActorId(id));

  await server.actor.init();
  await server.actor.registerActor(Counter);
  await server.pubsub.subscribe("bus", "orders", async (data) => {
    events.push(["orders", data]);
  });

  const routes = {
    news: async (request) => {
      const event = JSON.parse(request.body);
      events.push([event.topic, event.type, event.datacontenttype, event.data]);
      return { status: "SUCCESS" };
    },
    events: async () => events,
    count: async () => counter("by-proxy").Add({ n: 5 }),
    publish: async () => [await client.pubsub.publish("bus", "orders", { n: 1 }), await client.pubsub.publish("bus", "news", "some text")],
    states: async () => {
      const read = [await client.state.save("statestore", [{ key: "k", value: "one" }])];
      read.push(await client.state.get("statestore", "k"));
      await client.state.transaction("statestore", [
        { operation: "upsert", request: { key: "k2", value: { two: 2 } } },
        { operation: "delete", request: { key: "k" } },
      ]);
      read.push(await client.state.get("statestore", "k"), await client.state.get("statestore", "k2"));
      const bulk = await client.state.getBulk("statestore", ["k2"]);
      read.push(bulk.map((item) => [item.key, item.data, item.etag !== undefined]));
      read.push(await client.state.delete("statestore", "k2"), await client.state.get("statestore", "k2"));
      return read;
    },
    errors: async () => {
      await client.state.save("statestore", [{ key: "e", value: "1" }]);
      const stale = { key: "e", value: "2", etag: "7", options: { concurrency: "first-write" } };
      return [
        await told(() => client.state.get("nowhere", "k")),
        await told(() => client.pubsub.publish("nowhere", "t", "x")),
        await told(() => client.secret.get("nowhere", "k")),
        await told(() => client.state.save("statestore", [stale])),
        await told(() => counter("a").Fail()),
        await told(() => client.invoker.invoke("app", "missing", HttpMethod.POST, {})),
      ];
    },
    call: async () => client.invoker.invoke("app", "hello", HttpMethod.POST, { who: "you" }),
    hello: async (request) => `hello ${JSON.parse(request.body).who}`,
  };
  for (const [route, answer] of Object.entries(routes)) {
    await server.invoker.listen(route, answer, { method: HttpMethod.POST });
  }
  await server.start();
}

main();

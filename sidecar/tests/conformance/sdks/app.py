"""The app of the conformance suite with Dapr's SDK for Python."""

import json
import os
from contextlib import asynccontextmanager
from datetime import timedelta

import uvicorn
from dapr.actor import Actor, ActorId, ActorInterface, ActorProxy, Remindable, actormethod
from dapr.actor.runtime.config import ActorReentrancyConfig, ActorRuntimeConfig
from dapr.actor.runtime.runtime import ActorRuntime
from dapr.clients import DaprClient
from dapr.clients.grpc._request import TransactionalStateOperation, TransactionOperationType
from dapr.clients.grpc._state import Concurrency, StateOptions
from dapr.ext.fastapi import DaprActor, DaprApp
from fastapi import Body, FastAPI

events = []


class CounterInterface(ActorInterface):
    @actormethod(name="Add")
    async def add(self, change: dict) -> int: ...

    @actormethod(name="Get")
    async def get(self) -> int: ...

    @actormethod(name="Fail")
    async def fail(self) -> None: ...

    @actormethod(name="StartTimer")
    async def start_timer(self) -> str: ...

    @actormethod(name="Remind")
    async def remind(self) -> str: ...

    @actormethod(name="Seen")
    async def seen(self) -> dict: ...

    @actormethod(name="Nested")
    async def nested(self) -> int: ...


class Counter(Actor, CounterInterface, Remindable):
    def __init__(self, ctx, actor_id):
        super().__init__(ctx, actor_id)
        self.own_id = actor_id
        self.ticks = 0
        self.reminders = 0

    async def add(self, change: dict) -> int:
        total = await self.get() + change["n"]
        await self._state_manager.set_state("total", total)
        return total

    async def get(self) -> int:
        found, total = await self._state_manager.try_get_state("total")
        return total if found else 0

    async def fail(self) -> None:
        raise ValueError("as it was asked")

    async def start_timer(self) -> str:
        await self.register_timer("t", self.tick, "hi", timedelta(0), timedelta(milliseconds=300))
        return "started"

    async def tick(self, state: str) -> None:
        self.ticks += 1
        if self.ticks == 3:
            await self.unregister_timer("t")

    async def remind(self) -> str:
        await self.register_reminder("r", b"hi", timedelta(0), timedelta(seconds=1))
        return "started"

    async def receive_reminder(self, name, state, due_time, period, ttl=None) -> None:
        self.reminders += 1
        if self.reminders == 2:
            await self.unregister_reminder(name)

    async def seen(self) -> dict:
        return {"ticks": self.ticks, "reminders": self.reminders}

    async def nested(self) -> int:
        return await ActorProxy.create("Counter", self.own_id, CounterInterface).Get()


def told(work) -> list:
    """What a caller can find out about an error."""
    try:
        work()
    except Exception as error:
        code = error.code().name if callable(getattr(error, "code", None)) else None
        name = error.error_code() if callable(getattr(error, "error_code", None)) else None
        details = error.details() if callable(getattr(error, "details", None)) else None
        return [type(error).__name__, code, name, details, str(error)]
    return []


@asynccontextmanager
async def begin(app: FastAPI):
    ActorRuntime.set_actor_config(ActorRuntimeConfig(reentrancy=ActorReentrancyConfig(enabled=True)))
    await actors.register_actor(Counter)
    yield


app = FastAPI(lifespan=begin)
actors = DaprActor(app)
subscriptions = DaprApp(app)


def note(event: dict) -> dict:
    events.append([event["topic"], event["type"], event["datacontenttype"], event["data"]])
    return {"status": "SUCCESS"}


@subscriptions.subscribe(pubsub="bus", topic="orders", route="/orders")
def orders(event=Body()):
    return note(event)


@app.post("/news")
def news(event=Body()):
    return note(event)


@app.post("/events")
def seen_events():
    return events


@app.post("/count")
async def count():
    return await ActorProxy.create("Counter", ActorId("by-proxy"), CounterInterface).Add({"n": 5})


@app.post("/publish")
def publish():
    with DaprClient() as client:
        client.publish_event("bus", "orders", json.dumps({"n": 1}), data_content_type="application/json")
        client.publish_event("bus", "news", "some text")
    return "published"


@app.post("/states")
def states():
    read = []
    with DaprClient() as client:

        def look(key):
            item = client.get_state("statestore", key)
            read.append([item.text(), bool(item.etag)])

        client.save_state("statestore", "k", "one")
        look("k")
        client.execute_state_transaction(
            "statestore",
            [
                TransactionalStateOperation(key="k2", data="two"),
                TransactionalStateOperation(key="k", operation_type=TransactionOperationType.delete),
            ],
        )
        look("k")
        look("k2")
        read.append([[item.key, item.text()] for item in client.get_bulk_state("statestore", ["k2"]).items])
        client.delete_state("statestore", "k2")
        look("k2")
    return read


@app.post("/errors")
def errors():
    first = StateOptions(concurrency=Concurrency.first_write)
    with DaprClient() as client:
        client.save_state("statestore", "e", "1")
        return [
            told(lambda: client.get_state("nowhere", "k")),
            told(lambda: client.publish_event("nowhere", "t", "x")),
            told(lambda: client.get_secret("nowhere", "k")),
            told(lambda: client.save_state("statestore", "e", "2", etag="7", options=first)),
            told(lambda: client.invoke_method("app", "missing", data=b"", http_verb="POST")),
        ]


@app.post("/actor-errors")
async def actor_errors():
    try:
        await ActorProxy.create("Counter", ActorId("a"), CounterInterface).Fail()
    except Exception as error:
        return [type(error).__name__, str(error)]


@app.post("/call")
def call():
    with DaprClient() as client:
        answer = client.invoke_method("app", "hello", json.dumps({"who": "you"}), http_verb="POST")
        return [answer.text(), answer.content_type]


@app.post("/hello")
def hello(asked=Body()):
    return f"hello {asked['who']}"


uvicorn.run(app, host="127.0.0.1", port=int(os.environ["APP_PORT"]))

"""Right, in other words: another actor type, other routes, `print` for a log, no failure of its own, tenacity's way to wait."""
# fail:
# skipped: event-follows-save delivery-accepted

import asyncio

from dapr.actor import Actor, ActorId, ActorInterface, ActorProxy, actormethod
from dapr.ext.fastapi import DaprActor
from fastapi import FastAPI
from pydantic import BaseModel


class Greeting(BaseModel):
    role: str = "user"
    content: str


class HelloAgentInterface(ActorInterface):
    @actormethod(name="Greet")
    async def greet(self, greeting: dict) -> str: ...

    @actormethod(name="Greetings")
    async def greetings(self) -> list: ...


class HelloAgent(Actor, HelloAgentInterface):
    def __init__(self, ctx, actor_id):
        super().__init__(ctx, actor_id)
        self.key = f"history-{actor_id.id}"

    async def patiently(self, run):
        for wait in (0.1, 0.2, 0.4, None):
            try:
                return await run()
            except Exception as error:
                if wait is None:
                    await self._state_manager.clear_cache()
                    raise
                print(f"\n--- trying once more in {wait} s, because of an error: {error}")
                await asyncio.sleep(wait)

    async def load(self) -> list:
        found, texts = await self._state_manager.try_get_state(self.key)
        return list(texts) if found else []

    async def greet(self, greeting: dict) -> str:
        texts = await self.patiently(self.load)
        hello = f"Hello, you said: {greeting['content']}"
        texts += [greeting["content"], hello]

        async def save():
            await self._state_manager.set_state(self.key, texts)
            await self._state_manager.save_state()

        await self.patiently(save)
        return hello

    async def greetings(self) -> list:
        return await self.load()


app = FastAPI()
actors = DaprActor(app)


@app.on_event("startup")
async def startup() -> None:
    await actors.register_actor(HelloAgent)


def hello_agent(name: str):
    return ActorProxy.create("HelloAgent", ActorId(name), HelloAgentInterface)


@app.post("/greet/{name}")
async def greet(name: str, greeting: Greeting) -> str:
    return await hello_agent(name).Greet(greeting.model_dump())


@app.get("/greet/{name}/history")
async def greetings(name: str) -> list:
    return await hello_agent(name).Greetings()

"""What the programs here have in common: the chat around an actor. Each of them brings the actor, right or wrong."""

import asyncio
import json
import logging

from dapr.actor import Actor, ActorId, ActorInterface, ActorProxy, actormethod
from dapr.clients import DaprClient
from dapr.ext.fastapi import DaprActor
from fastapi import FastAPI
from pydantic import BaseModel

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("chat")

ATTEMPTS = 3


class Message(BaseModel):
    role: str
    content: str


class ChatAgentInterface(ActorInterface):
    @actormethod(name="ProcessMessage")
    async def process_message(self, user_input: dict) -> dict: ...

    @actormethod(name="GetConversationHistory")
    async def get_conversation_history(self) -> list: ...


class Agent(Actor, ChatAgentInterface):
    """The steps that the programs put together."""

    def __init__(self, ctx, actor_id):
        super().__init__(ctx, actor_id)
        self.user = actor_id.id
        self.key = f"history-{actor_id.id}"
        self.fails = True

    @property
    def state(self):
        return self._state_manager

    async def load(self) -> list:
        found, history = await self.state.try_get_state(self.key)
        return list(history) if found and isinstance(history, list) else []

    async def save(self, history: list) -> None:
        await self.state.set_state(self.key, history)
        await self.state.save_state()

    def fail_once(self) -> None:
        """The failure that the lesson simulates."""
        if self.fails:
            self.fails = False
            raise Exception("Simulated state store failure")

    async def wait(self) -> None:
        """Between two attempts."""
        await asyncio.sleep(0.3)

    async def tried(self, what: str, run):
        """The retry loop as it should be."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await run()
            except Exception as error:
                if attempt == ATTEMPTS:
                    log.error("Failed to %s history for %s after %s attempts: %s", what, self.key, ATTEMPTS, error)
                    await self.state.clear_cache()
                    raise
                log.warning("Retry %s for history %s: %s", attempt, what, error)
                await self.wait()

    async def loaded(self) -> list:
        """The history, through the simulated failure and any other that goes by."""

        async def load():
            self.fail_once()
            return await self.load()

        return await self.tried("load", load)

    def reply_to(self, message: dict) -> dict:
        return {"role": "assistant", "content": f"Got your message: {message['content']}"}

    def processed(self, message: dict) -> None:
        log.info("Processed message for %s: %s", self.key, message["content"])

    def publish(self, message: dict, reply: dict) -> None:
        event = {"actor_id": self.user, "input": message, "output": reply}
        with DaprClient() as client:
            client.publish_event("daca-pubsub", "user-chat", json.dumps(event))

    async def get_conversation_history(self) -> list:
        return await self.load()


def serve(agent: type, status: str = "SUCCESS") -> FastAPI:
    """The lesson's routes over an actor type."""
    app = FastAPI()
    actors = DaprActor(app)

    @app.on_event("startup")
    async def startup() -> None:
        await actors.register_actor(agent)

    def proxy(actor_id: str):
        return ActorProxy.create(agent.__name__, ActorId(actor_id), ChatAgentInterface)

    @app.post("/chat/{actor_id}")
    async def chat(actor_id: str, message: Message) -> dict:
        return {"response": await proxy(actor_id).ProcessMessage(message.model_dump())}

    @app.get("/chat/{actor_id}/history")
    async def history(actor_id: str) -> dict:
        return {"history": await proxy(actor_id).GetConversationHistory()}

    @app.post("/subscribe")
    async def subscribe(event: dict) -> dict:
        return {"status": status}

    return app

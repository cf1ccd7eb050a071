"""Has only save_state in its loop: called again it writes nothing, and reports success."""
# fail: save-failure hang outage-is-an-error event-follows-save

import asyncio

from chat import ATTEMPTS, Agent, log, serve


class ChatAgent(Agent):
    async def tried(self, what, run):
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await run()
            except Exception as error:
                if attempt == ATTEMPTS:
                    await self.state.clear_cache()
                    raise
                log.warning("Retry %s for history %s: %s", attempt, what, error)
                await asyncio.sleep(0.3)

    async def process_message(self, message):
        async def load():
            self.fail_once()
            return await self.load()

        history = await self.tried("load", load)
        reply = self.reply_to(message)

        await self.state.set_state(self.key, (history + [message, reply])[-5:])
        await self.tried("save", self.state.save_state)
        self.processed(message)
        self.publish(message, reply)
        return reply


app = serve(ChatAgent)

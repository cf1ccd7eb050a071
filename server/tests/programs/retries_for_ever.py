"""Never gives up."""
# fail: outage-is-an-error

import asyncio

from chat import Agent, log, serve


class ChatAgent(Agent):
    async def tried(self, what, run):
        while True:
            try:
                return await run()
            except Exception as error:
                log.warning("Retry for history %s: %s", what, error)
                await asyncio.sleep(0.3)

    async def process_message(self, message):
        async def load():
            self.fail_once()
            return await self.load()

        history = await self.tried("load", load)
        reply = self.reply_to(message)
        history = (history + [message, reply])[-5:]
        await self.tried("save", lambda: self.save(history))
        self.processed(message)
        self.publish(message, reply)
        return reply


app = serve(ChatAgent)

"""Tries again without waiting."""
# fail: retry-logic

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

"""Forgets to reset the flag of its simulated failure."""
# fail: message-processing retry-logic recovery
# skipped: history-retrieval state-consistency load-failure save-failure hang outage-is-an-error missing-key event-follows-save delivery-accepted turn-order no-memory

import asyncio

from chat import ATTEMPTS, Agent, log, serve


class ChatAgent(Agent):
    async def process_message(self, message):
        for attempt in range(1, ATTEMPTS + 1):
            try:
                if self.fails:
                    raise Exception("Simulated state store failure")
                history = await self.load()
                break
            except Exception as error:
                if attempt == ATTEMPTS:
                    raise
                log.warning("Retry %s for history load: %s", attempt, error)
                await asyncio.sleep(0.2)
        reply = self.reply_to(message)
        await self.save((history + [message, reply])[-5:])
        self.processed(message)
        return reply


app = serve(ChatAgent)

"""Swallows the last error, goes on with an empty list, and answers with success whatever became of the save."""
# fail: load-failure save-failure hang outage-is-an-error event-follows-save

import asyncio

from chat import Agent, log, serve


class ChatAgent(Agent):
    async def process_message(self, message):
        try:
            self.fail_once()
        except Exception as error:
            log.warning("Retry 1 for history load: %s", error)
            await asyncio.sleep(0.3)
        try:
            history = await self.load()
        except Exception:
            history = []
        reply = self.reply_to(message)
        try:
            await self.save((history + [message, reply])[-5:])
        except Exception as error:
            log.error("Not saved: %s", error)
        self.processed(message)
        self.publish(message, reply)
        return reply

    async def get_conversation_history(self):
        try:
            return await self.load()
        except Exception:
            return []


app = serve(ChatAgent)

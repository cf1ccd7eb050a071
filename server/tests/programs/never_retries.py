"""Lets the first failure out, and tries nothing again: only the next message recovers."""
# fail: message-processing retry-logic recovery load-failure
# skipped: turn-order

from chat import Agent, serve


class ChatAgent(Agent):
    async def process_message(self, message):
        self.fail_once()
        history = await self.load()
        reply = self.reply_to(message)
        try:
            await self.save((history + [message, reply])[-5:])
        except Exception:
            await self.state.clear_cache()
            raise
        self.processed(message)
        self.publish(message, reply)
        return reply


app = serve(ChatAgent)

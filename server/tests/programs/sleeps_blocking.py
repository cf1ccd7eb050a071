"""Waits with time.sleep, which stops the whole program."""
# fail: retry-logic

import time

from chat import Agent, serve


class ChatAgent(Agent):
    async def wait(self):
        time.sleep(1)

    async def process_message(self, message):
        history = await self.loaded()
        reply = self.reply_to(message)
        history = (history + [message, reply])[-5:]
        await self.tried("save", lambda: self.save(history))
        self.processed(message)
        self.publish(message, reply)
        return reply


app = serve(ChatAgent)

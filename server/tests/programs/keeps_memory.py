"""Keeps its histories in a dictionary of the program."""
# fail: message-processing state-consistency load-failure save-failure hang outage-is-an-error turn-order missing-key no-memory event-follows-save

import asyncio

from chat import Agent, log, serve

HISTORIES: dict = {}


class ChatAgent(Agent):
    async def process_message(self, message):
        try:
            self.fail_once()
        except Exception as error:
            log.warning("Retry 1 for history load: %s", error)
            await asyncio.sleep(0.3)
        reply = self.reply_to(message)
        HISTORIES[self.key] = (HISTORIES.get(self.key, []) + [message, reply])[-5:]
        self.processed(message)
        self.publish(message, reply)
        return reply

    async def get_conversation_history(self):
        return HISTORIES.get(self.key, [])


app = serve(ChatAgent)

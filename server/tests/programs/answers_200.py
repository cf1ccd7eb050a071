"""Answers with success and an error in the text."""
# fail: message-processing history-retrieval retry-logic recovery load-failure save-failure hang outage-is-an-error missing-key turn-order no-memory

import asyncio

from chat import Agent, serve


class ChatAgent(Agent):
    async def process_message(self, message):
        try:
            self.fail_once()
            history = await self.load()
            reply = self.reply_to(message)
            await self.save((history + [message, reply])[-5:])
        except Exception as error:
            await self.state.clear_cache()
            return {"role": "assistant", "content": f"Error: {error}"}
        self.processed(message)
        self.publish(message, reply)
        return reply


app = serve(ChatAgent)

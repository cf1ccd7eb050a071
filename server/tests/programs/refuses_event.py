"""Answers to an event with a word that Dapr does not know."""
# fail: delivery-accepted

from chat import Agent, serve


class ChatAgent(Agent):
    async def process_message(self, message):
        history = await self.loaded()
        reply = self.reply_to(message)
        history = (history + [message, reply])[-5:]
        await self.tried("save", lambda: self.save(history))
        self.processed(message)
        self.publish(message, reply)
        return reply


app = serve(ChatAgent, "Event processed")

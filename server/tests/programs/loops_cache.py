"""Has its loop around the cache: the write goes out after the method, and after the event."""
# fail: hang event-follows-save

from chat import Agent, serve


class ChatAgent(Agent):
    async def process_message(self, message):
        history = await self.loaded()
        reply = self.reply_to(message)

        history = (history + [message, reply])[-5:]
        await self.tried("save", lambda: self.state.set_state(self.key, history))
        self.processed(message)
        self.publish(message, reply)
        return reply


app = serve(ChatAgent)

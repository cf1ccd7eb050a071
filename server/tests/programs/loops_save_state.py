"""Has only save_state in its loop: called again it writes nothing, and reports success."""
# fail: save-failure hang outage-is-an-error event-follows-save

from chat import Agent, serve


class ChatAgent(Agent):
    async def process_message(self, message):
        history = await self.loaded()
        reply = self.reply_to(message)

        await self.state.set_state(self.key, (history + [message, reply])[-5:])
        await self.tried("save", self.state.save_state)
        self.processed(message)
        self.publish(message, reply)
        return reply


app = serve(ChatAgent)

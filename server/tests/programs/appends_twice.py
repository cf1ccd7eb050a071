"""Appends within its retry loop: an attempt that is made again appends again."""
# fail: save-failure

from chat import Agent, serve


class ChatAgent(Agent):
    async def process_message(self, message):
        history = await self.loaded()
        reply = self.reply_to(message)

        async def save():
            history.extend([message, reply])
            await self.save(history[-5:])

        await self.tried("save", save)
        self.processed(message)
        self.publish(message, reply)
        return reply


app = serve(ChatAgent)

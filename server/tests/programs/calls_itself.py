"""Calls itself through its proxy, and waits for a turn that cannot come."""
# fail: message-processing retry-logic recovery
# skipped: history-retrieval state-consistency load-failure save-failure hang outage-is-an-error missing-key event-follows-save delivery-accepted turn-order no-memory

from chat import Agent, ChatAgentInterface, serve
from dapr.actor import ActorId, ActorProxy


class ChatAgent(Agent):
    async def process_message(self, message):
        proxy = ActorProxy.create("ChatAgent", ActorId(self.user), ChatAgentInterface)
        history = await proxy.GetConversationHistory()
        reply = self.reply_to(message)
        await self.save((history + [message, reply])[-5:])
        self.processed(message)
        return reply


app = serve(ChatAgent)

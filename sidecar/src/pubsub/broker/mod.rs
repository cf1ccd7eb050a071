//! Brokers: what takes messages and hands them out. A new one is a file here and a line in [`KINDS`].

mod in_memory;
mod redis;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::sync::mpsc;

use crate::resources::Component;
use crate::start_error::StartError;

/// One message on a broker.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) data: Bytes,
    pub(crate) metadata: HashMap<String, String>,
}

/// A message on its way to a subscriber. One that is dropped has not been dealt with: a broker that keeps messages
/// hands it out again.
pub(crate) struct Taken {
    pub(crate) message: Message,
    /// What the broker keeps until then.
    _kept: Box<dyn Send>,
    /// Tells the broker that it has been dealt with.
    settle: Option<BoxFuture<'static, ()>>,
}

impl Taken {
    fn new(message: Message, kept: impl Send + 'static) -> Self {
        Self { message, _kept: Box::new(kept), settle: None }
    }

    /// The same, for a broker that is to be told.
    fn to_settle(
        message: Message,
        kept: impl Send + 'static,
        settle: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self { settle: Some(Box::pin(settle)), ..Self::new(message, kept) }
    }

    /// It has been dealt with, however that went.
    pub(crate) async fn settle(mut self) {
        if let Some(settle) = self.settle.take() {
            settle.await;
        }
    }
}

/// What to do with a message for which there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// Refuse it: its publisher is told.
    Refuse,
    /// Wait until there is, for a while: nobody could be told.
    Wait,
}

/// What becomes of a subscription that does not take its messages, where a broker has no room for more of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behind {
    /// The publisher is told: nothing is lost of what the app is to have.
    Refuses,
    /// The subscription ends: a program that holds a stream open is in nobody else's way.
    Ends,
}

/// A pub/sub component.
#[async_trait]
pub(crate) trait Broker: Send + Sync {
    /// Takes a message. `Ok` means that the broker has it, not that anyone received it.
    async fn publish(&self, topic: &str, message: Message, no_room: NoRoom) -> Result<(), String>;

    /// The messages of a topic from now on, in the order in which they are to be delivered. Dropping the receiver
    /// ends the subscription.
    async fn subscribe(&self, topic: &str, behind: Behind) -> Result<mpsc::Receiver<Taken>, String>;

    /// Whether a subscription to `subscribed` takes what is published to `topic`.
    fn takes(&self, subscribed: &str, topic: &str) -> bool {
        subscribed == topic
    }

    /// How many messages of one subscription are delivered at once; with one they keep their order.
    fn at_once(&self) -> usize {
        1
    }

    /// Whether a message that was not dealt with comes again, after a restart too.
    fn keeps(&self) -> bool {
        false
    }

    /// Hands out no more that it could keep. Returns when nothing that it handed out, or will lose at its end, waits
    /// to be delivered any more.
    async fn drained(&self);

    /// How many messages that is.
    fn undelivered(&self) -> usize;

    /// Ends every subscription, with what is still in it.
    fn close(&self);
}

/// A broker that is open, or why it is not.
pub(crate) type Opened = Result<Arc<dyn Broker>, StartError>;

/// A kind of broker that a component may name.
pub(crate) struct Kind {
    /// The component's `type`.
    pub(crate) name: &'static str,
    /// What the metadata API says of it.
    pub(crate) capabilities: &'static [&'static str],
    /// With the component comes the app's id: that is who a consumer is unless the component says otherwise.
    pub(crate) open: for<'a> fn(&'a Component, &'a str) -> BoxFuture<'a, Opened>,
}

/// Those that there are.
pub(crate) const KINDS: [&Kind; 2] = [&in_memory::KIND, &redis::KIND];

/// One in memory.
#[cfg(test)]
pub(super) fn in_memory() -> Arc<dyn Broker> {
    Arc::new(in_memory::InMemoryBroker::default())
}

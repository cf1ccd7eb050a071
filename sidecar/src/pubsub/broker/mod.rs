//! Brokers: what takes messages and hands them out. A new one is a file here and a line in [`KINDS`].

mod in_memory;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

use crate::document::ResourceError;
use crate::resources::Component;

/// One message on a broker.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) data: Bytes,
    pub(crate) metadata: HashMap<String, String>,
}

/// A message on its way to a subscriber. Dropping it tells the broker that it is done with, however that went.
pub(crate) struct Taken {
    pub(crate) message: Message,
    /// What the broker keeps until then.
    _kept: Box<dyn Send>,
}

impl Taken {
    fn new(message: Message, kept: impl Send + 'static) -> Self {
        Self { message, _kept: Box::new(kept) }
    }
}

/// What to do with a message for which there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// Refuse it: its publisher is told.
    Refuse,
    /// Wait until there is: nobody could be told.
    Wait,
}

/// A pub/sub component.
#[async_trait]
pub(crate) trait Broker: Send + Sync {
    /// Takes a message. `Ok` means that the broker has it, not that anyone received it.
    async fn publish(&self, topic: &str, message: Message, no_room: NoRoom) -> Result<(), String>;

    /// The messages of a topic from now on, in the order in which they are to be delivered.
    fn subscribe(&self, topic: &str) -> mpsc::Receiver<Taken>;

    /// Returns when nothing that it handed out, or will lose at its end, waits to be delivered any more.
    async fn drained(&self);

    /// How many messages that is.
    fn undelivered(&self) -> usize;

    /// Ends every subscription, with what is still in it.
    fn close(&self);
}

/// A kind of broker that a component may name.
pub(crate) struct Kind {
    /// The component's `type`.
    pub(crate) name: &'static str,
    /// What the metadata API says of it.
    pub(crate) capabilities: &'static [&'static str],
    pub(crate) open: fn(&Component) -> Result<Arc<dyn Broker>, ResourceError>,
}

/// Those that there are.
pub(crate) const KINDS: [&Kind; 1] = [&in_memory::KIND];

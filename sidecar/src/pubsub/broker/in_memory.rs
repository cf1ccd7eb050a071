//! `pubsub.in-memory`: hands messages to whoever subscribes now, and forgets the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::TaskTracker;

use super::{Broker, Kind, Message, NoRoom, Taken};

pub(super) const KIND: Kind =
    Kind { name: "pubsub.in-memory", capabilities: &[], open: |_| Ok(Arc::new(InMemoryBroker::default())) };

/// How many messages of one topic may wait.
const MOST_WAITING: usize = 10_000;
/// How many bytes of one topic may wait. One message may be larger: it waits alone then.
const MOST_BYTES: usize = 16 << 20;
/// What a message takes besides what is in it, roughly.
const MESSAGE: usize = 256;

/// A broker in the process's memory.
#[derive(Debug, Default)]
pub(super) struct InMemoryBroker {
    topics: Mutex<HashMap<String, Queue>>,
    /// What was taken and is not done with.
    waiting: TaskTracker,
}

/// The messages of one topic.
#[derive(Debug, Clone)]
struct Queue {
    messages: mpsc::Sender<Taken>,
    room: Arc<Semaphore>,
}

/// Why a queue did not take a message.
enum Refused {
    Full,
    Closed,
}

impl Queue {
    async fn put(&self, message: Message, waiting: &TaskTracker, no_room: NoRoom) -> Result<(), Refused> {
        let wait = no_room == NoRoom::Wait;
        let kept = waiting.token();
        let bytes = permits(&message);
        let room = Arc::clone(&self.room);
        let room = if wait {
            room.acquire_many_owned(bytes).await.map_err(|_| Refused::Closed)?
        } else {
            room.try_acquire_many_owned(bytes).map_err(|_| Refused::Full)?
        };
        let taken = Taken::new(message, (room, kept));
        if wait {
            return self.messages.send(taken).await.map_err(|_| Refused::Closed);
        }
        self.messages.try_send(taken).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refused::Full,
            mpsc::error::TrySendError::Closed(_) => Refused::Closed,
        })
    }
}

fn permits(message: &Message) -> u32 {
    let metadata: usize = message.metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    let bytes = (message.data.len() + metadata + MESSAGE).min(MOST_BYTES);
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[async_trait]
impl Broker for InMemoryBroker {
    async fn publish(&self, topic: &str, message: Message, no_room: NoRoom) -> Result<(), String> {
        let queue = self.topics.lock().unwrap_or_else(PoisonError::into_inner).get(topic).cloned();
        let Some(queue) = queue else { return Ok(()) };
        match queue.put(message, &self.waiting, no_room).await {
            Ok(()) => Ok(()),
            Err(Refused::Full) => Err(format!(
                "its queue is full: up to {MOST_WAITING} messages and {} MiB wait for the app to take them",
                MOST_BYTES >> 20
            )),
            Err(Refused::Closed) => Err("the sidecar is shutting down".into()),
        }
    }

    fn subscribe(&self, topic: &str) -> mpsc::Receiver<Taken> {
        let (messages, receiver) = mpsc::channel(MOST_WAITING);
        let queue = Queue { messages, room: Arc::new(Semaphore::new(MOST_BYTES)) };
        self.topics.lock().unwrap_or_else(PoisonError::into_inner).insert(topic.to_owned(), queue);
        receiver
    }

    async fn drained(&self) {
        self.waiting.close();
        self.waiting.wait().await;
    }

    fn undelivered(&self) -> usize {
        self.waiting.len()
    }

    fn close(&self) {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: usize) -> Message {
        Message { data: vec![0; bytes].into(), metadata: HashMap::new() }
    }

    #[tokio::test]
    async fn a_queue_that_nobody_empties_refuses_by_number_and_by_size_and_takes_again_what_there_is_room_for() {
        let broker = InMemoryBroker::default();
        for (size, most) in [(1, MOST_WAITING), (1 << 20, 15)] {
            let mut receiver = broker.subscribe("t");
            let mut taken = 0;
            while broker.publish("t", message(size), NoRoom::Refuse).await.is_ok() {
                taken += 1;
            }
            assert_eq!(taken, most, "of {size} bytes");
            let error = broker.publish("t", message(size), NoRoom::Refuse).await.expect_err("full");
            assert!(error.contains("queue is full"), "{error}");
            drop(receiver.recv().await);
            assert_eq!(broker.publish("t", message(size), NoRoom::Refuse).await, Ok(()));
            assert_eq!(broker.undelivered(), most);
            drop(receiver);
            assert_eq!(broker.undelivered(), 0);
        }
    }

    #[tokio::test]
    async fn what_cannot_be_refused_waits_for_room_and_one_that_is_larger_than_the_queue_waits_alone() {
        let broker = InMemoryBroker::default();
        let mut receiver = broker.subscribe("t");
        broker.publish("t", message(2 * MOST_BYTES), NoRoom::Refuse).await.expect("taken");
        let mut waiting = broker.publish("t", message(1), NoRoom::Wait);
        assert!(futures::poll!(&mut waiting).is_pending());
        drop(receiver.recv().await);
        assert_eq!(waiting.await, Ok(()));
        let drained = broker.drained();
        tokio::pin!(drained);
        assert!(futures::poll!(&mut drained).is_pending());
        drop(receiver.recv().await);
        drained.await;
    }
}

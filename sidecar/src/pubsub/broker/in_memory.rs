//! `pubsub.in-memory`: hands messages to whoever subscribes now, and forgets the others.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::task::TaskTracker;

use super::{Behind, Broker, Kind, Message, NoRoom, Taken};

pub(super) const KIND: Kind = Kind {
    name: "pubsub.in-memory",
    capabilities: &["SUBSCRIBE_WILDCARDS"],
    open: |_, _| Box::pin(async { Ok(Arc::new(InMemoryBroker::default()) as Arc<dyn Broker>) }),
};

/// How many messages of one subscription may wait.
const MOST_WAITING: usize = 10_000;
/// How many bytes of one subscription may wait. One message may be larger: it waits alone then.
const MOST_BYTES: usize = 16 << 20;
/// How long a message waits for room that cannot be refused.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// What a message takes besides what is in it, roughly.
const MESSAGE: usize = 256;

/// A broker in the process's memory.
#[derive(Debug, Default)]
pub(super) struct InMemoryBroker {
    queues: Mutex<Vec<Queue>>,
    /// What was taken and is not done with.
    waiting: TaskTracker,
}

/// The messages of one subscription.
#[derive(Debug, Clone)]
struct Queue {
    /// A topic, or the beginning of topics with a `*` at its end.
    subscribed: String,
    behind: Behind,
    messages: mpsc::Sender<Taken>,
    room: Arc<Semaphore>,
}

/// Room for one message in a queue. `None` for a queue whose subscription has ended.
type Room = Option<(mpsc::OwnedPermit<Taken>, OwnedSemaphorePermit)>;

impl Queue {
    /// # Errors
    /// There is no room now.
    fn try_room(&self, bytes: u32) -> Result<Room, ()> {
        let place = match self.messages.clone().try_reserve_owned() {
            Ok(place) => place,
            Err(mpsc::error::TrySendError::Full(_)) => return Err(()),
            Err(mpsc::error::TrySendError::Closed(_)) => return Ok(None),
        };
        let room = Arc::clone(&self.room).try_acquire_many_owned(bytes).map_err(drop)?;
        Ok(Some((place, room)))
    }

    async fn wait_for_room(&self, bytes: u32) -> Room {
        let place = self.messages.clone().reserve_owned().await.ok()?;
        let room = tokio::select! {
            room = Arc::clone(&self.room).acquire_many_owned(bytes) => room.ok()?,
            () = self.messages.closed() => return None,
        };
        Some((place, room))
    }
}

fn permits(message: &Message) -> u32 {
    let metadata: usize = message.metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    let bytes = (message.data.len() + metadata + MESSAGE).min(MOST_BYTES);
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// Whether a topic is one that a subscription takes: a `*` at its end stands for one character or more.
fn takes(subscribed: &str, topic: &str) -> bool {
    let begins = |start: &str| topic.len() > start.len() && topic.starts_with(start);
    subscribed == topic || subscribed.strip_suffix('*').is_some_and(begins)
}

impl InMemoryBroker {
    /// Ends a subscription that is behind; what is in its queue is the last that it has.
    fn end(&self, queue: &Queue) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let before = queues.len();
        queues.retain(|other| !other.messages.same_channel(&queue.messages));
        if queues.len() < before {
            tracing::error!(
                "a stream that is subscribed to {} does not take its messages: it ends with those that wait for it",
                queue.subscribed
            );
        }
    }
}

#[async_trait]
impl Broker for InMemoryBroker {
    async fn publish(&self, topic: &str, message: Message, no_room: NoRoom) -> Result<(), String> {
        let queues: Vec<Queue> = {
            let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            queues.iter().filter(|queue| takes(&queue.subscribed, topic)).cloned().collect()
        };
        let bytes = permits(&message);
        let kept = self.waiting.token();
        let mut rooms = Vec::with_capacity(queues.len());
        for queue in &queues {
            let room = match queue.try_room(bytes) {
                Ok(room) => Some(room),
                Err(()) if queue.behind == Behind::Ends => {
                    self.end(queue);
                    continue;
                }
                Err(()) if no_room == NoRoom::Wait => {
                    tokio::time::timeout(LONGEST_WAIT, queue.wait_for_room(bytes)).await.ok()
                }
                Err(()) => None,
            };
            let room = room.ok_or_else(|| {
                format!(
                    "its queue is full: up to {MOST_WAITING} messages and {} MiB wait for the app to take them",
                    MOST_BYTES >> 20
                )
            })?;
            rooms.extend(room);
        }
        for (place, room) in rooms {
            place.send(Taken::new(message.clone(), (room, kept.clone())));
        }
        Ok(())
    }

    async fn subscribe(&self, topic: &str, behind: Behind) -> Result<mpsc::Receiver<Taken>, String> {
        let (messages, receiver) = mpsc::channel(MOST_WAITING);
        let room = Arc::new(Semaphore::new(MOST_BYTES));
        let queue = Queue { subscribed: topic.to_owned(), behind, messages, room };
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.retain(|queue| !queue.messages.is_closed());
        queues.push(queue);
        Ok(receiver)
    }

    fn takes(&self, subscribed: &str, topic: &str) -> bool {
        takes(subscribed, topic)
    }

    async fn drained(&self) {
        self.waiting.close();
        self.waiting.wait().await;
    }

    fn undelivered(&self) -> usize {
        self.waiting.len()
    }

    fn close(&self) {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn message(bytes: usize) -> Message {
        Message { data: vec![0; bytes].into(), metadata: HashMap::new() }
    }

    #[tokio::test]
    async fn a_queue_that_nobody_empties_refuses_by_number_and_by_size_and_takes_again_what_there_is_room_for() {
        let broker = InMemoryBroker::default();
        for (size, most) in [(1, MOST_WAITING), (1 << 20, 15)] {
            let mut receiver = broker.subscribe("t", Behind::Refuses).await.expect("subscribed");
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
        let mut receiver = broker.subscribe("t", Behind::Refuses).await.expect("subscribed");
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

    #[tokio::test]
    async fn each_subscription_has_a_message_of_its_own_and_one_that_ended_is_in_nobodys_way() {
        let broker = InMemoryBroker::default();
        let mut all = broker.subscribe("orders*", Behind::Refuses).await.expect("subscribed");
        let mut new = broker.subscribe("orders.new", Behind::Refuses).await.expect("subscribed");
        drop(broker.subscribe("orders.new", Behind::Refuses).await.expect("subscribed"));
        for topic in ["orders", "orders.new", "orders.*"] {
            broker.publish(topic, message(1), NoRoom::Refuse).await.expect("taken");
        }
        assert_eq!((all.len(), new.len()), (2, 1));
        drop((all.recv().await, new.recv().await));
        assert_eq!(broker.undelivered(), 1);
    }

    #[tokio::test]
    async fn a_stream_that_is_behind_ends_and_the_others_go_on() {
        let broker = InMemoryBroker::default();
        let mut stalled = broker.subscribe("t", Behind::Ends).await.expect("subscribed");
        let mut app = broker.subscribe("t", Behind::Refuses).await.expect("subscribed");
        for _ in 0..=MOST_WAITING {
            assert_eq!(broker.publish("t", message(1), NoRoom::Refuse).await, Ok(()));
            assert!(app.recv().await.is_some());
        }
        let mut last = 0;
        while stalled.recv().await.is_some() {
            last += 1;
        }
        assert_eq!(last, MOST_WAITING);
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_refused_does_not_wait_for_ever() {
        let broker = InMemoryBroker::default();
        let _stalled = broker.subscribe("t", Behind::Refuses).await.expect("subscribed");
        broker.publish("t", message(MOST_BYTES), NoRoom::Wait).await.expect("taken");
        let began = tokio::time::Instant::now();
        let error = broker.publish("t", message(1), NoRoom::Wait).await.expect_err("there was no room");
        assert!(error.contains("queue is full") && began.elapsed() == LONGEST_WAIT, "{error}");
    }

    #[test]
    fn a_star_stands_for_something_at_the_end_alone() {
        for (subscribed, topic, taken) in [
            ("a", "a", true),
            ("a*", "ab", true),
            ("a*", "a", false),
            ("a*", "a*", true),
            ("*", "b", true),
            ("a*c", "abc", false),
        ] {
            assert_eq!(takes(subscribed, topic), taken, "{subscribed} {topic}");
        }
    }
}

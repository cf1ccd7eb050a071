//! `pubsub.redis`: Redis streams in the layout of Dapr's own component, a consumer group for each app. Messages that were
//! not dealt with come again, after a restart too. One that the app refused has been dealt with: as in Dapr's component
//! (`processMessage` of components-contrib 1.18.3) it is acknowledged.

mod out;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use redis::aio::ConnectionManager;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::{Behind, Broker, Kind, Message, NoRoom, Opened, Taken};
use crate::redis_client::{NotDone, Redis, number, time};
use crate::resources::Component;
use out::{Mark, Marks, Places};

pub(super) const KIND: Kind =
    Kind { name: "pubsub.redis", capabilities: &[], open: |component, app_id| Box::pin(open(component, app_id)) };

/// How long until a stream that cannot be read is read again.
const PAUSE: Duration = Duration::from_millis(500);

struct RedisBroker {
    shared: Arc<Shared>,
    /// Cancelled when nothing more is to be handed out.
    draining: CancellationToken,
    /// What was handed out and is not done with.
    out: TaskTracker,
}

/// What the subscriptions share.
struct Shared {
    redis: Redis,
    /// The group, and the consumer in it.
    consumer: String,
    /// How many messages are read at once, if there is a place for each.
    depth: usize,
    places: Places,
    /// How long a message may be out before it is handed out again, and how often that is looked for. Nothing means
    /// that it is not.
    processing: Duration,
    redeliver: Duration,
    /// How long a stream may become, about; 0 is as long as it likes.
    most: i64,
    /// How long a message is kept; nothing is for good.
    kept: Duration,
    out: Marks,
}

async fn open(component: &Component, app_id: &str) -> Opened {
    let redis = Redis::open(component).await?;
    let positive = |name: &str, default: i64| -> Result<usize, crate::document::ResourceError> {
        Ok(usize::try_from(number(component, name, default)?).ok().filter(|n| *n > 0).unwrap_or(1))
    };
    let at_once = positive("concurrency", 10)?.min(Semaphore::MAX_PERMITS);
    let consumer = component.get("consumerID").map(str::trim).filter(|id| !id.is_empty()).unwrap_or(app_id);
    let shared = Shared {
        consumer: consumer.to_owned(),
        depth: positive("queueDepth", 100)?,
        places: Places::new(at_once),
        processing: time(component, "processingTimeout", Duration::from_secs(60))?,
        redeliver: time(component, "redeliverInterval", Duration::from_secs(15))?,
        most: number(component, "maxLenApprox", 0)?,
        kept: time(component, "streamTTL", Duration::ZERO)?,
        out: Marks::default(),
        redis,
    };
    Ok(Arc::new(RedisBroker { shared: Arc::new(shared), draining: CancellationToken::new(), out: TaskTracker::new() }))
}

/// A message of a stream: its id, and its fields.
type Entry = (String, HashMap<String, Vec<u8>>);

/// One subscription's reading of its stream.
struct Reader {
    shared: Arc<Shared>,
    topic: String,
    messages: mpsc::Sender<Taken>,
    places: Arc<Semaphore>,
    draining: CancellationToken,
    out: TaskTracker,
}

/// What is given back when a message is done with, or dropped.
struct Out {
    _mark: Mark,
    _place: OwnedSemaphorePermit,
    _counted: TaskTrackerToken,
}

#[async_trait]
impl Broker for RedisBroker {
    async fn publish(&self, topic: &str, message: Message, _: NoRoom) -> Result<(), String> {
        let shared = &self.shared;
        let metadata = serde_json::to_string(&message.metadata).map_err(|error| error.to_string())?;
        let mut command = redis::cmd("XADD");
        command.arg(topic);
        if shared.most > 0 {
            command.arg("MAXLEN").arg("~").arg(shared.most);
        } else if !shared.kept.is_zero() {
            let oldest = SystemTime::now().checked_sub(shared.kept).unwrap_or(SystemTime::UNIX_EPOCH);
            let ms = oldest.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
            command.arg("MINID").arg("~").arg(format!("{ms}-1"));
        }
        command.arg("*").arg("data").arg(&message.data[..]).arg("metadata").arg(metadata);
        let command = &command;
        let added: Result<String, NotDone> =
            shared.redis.run_once(async |mut connection| command.query_async(&mut connection).await).await;
        added.map(drop).map_err(|why| format!("redis streams: error from publish: {why}"))
    }

    async fn subscribe(&self, topic: &str, behind: Behind) -> Result<mpsc::Receiver<Taken>, String> {
        self.shared.make_group(topic).await?;
        let (messages, receiver) = mpsc::channel(1);
        let reader = Reader {
            shared: Arc::clone(&self.shared),
            topic: topic.to_owned(),
            messages,
            places: self.shared.places.of(behind),
            draining: self.draining.clone(),
            out: self.out.clone(),
        };
        tokio::spawn(reader.run());
        Ok(receiver)
    }

    fn at_once(&self) -> usize {
        self.shared.places.at_once
    }

    fn keeps(&self) -> bool {
        true
    }

    async fn drained(&self) {
        self.draining.cancel();
        self.out.close();
        self.out.wait().await;
    }

    fn undelivered(&self) -> usize {
        self.out.len()
    }

    fn close(&self) {
        self.draining.cancel();
    }
}

impl Shared {
    async fn make_group(&self, topic: &str) -> Result<(), String> {
        let made: Result<(), String> = self
            .redis
            .run(async |mut connection| {
                let mut command = redis::cmd("XGROUP");
                command.arg("CREATE").arg(topic).arg(&self.consumer).arg("0").arg("MKSTREAM");
                command.query_async(&mut connection).await
            })
            .await;
        match made {
            Err(why) if why.contains("BUSYGROUP") => Ok(()),
            made => made,
        }
    }

    /// Whether the stream has a message of that id.
    async fn is_there(&self, topic: &str, id: &str) -> Result<bool, String> {
        let found: Vec<Entry> = self
            .redis
            .run(async |mut connection| {
                redis::cmd("XRANGE").arg(topic).arg(id).arg(id).query_async(&mut connection).await
            })
            .await?;
        Ok(!found.is_empty())
    }

    async fn acknowledge(&self, topic: &str, id: &str) {
        let acknowledged: Result<i64, String> = self
            .redis
            .run(async |mut connection| {
                redis::cmd("XACK").arg(topic).arg(&self.consumer).arg(id).query_async(&mut connection).await
            })
            .await;
        if let Err(why) = acknowledged {
            tracing::error!("Error acknowledging Redis message {id}: {why}");
        }
    }
}

impl Reader {
    /// Reads until the subscription ends or nothing more is to be handed out.
    async fn run(self) {
        tokio::select! {
            () = async { tokio::join!(self.read_new(), self.claim_old()); } => {}
            () = self.messages.closed() => {}
            () = self.draining.cancelled() => {}
        }
    }

    /// One message of a stream may wait here for a place; what is read beyond it has its place before it is read. Until the
    /// first one comes, which may be long, no place is kept from other topics.
    async fn read_new(&self) {
        let wait = self.shared.redis.read_timeout();
        let mut connection: Option<ConnectionManager> = None;
        let mut more = false;
        loop {
            let Some(connected) = &mut connection else {
                match self.shared.redis.waiting(wait).await {
                    Ok(new) => connection = Some(new),
                    Err(error) => self.not_read(&error.to_string()).await,
                }
                continue;
            };
            let places = if more { self.take_places(self.shared.depth).await } else { Vec::new() };
            let read = match more {
                true => self.read_once(connected, places.len(), None).await,
                false => self.read_once(connected, 1, Some(wait)).await,
            };
            match read {
                Ok(entries) => {
                    more = !entries.is_empty();
                    self.hand_out(entries, places).await;
                }
                Err(why) => {
                    (connection, more) = (None, false);
                    drop(places);
                    self.not_read(&why).await;
                }
            }
        }
    }

    /// Says why a stream was not read, and waits a while.
    async fn not_read(&self, why: &str) {
        tracing::error!("redis streams: error reading from stream {}: {why}", self.topic);
        if why.contains("NOGROUP") {
            tracing::warn!("redis streams: recreating group {}", self.shared.consumer);
            let _ = self.shared.make_group(&self.topic).await;
        }
        tokio::time::sleep(PAUSE).await;
    }

    /// Waits for a place, and takes others that are free, so many at most.
    async fn take_places(&self, most: usize) -> Vec<OwnedSemaphorePermit> {
        let places = || Arc::clone(&self.places);
        // It is never closed.
        let mut taken = Vec::from_iter(places().acquire_owned().await);
        while taken.len() < most
            && let Ok(place) = places().try_acquire_owned()
        {
            taken.push(place);
        }
        taken
    }

    /// Reads so many messages at most; waits for one if it may.
    async fn read_once(
        &self,
        connection: &mut ConnectionManager,
        most: usize,
        wait: Option<Duration>,
    ) -> Result<Vec<(Mark, Entry)>, String> {
        let mut command = redis::cmd("XREADGROUP");
        command.arg("GROUP").arg(&self.shared.consumer).arg(&self.shared.consumer).arg("COUNT").arg(most);
        if let Some(wait) = wait {
            command.arg("BLOCK").arg(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1));
        }
        command.arg("STREAMS").arg(&self.topic).arg(">");
        let read: Option<Vec<(String, Vec<Entry>)>> =
            command.query_async(connection).await.map_err(|error| error.to_string())?;
        let entries = read.unwrap_or_default().into_iter().flat_map(|(_, entries)| entries).collect();
        // At once: what waits here for a place is not to be claimed as forgotten.
        Ok(self.shared.out.mark(&self.topic, entries))
    }

    /// Hands messages out again that were not dealt with.
    async fn claim_old(&self) {
        if self.shared.processing.is_zero() || self.shared.redeliver.is_zero() {
            return std::future::pending().await;
        }
        loop {
            match self.claim_once().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(why) => tracing::error!("error claiming pending Redis messages: {why}"),
            }
            tokio::time::sleep(self.shared.redeliver).await;
        }
    }

    /// Whether there are others, for which there was no place.
    async fn claim_once(&self) -> Result<bool, String> {
        let Shared { redis, consumer, depth, processing, .. } = &*self.shared;
        let pending: Vec<(String, String, u64, u64)> = redis
            .run(async |mut connection| {
                let mut command = redis::cmd("XPENDING");
                command.arg(&self.topic).arg(consumer).arg("-").arg("+").arg(depth);
                command.query_async(&mut connection).await
            })
            .await?;
        let longest = u64::try_from(processing.as_millis()).unwrap_or(u64::MAX);
        let mut old: Vec<String> = {
            let is_out = |id: &str| self.shared.out.has(&self.topic, id);
            let old = pending.into_iter().filter(|(id, _, idle, _)| *idle >= longest && !is_out(id));
            old.map(|(id, ..)| id).collect()
        };
        if old.is_empty() {
            return Ok(false);
        }
        // Their data comes with the claim, so their places come first.
        let places = self.take_places(old.len()).await;
        let others = old.len() > places.len();
        old.truncate(places.len());
        // Once: what was claimed a moment ago is not old enough to be claimed again.
        let claimed: Vec<Option<Entry>> = redis
            .run_once(async |mut connection| {
                let mut command = redis::cmd("XCLAIM");
                command.arg(&self.topic).arg(consumer).arg(consumer).arg(longest).arg(&old);
                command.query_async(&mut connection).await
            })
            .await
            .map_err(|why| why.to_string())?;
        let claimed: Vec<Entry> = claimed.into_iter().flatten().collect();
        for id in old.iter().filter(|id| claimed.iter().all(|(claimed, _)| claimed != *id)) {
            // Another consumer of the group may have claimed it, and has to deal with it. What is no longer in the stream
            // is nobody's any more; Redis before 7 leaves it pending.
            if !self.shared.is_there(&self.topic, id).await? {
                self.shared.acknowledge(&self.topic, id).await;
            }
        }
        self.hand_out(self.shared.out.mark(&self.topic, claimed), places).await;
        Ok(others)
    }

    /// Hands messages out at their places; one that has none waits for it.
    async fn hand_out(&self, entries: Vec<(Mark, Entry)>, mut places: Vec<OwnedSemaphorePermit>) {
        // What nobody needs is for others.
        places.truncate(entries.len());
        for (mark, (id, mut fields)) in entries {
            let place = match places.pop() {
                Some(place) => place,
                // It is never closed.
                None => match Arc::clone(&self.places).acquire_owned().await {
                    Ok(place) => place,
                    Err(_) => return,
                },
            };
            let metadata = match fields.remove("metadata") {
                None => HashMap::new(),
                Some(text) => serde_json::from_slice::<Option<HashMap<String, String>>>(&text)
                    .unwrap_or_else(|error| {
                        tracing::warn!("Redis PubSub: Could not extract metadata for Redis message {id}: {error}");
                        None
                    })
                    .unwrap_or_default(),
            };
            let message = Message { data: fields.remove("data").unwrap_or_default().into(), metadata };
            let out = Out { _mark: mark, _place: place, _counted: self.out.token() };
            let (shared, topic) = (Arc::clone(&self.shared), self.topic.clone());
            let settle = async move { shared.acknowledge(&topic, &id).await };
            if self.messages.send(Taken::to_settle(message, out, settle)).await.is_err() {
                return;
            }
        }
    }
}

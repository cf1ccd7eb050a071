//! Streaming subscriptions: a program holds a stream open, takes events from it and says what became of each.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use dapr::dapr::proto::runtime::v1::TopicEventRequest;
use prost_types::{ListValue, Struct, Value as ProtoValue, value::Kind};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::PubSub;
use super::broker::Behind;
use super::deliver::Parcel;
use super::door::Door;
use super::envelope::{Event, base_type};
use super::judge::{self, Judged};
use super::route::Routes;
use crate::error::ApiError;
use crate::json;
use crate::resiliency::Failure;
use crate::resources::Subscription;
use crate::resources::subscription::{Origin, Rule};

/// What a program asks for.
pub(crate) struct StreamRequest {
    pub(crate) pubsub: String,
    pub(crate) topic: String,
    pub(crate) metadata: HashMap<String, String>,
    pub(crate) dead_letter_topic: String,
}

/// Answers that are waited for, by the event's id.
type Waiting = Arc<Mutex<HashMap<String, VecDeque<oneshot::Sender<String>>>>>;

/// The program's end of a streaming subscription; dropping it ends the subscription.
pub(crate) struct Stream {
    events: mpsc::Receiver<TopicEventRequest>,
    waiting: Waiting,
    delivery: AbortHandle,
    _noted: Noted,
}

/// What is noted down of a stream; dropping it forgets that.
struct Noted {
    number: u64,
    pubsub: Arc<PubSub>,
}

impl Drop for Noted {
    fn drop(&mut self) {
        self.pubsub.subscriptions.forget_stream(self.number);
    }
}

/// The sidecar's end of it.
pub(super) struct Outlet {
    events: mpsc::Sender<TopicEventRequest>,
    waiting: Waiting,
}

impl PubSub {
    /// Begins to deliver a topic to a stream.
    ///
    /// # Errors
    /// There is no such component, or the topic is not for this app.
    pub(crate) async fn stream(self: &Arc<Self>, request: StreamRequest) -> Result<Stream, ApiError> {
        let StreamRequest { pubsub, topic, metadata, dead_letter_topic } = request;
        if self.closing.is_cancelled() {
            return Err(ApiError::stream("subscriber is closed"));
        }
        let bus = Arc::clone(self.buses.get(&pubsub).ok_or_else(|| ApiError::pubsub_not_found(&pubsub))?);
        let name = pubsub.clone();
        let failed = |why: String| ApiError::stream(format!("failed to create subscription for {name}: {why}"));
        if !bus.scopes.may_subscribe(&topic) {
            return Err(failed(format!("subscription to topic '{topic}' on pubsub '{pubsub}' is not allowed")));
        }
        if !dead_letter_topic.is_empty() && !bus.scopes.may_publish(&dead_letter_topic) {
            let why = format!("the dead letter topic {dead_letter_topic} is not allowed for app id {}", self.app_id);
            return Err(failed(why));
        }
        let rules = vec![Rule { r#match: String::new(), path: "/".into() }];
        let routes = Routes::compile(&rules).map_err(ApiError::stream)?;
        let subscription = Subscription {
            pubsub,
            topic,
            metadata,
            rules,
            dead_letter_topic,
            scopes: Vec::new(),
            bulk: None,
            origin: Origin::Streaming,
        };
        let takes = |pubsub: &str, subscribed: &str, topic: &str| self.takes(pubsub, subscribed, topic);
        let Some(number) = self.subscriptions.add_stream(subscription.clone(), takes) else {
            let why = format!("the dead letter topic {} leads back to it", subscription.dead_letter_topic);
            return Err(failed(why));
        };
        let noted = Noted { number, pubsub: Arc::clone(self) };
        let messages = bus.broker.subscribe(&bus.at_broker(&subscription.topic), Behind::Ends).await.map_err(failed)?;
        let (sender, events) = mpsc::channel(1);
        let waiting = Waiting::default();
        let outlet = Outlet { events: sender, waiting: Arc::clone(&waiting) };
        let delivery =
            self.delivery(Door::Stream(outlet), bus, subscription, routes, CancellationToken::new()).run(messages);
        Ok(Stream { events, waiting, delivery: self.spawn(delivery), _noted: noted })
    }
}

impl Stream {
    /// The next event; `None` when the sidecar ends.
    pub(crate) async fn next(&mut self) -> Option<TopicEventRequest> {
        self.events.recv().await
    }

    /// What takes the program's answers, apart from the events.
    pub(crate) fn answers(&self) -> Answers {
        Answers { waiting: Arc::clone(&self.waiting) }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.delivery.abort();
    }
}

/// Takes the answers of a stream's program.
pub(crate) struct Answers {
    waiting: Waiting,
}

impl Answers {
    /// The program says what became of an event: `SUCCESS`, `RETRY` or `DROP`.
    pub(crate) fn processed(&self, id: &str, status: &str) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // One that nobody waits for any more was given up by its policy.
        while let Some(first) = waiting.get_mut(id).and_then(VecDeque::pop_front) {
            if first.send(status.to_owned()).is_ok() {
                return;
            }
        }
        tracing::error!("no client stream expecting publish response for id {id}");
    }
}

impl Outlet {
    pub(super) fn is_gone(&self) -> bool {
        self.events.is_closed()
    }

    /// Hands an event to the program and waits for its answer.
    pub(super) async fn deliver(&self, parcel: &Parcel<'_>, subscription: &Subscription) -> Judged {
        let failed = |why: String| (why.clone(), Err(Failure::transient(why)));
        let event = match event(parcel, subscription) {
            Ok(event) => event,
            Err(why) => return failed(format!("error returned from app while processing pub/sub event: {why}")),
        };
        // Waited for first: until the event is on its way there is no answer to it.
        let Ok(place) = self.events.reserve().await else { return failed("stream closed".into()) };
        let mut answered = Answered::new(&self.waiting, event.id.clone());
        place.send(event);
        match (&mut answered.answer).await {
            Ok(status) => judge::status(&status, &parcel.id),
            Err(_) => failed("stream closed".into()),
        }
    }
}

/// Waits for an answer. One that is dropped waits no more: the next answer is for whoever waits then.
struct Answered<'a> {
    waiting: &'a Waiting,
    id: String,
    answer: oneshot::Receiver<String>,
}

impl<'a> Answered<'a> {
    fn new(waiting: &'a Waiting, id: String) -> Self {
        let (sender, answer) = oneshot::channel();
        waiting.lock().unwrap_or_else(PoisonError::into_inner).entry(id.clone()).or_default().push_back(sender);
        Self { waiting, id, answer }
    }
}

impl Drop for Answered<'_> {
    fn drop(&mut self) {
        self.answer.close();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiters) = waiting.get_mut(&self.id) {
            waiters.retain(|waiter| !waiter.is_closed());
            if waiters.is_empty() {
                waiting.remove(&self.id);
            }
        }
    }
}

/// An event as the stream carries it.
fn event(parcel: &Parcel<'_>, subscription: &Subscription) -> Result<TopicEventRequest, String> {
    let text = |name: &str| parcel.event.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let content_type = text("datacontenttype");
    Ok(TopicEventRequest {
        id: text("id"),
        source: text("source"),
        r#type: text("type"),
        spec_version: text("specversion"),
        data: data(parcel, &content_type)?,
        data_content_type: content_type,
        topic: subscription.topic.clone(),
        pubsub_name: subscription.pubsub.clone(),
        path: parcel.path.to_owned(),
        extensions: Some(extensions(&parcel.event)),
    })
}

/// The event's data as bytes.
fn data(parcel: &Parcel<'_>, content_type: &str) -> Result<Vec<u8>, String> {
    let unexpected = || "unexpected data type encountered in envelope".to_owned();
    if let Some(data) = parcel.event.get("data_base64").filter(|data| !data.is_null()) {
        let text = data.as_str().ok_or_else(unexpected)?;
        return BASE64.decode(text).map_err(|error| error.to_string());
    }
    let Some(data) = parcel.event.get("data").filter(|data| !data.is_null()) else { return Ok(Vec::new()) };
    match base_type(content_type).as_str() {
        text if text.starts_with("text/") || text == "application/xml" => {
            data.as_str().map(|text| text.as_bytes().to_vec()).ok_or_else(unexpected)
        }
        "application/json" | "application/cloudevents+json" => {
            // As it is written: the digits of a number are its publisher's.
            let written: HashMap<String, &RawValue> =
                serde_json::from_slice(&parcel.data).map_err(|error| error.to_string())?;
            written.get("data").map_or_else(|| Ok(Vec::new()), |data| json::canonical(data).map(String::into_bytes))
        }
        _ => Ok(Vec::new()),
    }
}

/// What of an event has no field of its own.
fn extensions(event: &Event) -> Struct {
    let own = ["id", "source", "datacontenttype", "type", "specversion", "data", "data_base64"];
    let others = event.iter().filter(|(name, _)| !own.contains(&name.as_str()));
    Struct { fields: others.map(|(name, value)| (name.clone(), proto(value))).collect() }
}

fn proto(value: &Value) -> ProtoValue {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(yes) => Kind::BoolValue(*yes),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Array(items) => Kind::ListValue(ListValue { values: items.iter().map(proto).collect() }),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), proto(value)));
            Kind::StructValue(Struct { fields: fields.collect() })
        }
    };
    ProtoValue { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use super::super::judge::Outcome;
    use super::super::tests::{in_memory, subscription};
    use super::*;

    #[tokio::test]
    async fn an_answer_is_for_the_attempt_that_waits_and_not_for_one_that_was_given_up() {
        let (sender, mut events) = mpsc::channel(1);
        let waiting = Waiting::default();
        let outlet = Outlet { events: sender, waiting: Arc::clone(&waiting) };
        let answers = Answers { waiting: Arc::clone(&waiting) };
        let parcel = Parcel {
            path: "/",
            headers: http::HeaderMap::new(),
            event: Event::from([("id".to_owned(), Value::from("1"))]),
            data: bytes::Bytes::new(),
            id: "1".into(),
            topic: "a".into(),
        };
        let subscription = subscription("a", "");
        let deliver = || Box::pin(outlet.deliver(&parcel, &subscription));
        let (mut first, mut behind) = (deliver(), deliver());
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut behind).is_pending());
        drop((first, behind));
        assert!(waiting.lock().expect("whole").is_empty());
        assert!(events.recv().await.is_some());
        let mut again = deliver();
        assert!(futures::poll!(&mut again).is_pending());
        assert!(events.recv().await.is_some());
        answers.processed("1", "SUCCESS");
        assert_eq!(again.await.1.ok(), Some(Outcome::Done));
    }

    #[tokio::test]
    async fn a_stream_whose_dead_letters_may_not_be_published_or_come_back_does_not_begin() {
        let pubsub = Arc::new(in_memory());
        let stream = async |topic: &str, letters: &str| {
            let (topic, dead_letter_topic) = (topic.to_owned(), letters.to_owned());
            pubsub
                .stream(StreamRequest { pubsub: "p".into(), topic, metadata: HashMap::new(), dead_letter_topic })
                .await
                .map_err(|error| error.message)
        };
        let held = stream("a", "b").await.expect("begun");
        for (topic, letters, why) in [
            ("b", "a", "leads back"),
            ("c", "c", "leads back"),
            ("c*", "cd", "leads back"),
            ("c", "protected", "not allowed"),
        ] {
            let error = stream(topic, letters).await.map(drop).expect_err("refused");
            assert!(error.contains(why), "{error}");
        }
        drop(held);
        assert!(stream("b", "a").await.is_ok());
        assert!(pubsub.subscriptions().is_empty());
    }
}

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
    number: u64,
    delivery: AbortHandle,
    pubsub: Arc<PubSub>,
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
        let failed = |why: String| ApiError::stream(format!("failed to create subscription for {pubsub}: {why}"));
        if !bus.scopes.may_subscribe(&topic) {
            return Err(failed(format!("subscription to topic '{topic}' on pubsub '{pubsub}' is not allowed")));
        }
        if dead_letter_topic == topic || bus.broker.takes(&topic, &dead_letter_topic) {
            return Err(failed(format!("the dead letter topic {dead_letter_topic} leads back to it")));
        }
        let messages = bus.broker.subscribe(&bus.at_broker(&topic)).await.map_err(failed)?;
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
        let (sender, events) = mpsc::channel(1);
        let waiting = Waiting::default();
        let outlet = Outlet { events: sender, waiting: Arc::clone(&waiting) };
        let number = self.subscriptions.add_stream(subscription.clone());
        let delivery =
            self.delivery(Door::Stream(outlet), bus, subscription, routes, CancellationToken::new()).run(messages);
        Ok(Stream { events, waiting, number, delivery: self.spawn(delivery), pubsub: Arc::clone(self) })
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
        self.pubsub.subscriptions.forget_stream(self.number);
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
        let first = waiting.get_mut(id).and_then(VecDeque::pop_front);
        if waiting.get(id).is_some_and(VecDeque::is_empty) {
            waiting.remove(id);
        }
        // One that nobody waits for any more was given up by its policy.
        if first.is_none_or(|waiter| waiter.send(status.to_owned()).is_err()) {
            tracing::error!("no client stream expecting publish response for id {id}");
        }
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
        let id = event.id.clone();
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default().push_back(answer);
        if self.events.send(event).await.is_err() {
            return failed("stream closed".into());
        }
        match answered.await {
            Ok(status) => judge::status(&status, &parcel.id),
            Err(_) => failed("stream closed".into()),
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

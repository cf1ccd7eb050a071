//! Streaming subscriptions: a program takes events over gRPC and answers each.

use dapr::dapr::proto::runtime::v1::subscribe_topic_events_request_alpha1::SubscribeTopicEventsRequestType as Ask;
use dapr::dapr::proto::runtime::v1::subscribe_topic_events_response_alpha1::SubscribeTopicEventsResponseType as Told;
use dapr::dapr::proto::runtime::v1::{
    SubscribeTopicEventsRequestAlpha1, SubscribeTopicEventsRequestInitialAlpha1,
    SubscribeTopicEventsRequestProcessedAlpha1, SubscribeTopicEventsResponseAlpha1, TopicEventRequest,
    TopicEventResponse,
};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

use crate::pubsub::{delivered, subscription};
use crate::runtime::{Lab, Runtime, Setup};
use crate::support::{App, DEADLINE, until};

behaviours![
    a_stream_gets_events_and_says_what_became_of_them,
    a_stream_is_shown_while_it_is_open,
    a_stream_that_is_asked_for_wrongly_ends_with_a_reason,
];

/// A stream that is open.
pub struct Open {
    answers: mpsc::Sender<SubscribeTopicEventsRequestAlpha1>,
    events: Streaming<SubscribeTopicEventsResponseAlpha1>,
}

fn ask(what: Ask) -> SubscribeTopicEventsRequestAlpha1 {
    SubscribeTopicEventsRequestAlpha1 { subscribe_topic_events_request_type: Some(what) }
}

pub fn initial(pubsub: &str, topic: &str) -> SubscribeTopicEventsRequestAlpha1 {
    ask(Ask::InitialRequest(SubscribeTopicEventsRequestInitialAlpha1 {
        pubsub_name: pubsub.into(),
        topic: topic.into(),
        dead_letter_topic: Some("dead".into()),
        ..Default::default()
    }))
}

impl Open {
    pub async fn with(lab: &Lab, first: SubscribeTopicEventsRequestAlpha1) -> Result<Self, tonic::Status> {
        let (answers, asked) = mpsc::channel(8);
        answers.send(first).await.unwrap();
        let opened = lab.grpc.clone().subscribe_topic_events_alpha1(ReceiverStream::new(asked)).await?;
        let mut open = Self { answers, events: opened.into_inner() };
        let hello = open.told().await?;
        assert!(matches!(hello, Told::InitialResponse(_)), "{hello:?}");
        Ok(open)
    }

    async fn told(&mut self) -> Result<Told, tonic::Status> {
        let told = tokio::time::timeout(DEADLINE, self.events.message()).await.expect("something comes")?;
        Ok(told.expect("the stream goes on").subscribe_topic_events_response_type.unwrap())
    }

    pub async fn event(&mut self) -> TopicEventRequest {
        match self.told().await.unwrap() {
            Told::EventMessage(event) => event,
            other => panic!("{other:?}"),
        }
    }

    async fn answer(&self, id: &str, status: i32) {
        let status = Some(TopicEventResponse { status });
        let processed = SubscribeTopicEventsRequestProcessedAlpha1 { id: id.into(), status };
        self.answers.send(ask(Ask::EventProcessed(processed))).await.unwrap();
    }
}

async fn lab(runtime: Runtime) -> Lab {
    runtime.with(App::echo(), Setup::documents(&[&subscription("dead", "  routes: {default: /dead}\n")])).await
}

pub async fn a_stream_gets_events_and_says_what_became_of_them(runtime: Runtime) {
    let lab = lab(runtime).await;
    let mut open = Open::with(&lab, initial("bus", "t")).await.unwrap();
    lab.publish("t", "application/json", br#"{"n": 1, "s": "<"}"#, &[("cloudevent.id", "e1")]).await.unwrap();
    let event = open.event().await;
    assert_eq!((event.id.as_str(), event.topic.as_str(), event.pubsub_name.as_str()), ("e1", "t", "bus"));
    assert_eq!((event.source.as_str(), event.spec_version.as_str()), ("app", "1.0"));
    assert_eq!((event.r#type.as_str(), event.path.as_str()), ("com.dapr.event.sent", "/"));
    assert_eq!(event.data_content_type, "application/json");
    assert_eq!(String::from_utf8(event.data).unwrap(), r#"{"n":1,"s":"\u003c"}"#);
    let extensions = event.extensions.unwrap().fields;
    let names: Vec<_> = extensions.keys().map(String::as_str).collect();
    assert_eq!(names, ["pubsubname", "time", "topic", "traceid", "traceparent", "tracestate"]);
    open.answer("e1", 0).await;

    for (id, status) in [("retry", 1), ("drop", 2), ("unknown", 7)] {
        lab.publish("t", "text/plain", id.as_bytes(), &[("cloudevent.id", id)]).await.unwrap();
        let event = open.event().await;
        assert_eq!((event.id.as_str(), event.data.as_slice()), (id, id.as_bytes()));
        open.answer(id, status).await;
        let dead = lab.app.wait(1, |seen| seen.is("POST", "/dead") && seen.json()["id"] == id).await;
        assert_eq!(dead.len(), 1, "{id}");
    }
    assert_eq!(delivered(&lab, "/dead", 3).await.len(), 3, "the first one was taken");
}

pub async fn a_stream_is_shown_while_it_is_open(runtime: Runtime) {
    let lab = lab(runtime).await;
    let kinds = || async {
        let body: Value = reqwest::get(lab.url("/v1.0/metadata")).await.unwrap().json().await.unwrap();
        let shown = body["subscriptions"].as_array().unwrap().iter();
        shown.map(|s| (s["topic"].clone(), s["type"].clone())).collect::<Vec<_>>()
    };
    let open = Open::with(&lab, initial("bus", "t")).await.unwrap();
    assert!(kinds().await.contains(&("t".into(), "STREAMING".into())));
    drop(open);
    until("it is gone", || async { kinds().await.len() == 1 }).await;
}

pub async fn a_stream_that_is_asked_for_wrongly_ends_with_a_reason(runtime: Runtime) {
    let lab = lab(runtime).await;
    let answer = ask(Ask::EventProcessed(SubscribeTopicEventsRequestProcessedAlpha1::default()));
    for (first, code, text) in [
        (answer, Code::Unknown, "initial request is required"),
        (initial("", "t"), Code::Unknown, "pubsubName is required"),
        (initial("bus", ""), Code::Unknown, "topic is required"),
        (initial("none", "t"), Code::InvalidArgument, "pubsub none is not found"),
    ] {
        let error = Open::with(&lab, first).await.err().expect(text);
        assert_eq!((error.code(), error.message()), (code, text));
    }
    let mut open = Open::with(&lab, initial("bus", "t")).await.unwrap();
    open.answers.send(initial("bus", "t")).await.unwrap();
    let error = open.told().await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Unknown, "duplicate initial request received"));
}

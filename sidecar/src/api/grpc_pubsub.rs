//! Pub/sub over gRPC: publishing, and streaming subscriptions.

use std::sync::Arc;

use dapr::dapr::proto::runtime::v1::subscribe_topic_events_request_alpha1::SubscribeTopicEventsRequestType as Asked;
use dapr::dapr::proto::runtime::v1::subscribe_topic_events_response_alpha1::SubscribeTopicEventsResponseType as Told;
use dapr::dapr::proto::runtime::v1::topic_event_response::TopicEventResponseStatus;
use dapr::dapr::proto::runtime::v1::{
    BulkPublishRequest, BulkPublishResponse, BulkPublishResponseFailedEntry, PublishEventRequest,
    SubscribeTopicEventsRequestAlpha1, SubscribeTopicEventsRequestProcessedAlpha1, SubscribeTopicEventsResponseAlpha1,
    SubscribeTopicEventsResponseInitialAlpha1,
};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use tonic::body::Body;
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::service_fn;

use crate::error::ApiError;
use crate::pubsub::{BulkEntry, BulkRequest, PublishRequest, Stream, StreamRequest, Trace};
use crate::runtime::Runtime;

pub(super) async fn publish(runtime: Arc<Runtime>, request: PublishEventRequest, trace: Trace) -> Result<(), Status> {
    let publication = PublishRequest {
        pubsub: &request.pubsub_name,
        topic: &request.topic,
        data: &request.data,
        content_type: &request.data_content_type,
        metadata: request.metadata,
        trace,
    };
    Ok(runtime.pubsub.publish(publication).await?)
}

pub(super) async fn publish_bulk(
    runtime: Arc<Runtime>,
    request: BulkPublishRequest,
    trace: Trace,
) -> Result<BulkPublishResponse, Status> {
    let entry = |entry: dapr::dapr::proto::runtime::v1::BulkPublishRequestEntry| BulkEntry {
        id: entry.entry_id,
        data: entry.event,
        content_type: entry.content_type,
        metadata: Some(entry.metadata).filter(|metadata| !metadata.is_empty()),
    };
    let (pubsub, topic) = (request.pubsub_name.as_str(), request.topic.as_str());
    let entries = request.entries.into_iter().map(entry).collect();
    let bulk = BulkRequest { pubsub, topic, metadata: request.metadata, entries, trace };
    let failed = runtime.pubsub.publish_bulk(bulk).await?;
    // As with daprd the caller learns of one reason, and not which entries there are.
    match failed.into_iter().next() {
        None => Ok(BulkPublishResponse { failed_entries: Vec::<BulkPublishResponseFailedEntry>::new() }),
        Some((_, why)) => Err(ApiError::publish_failed(pubsub, topic, why).into()),
    }
}

/// Serves `SubscribeTopicEventsAlpha1`.
pub(super) async fn stream(runtime: Arc<Runtime>, request: http::Request<Body>) -> http::Response<Body> {
    let limit = runtime.max_body_bytes;
    let service = service_fn(move |request: Request<Streaming<SubscribeTopicEventsRequestAlpha1>>| {
        let runtime = Arc::clone(&runtime);
        async move { begin(&runtime, request.into_inner()).await.map(Response::new) }
    });
    type Codec = ProstCodec<SubscribeTopicEventsResponseAlpha1, SubscribeTopicEventsRequestAlpha1>;
    let mut grpc = tonic::server::Grpc::new(Codec::default()).max_decoding_message_size(limit);
    grpc.streaming(service, request).await
}

type Events = BoxStream<'static, Result<SubscribeTopicEventsResponseAlpha1, Status>>;

async fn begin(runtime: &Runtime, mut asked: Streaming<SubscribeTopicEventsRequestAlpha1>) -> Result<Events, Status> {
    let first = asked.message().await?.and_then(|message| message.subscribe_topic_events_request_type);
    let Some(Asked::InitialRequest(initial)) = first else {
        return Err(ApiError::stream("initial request is required").into());
    };
    for (name, given) in [("pubsubName", &initial.pubsub_name), ("topic", &initial.topic)] {
        if given.is_empty() {
            return Err(ApiError::stream(format!("{name} is required")).into());
        }
    }
    let request = StreamRequest {
        pubsub: initial.pubsub_name,
        topic: initial.topic,
        metadata: initial.metadata,
        dead_letter_topic: initial.dead_letter_topic.unwrap_or_default(),
    };
    let subscribed = runtime.pubsub.stream(request).await?;
    let hello = told(Told::InitialResponse(SubscribeTopicEventsResponseInitialAlpha1 {}));
    let events = stream::unfold(Some((subscribed, asked)), async |state| {
        let (mut subscribed, mut asked) = state?;
        match next(&mut subscribed, &mut asked).await {
            Ok(Some(event)) => Some((Ok(event), Some((subscribed, asked)))),
            Ok(None) => None,
            Err(status) => Some((Err(status), None)),
        }
    });
    Ok(stream::once(async { Ok(hello) }).chain(events).boxed())
}

/// The next event for the program, while its answers are taken; `None` when it has gone.
async fn next(
    subscribed: &mut Stream,
    asked: &mut Streaming<SubscribeTopicEventsRequestAlpha1>,
) -> Result<Option<SubscribeTopicEventsResponseAlpha1>, Status> {
    let answers = subscribed.answers();
    loop {
        let message = tokio::select! {
            event = subscribed.next() => {
                let event = event.ok_or_else(|| ApiError::stream("stream closed"))?;
                return Ok(Some(told(Told::EventMessage(event))));
            }
            message = asked.message() => message?,
        };
        let Some(message) = message else { return Ok(None) };
        match message.subscribe_topic_events_request_type {
            Some(Asked::EventProcessed(SubscribeTopicEventsRequestProcessedAlpha1 { id, status })) => {
                let status = status.map(|status| status.status).unwrap_or_default();
                let name = TopicEventResponseStatus::try_from(status)
                    .map_or_else(|_| status.to_string(), |status| status.as_str_name().to_owned());
                answers.processed(&id, &name);
            }
            Some(Asked::InitialRequest(_)) | None => {
                return Err(ApiError::stream("duplicate initial request received").into());
            }
        }
    }
}

fn told(what: Told) -> SubscribeTopicEventsResponseAlpha1 {
    SubscribeTopicEventsResponseAlpha1 { subscribe_topic_events_response_type: Some(what) }
}

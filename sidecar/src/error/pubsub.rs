//! Failures of publishing and subscribing.

use http::StatusCode;
use tonic::Code;

use super::ApiError;

impl ApiError {
    /// Returns `404`: no such pub/sub component.
    pub(crate) fn pubsub_not_found(name: &str) -> Self {
        Self::new(Code::InvalidArgument, 404, "ERR_PUBSUB_NOT_FOUND", format!("pubsub {name} is not found"))
            .because("DAPR_PUBSUB_NOT_FOUND", [])
    }

    /// Returns `404`: the pub/sub component is not named.
    pub(crate) fn pubsub_name_empty() -> Self {
        Self::new(Code::InvalidArgument, 404, "ERR_PUBSUB_EMPTY", "pubsub name is empty")
            .because("DAPR_PUBSUB_NAME_EMPTY", [])
            .about("pubsub", "")
    }

    /// Returns `404`: the topic is not named.
    pub(crate) fn topic_empty(pubsub: &str) -> Self {
        Self::new(Code::InvalidArgument, 404, "ERR_TOPIC_NAME_EMPTY", format!("topic is empty in pubsub {pubsub}"))
            .because("DAPR_PUBSUB_TOPIC_NAME_EMPTY", [])
            .about("pubsub", pubsub)
    }

    /// Returns `400`: publish metadata that cannot be understood.
    pub(crate) fn publish_metadata(why: impl std::fmt::Display) -> Self {
        Self::new(
            Code::InvalidArgument,
            400,
            "ERR_PUBSUB_REQUEST_METADATA",
            format!("failed deserializing metadata. Error: {why}"),
        )
        .because("DAPR_PUBSUB_METADATA_DESERIALIZATION", [])
    }

    /// Returns `403`: the topic is not for this app.
    pub(crate) fn publish_forbidden(topic: &str, app_id: &str) -> Self {
        let why = format!("topic {topic} is not allowed for app id {app_id}");
        Self::new(Code::PermissionDenied, 403, "ERR_PUBSUB_FORBIDDEN", why)
            .because("DAPR_PUBSUB_FORBIDDEN", [("topic", topic)])
    }

    /// Returns `400`: the entries of a bulk request are not what they have to be.
    pub(crate) fn bulk_events(topic: &str, pubsub: &str, why: impl std::fmt::Display) -> Self {
        Self::new(
            Code::InvalidArgument,
            400,
            "ERR_PUBSUB_EVENTS_SER",
            format!("error marshaling events to bytes for topic {topic} pubsub {pubsub}. error: {why}"),
        )
        .because("DAPR_PUBSUB_MARSHAL_EVENTS", [])
        .about("pubsub", pubsub)
    }

    /// Returns `400`: an entry of a bulk request is not of its content type.
    pub(crate) fn bulk_envelope(topic: &str, pubsub: &str, why: impl std::fmt::Display) -> Self {
        let why = format!("error when marshalling cloud event envelope for topic {topic} pubsub {pubsub}: {why}");
        Self::new(Code::InvalidArgument, 400, "ERR_PUBSUB_EVENTS_SER", why)
            .because("DAPR_PUBSUB_MARSHAL_ENVELOPE", [])
            .about("pubsub", pubsub)
    }

    /// Returns `400`: the body of a bulk request cannot be read.
    pub(crate) fn bulk_request(topic: &str, pubsub: &str, why: impl std::fmt::Display) -> Self {
        let why = format!("error when unmarshaling the request for topic {topic} pubsub {pubsub}: {why}");
        Self::new(Code::InvalidArgument, 400, "ERR_PUBSUB_EVENTS_SER", why)
            .because("DAPR_PUBSUB_UNMARSHAL_EVENTS", [])
            .about("pubsub", pubsub)
    }

    /// Over gRPC alone: a stream that does not begin, or that its program uses wrongly.
    pub(crate) fn stream(why: impl Into<String>) -> Self {
        Self::new(Code::Unknown, 500, "ERR_PUBSUB_STREAM", why)
    }

    /// Returns `500`: what the caller gave as a CloudEvent is none.
    pub(crate) fn cloud_event(why: impl std::fmt::Display) -> Self {
        // The caller is told as little as daprd tells.
        tracing::warn!("cannot create cloudevent: {why}");
        Self::new(Code::InvalidArgument, 500, "ERR_PUBSUB_CLOUD_EVENTS_SER", "cannot create cloudevent")
            .because("DAPR_PUBSUB_CLOUD_EVENT_CREATION", [])
    }

    /// Returns `503`: the sidecar is shutting down and takes no more messages.
    pub(crate) fn publish_closed(pubsub: &str, topic: &str) -> Self {
        let why = "the sidecar is shutting down";
        Self {
            code: Code::Unavailable,
            status: StatusCode::SERVICE_UNAVAILABLE,
            ..Self::publish_failed(pubsub, topic, why)
        }
    }

    /// Returns `500`: the pub/sub component did not take the message.
    pub(crate) fn publish_failed(pubsub: &str, topic: &str, why: impl std::fmt::Display) -> Self {
        Self::new(
            Code::Internal,
            500,
            "ERR_PUBSUB_PUBLISH_MESSAGE",
            format!("error when publishing to topic {topic} in pubsub {pubsub}: {why}"),
        )
        .because("DAPR_PUBSUB_PUBLISH_MESSAGE", [("topic", topic)])
        .about("pubsub", pubsub)
    }
}

//! What the APIs answer when a call fails: one error, shown over gRPC and over HTTP.
//!
//! Texts, codes and statuses are daprd's (`pkg/messages/predefined.go`, `pkg/api/errors`).

mod details;
mod pubsub;
mod state;

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::names::ActorRef;
use details::Details;

/// A failed API call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) code: Code,
    pub(crate) status: StatusCode,
    /// `errorCode` of the HTTP body.
    pub(crate) name: &'static str,
    pub(crate) message: String,
    pub(crate) details: Option<Box<Details>>,
    /// Whether another sidecar has said so.
    remote: bool,
}

/// The code of an error over HTTP, for those who look at an answer in passing.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ErrorCode(pub(crate) &'static str);

impl ApiError {
    fn new(code: Code, status: u16, name: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            name,
            message: message.into(),
            details: None,
            remote: false,
        }
    }

    /// Returns `400`: a name or a body is not what it has to be.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, 400, "ERR_BAD_REQUEST", message)
    }

    /// Returns `403`: a web page calls that nobody named, or a name that is not ours leads here.
    pub(crate) fn foreign(who: impl std::fmt::Display) -> Self {
        Self::new(
            Code::PermissionDenied,
            403,
            "ERR_FOREIGN_ORIGIN",
            format!("{who} may not call this sidecar (name the page with --allowed-origins if it is meant to)"),
        )
    }

    /// Returns `500` (over gRPC `ResourceExhausted`): an answer is longer than the limit.
    pub(crate) fn too_large(size: usize, limit: usize) -> Self {
        Self::new(
            Code::ResourceExhausted,
            500,
            "ERR_RESPONSE_TOO_LARGE",
            format!("grpc: trying to send message larger than max ({size} vs. {limit})"),
        )
    }

    /// Returns `413`: there is no room for more extended metadata.
    pub(crate) fn metadata_full(limit: usize) -> Self {
        Self::new(
            Code::ResourceExhausted,
            413,
            "ERR_METADATA_TOO_LARGE",
            format!("extended metadata takes {limit} bytes at most, names and values together"),
        )
    }

    /// Returns `400`: the body is not what the API takes.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, 400, "ERR_MALFORMED_REQUEST", message)
    }

    /// Returns `500`: the actor's method failed, or could not be reached.
    pub(crate) fn actor_invoke(why: impl std::fmt::Display) -> Self {
        Self::new(Code::Internal, 500, "ERR_ACTOR_INVOKE_METHOD", format!("error invoke actor method: {why}"))
    }

    /// Returns `503`: there is no file handle left for a connection to the app, which was not reached.
    pub(crate) fn actor_no_room(why: impl std::fmt::Display) -> Self {
        Self { code: Code::Unavailable, status: StatusCode::SERVICE_UNAVAILABLE, ..Self::actor_invoke(why) }
    }

    /// Returns `500`: the actor's method failed, and another sidecar has said so.
    pub(crate) fn actor_remote(message: String) -> Self {
        Self { message, remote: true, ..Self::actor_invoke("") }
    }

    /// Returns `500`: an app's method could not be called.
    pub(crate) fn direct_invoke(target: &str, why: impl std::fmt::Display) -> Self {
        let why = format!("failed to invoke, id: {target}, err: {why}");
        Self::new(Code::Internal, 500, "ERR_DIRECT_INVOKE", why)
    }

    /// Returns `503`: there is no file handle left for a connection to the app, which was not reached.
    pub(crate) fn direct_invoke_no_room(target: &str, why: impl std::fmt::Display) -> Self {
        Self { code: Code::Unavailable, status: StatusCode::SERVICE_UNAVAILABLE, ..Self::direct_invoke(target, why) }
    }

    /// Returns `403`: the method is one that the sidecar alone calls.
    pub(crate) fn direct_invoke_reserved(target: &str, method: &str, whose: &str) -> Self {
        let why = format!("failed to invoke, id: {target}, err: the method {method:?} is not for callers: {whose}");
        Self::new(Code::PermissionDenied, 403, "ERR_DIRECT_INVOKE", why)
    }

    /// Returns `404`: nothing says which app is to be called.
    pub(crate) fn direct_invoke_no_app_id() -> Self {
        let why = "failed getting app id either from the URL path or the header dapr-app-id";
        Self::new(Code::NotFound, 404, "ERR_DIRECT_INVOKE", why)
    }

    /// Returns `500` (over gRPC `FailedPrecondition`): nobody hosts the type.
    pub(crate) fn no_address(actor: &ActorRef) -> Self {
        let why = format!(
            "failed to lookup actor: api error: code = FailedPrecondition desc = did not find \
             address for actor '{}/{}'",
            actor.kind, actor.id
        );
        Self { code: Code::FailedPrecondition, message: why.clone(), ..Self::actor_invoke(why) }
    }

    /// Returns `500` (over gRPC `ResourceExhausted`): a chain of calls came back to an actor too often.
    pub(crate) fn stack_depth() -> Self {
        Self::new(Code::ResourceExhausted, 500, "ERR_ACTOR_STACK_DEPTH", "maximum stack depth exceeded")
    }

    /// Returns `503`: the sidecar is shutting down.
    pub(crate) fn runtime_closed() -> Self {
        Self::new(Code::Unavailable, 503, "ERR_ACTOR_RUNTIME_CLOSED", "actor runtime is closed")
    }

    /// Returns `403`: the state of Dapr's own actors is not for callers.
    pub(crate) fn reserved_type(kind: &str) -> Self {
        Self::new(
            Code::PermissionDenied,
            403,
            "ERR_ACTOR_TYPE_RESERVED",
            format!(
                "actor type {kind:?} is reserved for the Dapr workflow runtime; direct actor API \
                 access is not permitted"
            ),
        )
    }

    /// Returns `500`: no component says `actorStateStore`.
    pub(crate) fn no_actor_state_store() -> Self {
        Self::new(
            Code::Internal,
            500,
            "ERR_ACTOR_RUNTIME_NOT_FOUND",
            "the state store is not configured to use the actor runtime. Have you set the - name: \
             actorStateStore value: \"true\" in your state store component file?",
        )
    }

    /// Returns `400`: state is changed only in an active actor.
    pub(crate) fn instance_missing() -> Self {
        Self::new(Code::Internal, 400, "ERR_ACTOR_INSTANCE_MISSING", "actor instance is missing")
    }

    /// Returns `500`: the store failed a read.
    pub(crate) fn state_get(why: impl std::fmt::Display) -> Self {
        Self::new(Code::Internal, 500, "ERR_ACTOR_STATE_GET", format!("error getting actor state: {why}"))
    }

    /// Returns `500`: the store failed a write, or it was refused.
    pub(crate) fn state_save(why: impl std::fmt::Display) -> Self {
        Self::new(
            Code::Internal,
            500,
            "ERR_ACTOR_STATE_TRANSACTION_SAVE",
            format!("error saving actor transaction state: {why}"),
        )
    }

    /// Returns `500` (over gRPC `Unimplemented`): a transaction only upserts and deletes.
    pub(crate) fn unsupported_operation(operation: &str) -> Self {
        let why = format!("operation type {operation} not supported");
        Self::new(Code::Unimplemented, 500, "ERR_ACTOR_STATE_TRANSACTION_SAVE", why)
    }

    /// Returns `500`: the timer is not registered.
    pub(crate) fn timer_create(why: impl std::fmt::Display) -> Self {
        Self::new(Code::Internal, 500, "ERR_ACTOR_TIMER_CREATE", format!("error creating actor timer: {why}"))
    }

    /// Returns `507` (over gRPC `ResourceExhausted`): there is no room for another timer.
    pub(crate) fn timers_full(why: impl std::fmt::Display) -> Self {
        let (code, status) = (Code::ResourceExhausted, StatusCode::INSUFFICIENT_STORAGE);
        Self { code, status, ..Self::timer_create(why) }
    }

    /// Returns `403`: reminders are kept for hosted types alone.
    pub(crate) fn reminder_not_hosted() -> Self {
        let why = "operations on actor reminders are only possible on hosted actor types";
        Self::new(Code::PermissionDenied, 403, "ERR_ACTOR_REMINDER_NON_HOSTED", why)
    }

    /// Returns `409`: there is one of that name, and it may not be replaced.
    pub(crate) fn reminder_exists(name: &str) -> Self {
        let why = format!("actor reminder already exists: {name}");
        Self::new(Code::AlreadyExists, 409, "ERR_ACTOR_REMINDER_ALREADY_EXISTS", why)
    }

    /// Returns `404`: there is none of that name.
    pub(crate) fn reminder_not_found(name: &str) -> Self {
        let why = format!("actor reminder not found: {name}");
        Self::new(Code::NotFound, 404, "ERR_ACTOR_REMINDER_NOT_FOUND", why)
    }

    /// Returns `500`: the reminder is not registered.
    pub(crate) fn reminder_create(why: impl std::fmt::Display) -> Self {
        Self::new(Code::Internal, 500, "ERR_ACTOR_REMINDER_CREATE", format!("error creating actor reminder: {why}"))
    }

    /// Returns `507` (over gRPC `ResourceExhausted`): there is no room for another reminder.
    pub(crate) fn reminders_full(why: impl std::fmt::Display) -> Self {
        let (code, status) = (Code::ResourceExhausted, StatusCode::INSUFFICIENT_STORAGE);
        Self { code, status, ..Self::reminder_create(why) }
    }

    /// Returns `500`: the reminder is still there.
    pub(crate) fn reminder_delete(why: impl std::fmt::Display) -> Self {
        Self::new(Code::Internal, 500, "ERR_ACTOR_REMINDER_DELETE", format!("error deleting actor reminder: {why}"))
    }

    /// Returns `501`: a whole part of Dapr that this sidecar does not have.
    pub(crate) fn absent(part: &str) -> Self {
        let why = format!(
            "this sidecar has no part for {part}: an app that needs it runs on Dapr's own daprd \
             (https://docs.dapr.io/getting-started/)"
        );
        Self::new(Code::Unimplemented, 501, "ERR_NOT_IMPLEMENTED", why)
    }

    /// Returns `501`: a call that this sidecar does not have.
    pub(crate) fn unimplemented(what: impl std::fmt::Display) -> Self {
        Self::new(Code::Unimplemented, 501, "ERR_NOT_IMPLEMENTED", format!("{what} is not implemented by this sidecar"))
    }
}

impl From<ApiError> for Status {
    fn from(error: ApiError) -> Self {
        let code = ErrorCode(error.name);
        let mut status = match error.details {
            None => Self::new(error.code, error.message),
            Some(details) => Self::with_error_details(error.code, error.message, details.for_grpc()),
        };
        status.set_source(Arc::new(code));
        status
    }
}

/// The body over HTTP, in daprd's order: an SDK may show its text as it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HttpBody {
    error_code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Value>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let message = match self.code {
            // Over gRPC the reason travels as it is; over HTTP it is one of a failed call.
            Code::FailedPrecondition if self.name == "ERR_ACTOR_INVOKE_METHOD" => {
                Self::actor_invoke(self.message).message
            }
            // As daprd has it, whose sidecars call each other over gRPC.
            _ if self.remote => {
                Self::actor_invoke(format!("rpc error: code = Internal desc = {}", self.message)).message
            }
            _ => self.message,
        };
        let details = self.details.and_then(|details| details.for_http());
        let body = HttpBody { error_code: self.name, message, details };
        (self.status, Extension(ErrorCode(self.name)), Json(body)).into_response()
    }
}

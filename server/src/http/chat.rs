//! The lesson's REST: `POST /chat/{actor_id}` and `GET /chat/{actor_id}/history`. Both invoke the actor.

use app::backend::SharedBackend;
use axum::{Json, extract::State, http::HeaderMap};
use model::{
    error::ErrorCode,
    message::{Message, Role},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::{ApiError, ErrorBody},
    extract::{Actor, JsonBody, message_id},
};

pub(crate) fn router() -> OpenApiRouter<SharedBackend> {
    OpenApiRouter::new().routes(routes!(send)).routes(routes!(history))
}

/// A learner's message.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Incoming {
    /// `user`; the assistant's messages are made by the actor.
    #[serde(default = "user")]
    role: Role,
    /// What the learner says; not empty.
    #[schema(example = "Hi there")]
    content: String,
}

const fn user() -> Role {
    Role::User
}

/// The agent's reply.
#[derive(Serialize, ToSchema)]
pub(crate) struct Answer {
    response: Message,
}

/// The kept messages.
#[derive(Serialize, ToSchema)]
pub(crate) struct History {
    /// Oldest first, at most five.
    history: Vec<Message>,
}

/// Send a message to the actor.
///
/// One turn: it waits behind the actor's other turns and behind the retries of its own. The reply comes when both
/// messages are stored. While 100 calls wait for the actor, no other is taken. A repeat with the same `Idempotency-Key` and the same content gets the same reply and changes
/// nothing, unless 300 others were stored since; another content with that key is refused.
#[utoipa::path(
    post, path = "/chat/{actor_id}", tag = "Lesson", request_body = Incoming,
    params(
        ("actor_id" = String, Path, description = "1 to 64 of A-Z a-z 0-9 . _ ~ -", example = "user1"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the message, so that it can be sent again")
    ),
    responses(
        (status = 200, description = "The stored reply", body = Answer),
        (status = 400, description = "The actor id or the body is not acceptable", body = ErrorBody),
        (status = 413, description = "The body is over 16 KiB", body = ErrorBody),
        (status = 415, description = "The body does not say that it is JSON", body = ErrorBody),
        (status = 422, description = "The key belongs to a message with another content", body = ErrorBody),
        (status = 429, description = "Too many calls wait for their turns; this one was not taken", body = ErrorBody),
        (status = 503, description = "The turn failed, or the sidecar or its store is away", body = ErrorBody)
    )
)]
pub(crate) async fn send(
    State(backend): State<SharedBackend>,
    Actor(actor): Actor,
    headers: HeaderMap,
    JsonBody(message): JsonBody<Incoming>,
) -> Result<Json<Answer>, ApiError> {
    if message.role != Role::User {
        let message = "role is \"assistant\": only a message with the role \"user\" can be sent";
        return Err(ApiError::new(ErrorCode::InvalidRequest, message));
    }
    let response = backend.send_message(&actor, message.content, message_id(&headers)?).await?;
    Ok(Json(Answer { response }))
}

/// Ask the actor for its history.
///
/// One turn, as in the lesson: it waits for the turns before it. A store that is away is an error, never an empty list.
#[utoipa::path(
    get, path = "/chat/{actor_id}/history", tag = "Lesson",
    params(("actor_id" = String, Path, description = "1 to 64 of A-Z a-z 0-9 . _ ~ -", example = "user1")),
    responses(
        (status = 200, description = "The kept messages", body = History),
        (status = 400, description = "The actor id is not acceptable", body = ErrorBody),
        (status = 429, description = "Too many calls wait for their turns; this one was not taken", body = ErrorBody),
        (status = 503, description = "The turn failed, or the sidecar or its store is away", body = ErrorBody)
    )
)]
pub(crate) async fn history(
    State(backend): State<SharedBackend>,
    Actor(actor): Actor,
) -> Result<Json<History>, ApiError> {
    let history = backend.conversation_history(&actor).await?;
    Ok(Json(History { history }))
}

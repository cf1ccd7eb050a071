//! Turns and deactivation, as the sidecar asks for them.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use model::{
    actor_id::{ACTOR_TYPE, ActorId},
    error::{ErrorCode, LabError},
    message::{Message, MessageId, Role},
};

use super::refuse;
use crate::{
    actor::{Agents, Answer, Call},
    invocation::{MESSAGE_ID_HEADER, TICKET_HEADER, check_content},
    timeline::Ticket,
};

/// `PUT /actors/{type}/{id}/method/{method}`: a turn. The body comes without a content type.
pub(super) async fn invoke(
    State(agents): State<Agents>,
    Path((kind, id, method)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let actor = match actor(&kind, &id) {
        Ok(actor) => actor,
        Err((status, error)) => return refuse(status, &error),
    };
    let call = match method.as_str() {
        "ProcessMessage" => match process_message(&headers, &body) {
            Ok(call) => call,
            Err(error) => return refuse(StatusCode::BAD_REQUEST, &error),
        },
        "GetConversationHistory" => Call::GetConversationHistory,
        "ResetConversation" => Call::ResetConversation,
        other => return refuse(StatusCode::NOT_FOUND, &not_found(format!("{ACTOR_TYPE} has no method {other:?}"))),
    };
    let ticket = header(&headers, TICKET_HEADER).map(Ticket::received);
    match agents.call(actor, call, ticket).await {
        Ok(Answer::Reply(reply)) => Json(reply).into_response(),
        Ok(Answer::History(messages)) => Json(messages).into_response(),
        Ok(Answer::Reset) => Json(()).into_response(),
        // Anything but 200 is an error to Dapr, and a 500 is one that it does not try again.
        Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &error),
    }
}

/// `DELETE /actors/{type}/{id}`: takes the actor out of memory. One that is not there is out of it too; anything but
/// 200 would only be logged by Dapr as a failure.
pub(super) async fn deactivate(State(agents): State<Agents>, Path((kind, id)): Path<(String, String)>) -> Response {
    match actor(&kind, &id) {
        Ok(actor) => {
            agents.deactivate(&actor);
            Json(()).into_response()
        }
        Err((status, error)) => refuse(status, &error),
    }
}

fn actor(kind: &str, id: &str) -> Result<ActorId, (StatusCode, LabError)> {
    if kind != ACTOR_TYPE {
        return Err((
            StatusCode::NOT_FOUND,
            not_found(format!("There is no actor type {kind:?} here: use {ACTOR_TYPE}")),
        ));
    }
    id.parse().map_err(|error: model::actor_id::ActorIdError| (StatusCode::BAD_REQUEST, error.into()))
}

fn process_message(headers: &HeaderMap, body: &[u8]) -> Result<Call, LabError> {
    let refused = |message: String| LabError::new(ErrorCode::InvalidRequest, message);
    let message: Message = serde_json::from_slice(body)
        .map_err(|error| refused(format!(r#"The body is not {{"role": "user", "content": "…"}}: {error}"#)))?;
    if message.role != Role::User {
        return Err(refused("The role of a message to the agent is \"user\"".into()));
    }
    check_content(&message.content)?;
    let id = match header(headers, MESSAGE_ID_HEADER) {
        Some(id) => id.to_owned(),
        None => uuid::Uuid::new_v4().to_string(),
    };
    Ok(Call::ProcessMessage { message, id: MessageId::try_from(id)? })
}

fn not_found(message: String) -> LabError {
    LabError::new(ErrorCode::NotFound, message)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

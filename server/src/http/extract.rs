//! What a request carries, checked on the way in.

use std::error::Error;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{self, HeaderMap, header::CONTENT_TYPE},
};
use http_body_util::LengthLimitError;
use model::{
    actor_id::ActorId,
    error::{ErrorCode, LabError},
    fields,
    message::{Message, MessageId},
};
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// The actor that the path names.
pub(crate) struct Actor(pub(crate) ActorId);

impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &S) -> Result<Self, Self::Rejection> {
        let path: Result<Path<String>, _> = Path::from_request_parts(parts, state).await;
        let Path(id) = path.map_err(|error| ApiError::new(ErrorCode::InvalidActorId, error.body_text()))?;
        Ok(Self(id.parse::<ActorId>()?))
    }
}

/// The parts of a path, as text: what is wrong with one is its reader's to say.
pub(crate) struct Parts<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Parts<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &S) -> Result<Self, Self::Rejection> {
        let path: Result<Path<T>, _> = Path::from_request_parts(parts, state).await;
        path.map(|Path(path)| Self(path)).map_err(|error| ApiError::new(ErrorCode::InvalidRequest, error.body_text()))
    }
}

/// What the address asks for after its question mark.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &S) -> Result<Self, Self::Rejection> {
        let asked: Result<Query<T>, _> = Query::from_request_parts(parts, state).await;
        asked.map(|Query(asked)| Self(asked)).map_err(|error| {
            let why = error.body_text();
            ApiError::new(ErrorCode::InvalidRequest, format!("The address is not as it has to be: {why}"))
        })
    }
}

/// A JSON body of at most [`Message::MAX_BODY_BYTES`] that says that it is JSON.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        let body = json_body(request, Message::MAX_BODY_BYTES).await?;
        serde_json::from_slice(&body).map(Self).map_err(|error| not_as_it_has_to_be(&error))
    }
}

/// A JSON body of settings: what is not as it has to be is `422`, and names the field and what it may be.
pub(crate) struct Fields<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Fields<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        let body = json_body(request, Message::MAX_BODY_BYTES).await?;
        Ok(Self(fields::read(&body)?))
    }
}

/// A body of at most `most` bytes that says that it is JSON.
pub(crate) async fn json_body(request: Request, most: usize) -> Result<Bytes, ApiError> {
    if !says_json(request.headers()) {
        let message = "Send JSON, with the header Content-Type: application/json";
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, message));
    }
    let body = whole_body(request.into_body(), most).await?;
    // Serde would take a list for the fields of an object, in their order.
    if body.trim_ascii_start().first() == Some(&b'[') {
        let message = "The body is not as it has to be: it is a list. Send an object, as {\"name\": …}";
        return Err(ApiError::new(ErrorCode::InvalidRequest, message));
    }
    Ok(body)
}

/// A body of at most `most` bytes.
///
/// # Errors
/// It is larger, or did not come whole.
pub(crate) async fn whole_body(body: Body, most: usize) -> Result<Bytes, LabError> {
    to_bytes(body, most).await.map_err(|error| {
        let causes = std::iter::successors(error.source(), |&error| error.source());
        if causes.into_iter().any(|cause| cause.is::<LengthLimitError>()) {
            const MIB: usize = 1024 * 1024;
            let most =
                if most.is_multiple_of(MIB) { format!("{} MiB", most / MIB) } else { format!("{} KiB", most / 1024) };
            let message = format!("The body is over {most}, which is the most a lab takes");
            LabError::new(ErrorCode::TooLarge, message)
        } else {
            LabError::new(ErrorCode::InvalidRequest, format!("The body did not come whole ({error}). Send it again."))
        }
    })
}

fn not_as_it_has_to_be(error: &serde_json::Error) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequest, format!("The body is not as it has to be: {error}"))
}

/// `application/json`, with or without parameters, or a type that ends in `+json` (RFC 6839).
fn says_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) else { return false };
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The id that the `Idempotency-Key` header gives the message, else a new one.
pub(crate) fn message_id(headers: &HeaderMap) -> Result<MessageId, ApiError> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(MessageId::try_from(uuid::Uuid::new_v4().to_string())?);
    };
    let key = key.to_str().unwrap_or_default().to_owned();
    Ok(MessageId::try_from(key)?)
}

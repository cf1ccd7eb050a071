//! What a request carries, checked on the way in.

use app::{
    actor_id::ActorId,
    error::{ErrorCode, LabError},
    form::allowed,
    message::{Message, MessageId},
};
use axum::{
    body::{Bytes, to_bytes},
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, header::CONTENT_TYPE, request::Parts},
};
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// The actor that the path names.
pub(crate) struct Actor(pub(crate) ActorId);

impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let path: Result<Path<String>, _> = Path::from_request_parts(parts, state).await;
        let Path(id) = path.map_err(|error| ApiError::new(ErrorCode::InvalidActorId, error.body_text()))?;
        Ok(Self(id.parse::<ActorId>()?))
    }
}

/// A JSON body of at most [`Message::MAX_BODY_BYTES`] that says that it is JSON.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        let body = json_body(request).await?;
        serde_json::from_slice(&body).map(Self).map_err(|error| not_as_it_has_to_be(&error))
    }
}

/// A JSON body of settings: what is not as it has to be is `422`, and names the field and what it may be.
pub(crate) struct Fields<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Fields<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        let body = json_body(request).await?;
        let mut json = serde_json::Deserializer::from_slice(&body);
        let settings = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            if error.inner().is_data() { refused_field(&error).into() } else { not_as_it_has_to_be(error.inner()) }
        })?;
        json.end().map_err(|error| not_as_it_has_to_be(&error))?;
        Ok(Self(settings))
    }
}

async fn json_body(request: Request) -> Result<Bytes, ApiError> {
    if !says_json(request.headers()) {
        let message = "Send JSON, with the header Content-Type: application/json";
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, message));
    }
    let body = to_bytes(request.into_body(), Message::MAX_BODY_BYTES)
        .await
        .map_err(|_| ApiError::new(ErrorCode::TooLarge, "The body is over 16 KiB, which is the most a lab takes"))?;
    // Serde would take a list for the fields of an object, in their order.
    if body.trim_ascii_start().first() == Some(&b'[') {
        let message = "The body is not as it has to be: it is a list. Send an object, as {\"name\": …}";
        return Err(ApiError::new(ErrorCode::InvalidRequest, message));
    }
    Ok(body)
}

fn not_as_it_has_to_be(error: &serde_json::Error) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequest, format!("The body is not as it has to be: {error}"))
}

/// The field that could not be read. One that is missing is named by the error alone: the path ends before it.
fn refused_field(error: &serde_path_to_error::Error<serde_json::Error>) -> LabError {
    let mut path = error.path().to_string();
    let full = error.inner().to_string();
    let words = full.split(" at line ").next().unwrap_or_default();
    if let Some((name, _)) = words.strip_prefix("missing field `").and_then(|rest| rest.split_once('`')) {
        path = if path == "." { name.to_owned() } else { format!("{path}.{name}") };
    }
    let last = path.rsplit('.').next().unwrap_or_default();
    let name = last.split('[').next().unwrap_or_default();
    LabError::of_field(path.clone(), format!("{path}: {words}{}.", allowed(name)))
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

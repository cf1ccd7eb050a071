//! Errors on the wire: `{"error":{"code","message"}}` with the code's status, in one shape on every API path.

use axum::{
    Json,
    extract::Request,
    http::{StatusCode, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse, Response},
};
use model::error::{ErrorCode, LabError};
use serde::Serialize;
use utoipa::ToSchema;

/// A [`LabError`] as a response.
#[derive(Debug)]
pub(crate) struct ApiError(pub(crate) LabError);

impl ApiError {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(LabError::new(code, message))
    }
}

impl<E: Into<LabError>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// The body of every error under the API paths.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// What went wrong and what to do.
    pub(crate) error: LabError,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(ErrorBody { error: self.0 })).into_response()
    }
}

/// The API's paths that stand alone.
const PATHS: [&str; 8] = ["/api", "/chat", "/events", "/healthz", "/livez", "/metrics", "/openapi.json", "/readyz"];

/// Whether answers on this path are for programs rather than for people.
pub(crate) fn is_api(path: &str) -> bool {
    ["/api/", "/chat/", "/events/", "/dapr/"].iter().any(|prefix| path.starts_with(prefix)) || PATHS.contains(&path)
}

/// Gives errors that a library made on an API path (wrong method, body too large) the one error shape.
pub(crate) async fn one_shape(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let json =
        response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if json || !is_api(&path) {
        return response;
    }
    let (code, message) = match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => {
            let message = format!("{path} does not take {method}; /docs lists what it takes");
            (ErrorCode::MethodNotAllowed, message)
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            (ErrorCode::TooLarge, "The request is over the limit: a message has at most 16 KiB".to_owned())
        }
        StatusCode::NOT_FOUND => {
            (ErrorCode::NotFound, format!("There is nothing at {path}; /docs lists what there is"))
        }
        _ => return response,
    };
    let mut shaped = ApiError::new(code, message).into_response();
    if let Some(allow) = response.headers().get("allow") {
        shaped.headers_mut().insert("allow", allow.clone());
    }
    shaped
}

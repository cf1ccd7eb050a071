//! `DAPR_API_TOKEN`: who may call the APIs.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use subtle::ConstantTimeEq;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::app_channel::TOKEN_HEADER;
use crate::runtime::Runtime;

/// What is wrong with a caller's token.
fn problem(runtime: &Runtime, headers: &HeaderMap) -> Option<&'static str> {
    let wanted = runtime.api_token.as_ref()?;
    match headers.get(TOKEN_HEADER) {
        None => Some("missing api token in request metadata"),
        Some(shown) if shown.as_bytes().ct_eq(wanted.as_bytes()).into() => None,
        Some(_) => Some("authentication error: api token mismatch"),
    }
}

/// Refuses a gRPC call without the right token, with the details that Dapr's SDKs read.
pub(super) fn grpc(runtime: &Runtime, headers: &HeaderMap) -> Result<(), Box<Status>> {
    let Some(problem) = problem(runtime, headers) else {
        return Ok(());
    };
    let details = HashMap::from([
        ("http.code".to_owned(), "401".to_owned()),
        ("http.error_message".to_owned(), problem.to_owned()),
    ]);
    Err(Box::new(Status::with_error_details(
        Code::Unauthenticated,
        "Unauthorized",
        ErrorDetails::with_error_info("", "dapr.io", details),
    )))
}

/// Whether other sidecars call this: the methods of the app and of its actors. Their key opens nothing else.
fn is_for_sidecars(path: &str) -> bool {
    let mut segments = path.split('/').skip(1);
    let mut next = || segments.next().unwrap_or_default();
    match (next(), next()) {
        ("v1.0", "invoke") => true,
        ("v1.0", "actors") => (next(), next(), next()).2 == "method",
        _ => false,
    }
}

/// Refuses an HTTP call without the right token; the health checks are open to all, and to other sidecars what they call.
pub(super) async fn http(State(runtime): State<Arc<Runtime>>, request: Request, next: Next) -> Response {
    let exempt = matches!(request.uri().path(), "/v1.0/healthz" | "/v1.0/healthz/outbound")
        && request.method() == http::Method::GET;
    let exempt = exempt || (is_for_sidecars(request.uri().path()) && runtime.neighbours.knows(request.headers()));
    if !exempt && problem(&runtime, request.headers()).is_some() {
        return (StatusCode::UNAUTHORIZED, "invalid api token\n").into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sidecars_call_methods_and_nothing_else() {
        for path in ["/v1.0/invoke/app/method/m", "/v1.0/actors/T/a/method/m", "/v1.0/actors/T/a/method/m/n"] {
            assert!(is_for_sidecars(path), "{path}");
        }
        for path in [
            "/v1.0/actors/T/a/state",
            "/v1.0/actors/T/a/state/method",
            "/v1.0/actors/T/a/reminders/method",
            "/v1.0/state/store/k",
            "/v1.0/secrets/s/k",
            "/v1.0/shutdown",
            "/v1.0/invoked",
            "/x/v1.0/invoke/app/method/m",
            "/",
        ] {
            assert!(!is_for_sidecars(path), "{path}");
        }
    }
}

//! The two APIs that the app and others call.

mod absent;
mod auth;
mod content_type;
mod grpc;
mod grpc_actors;
mod grpc_pubsub;
mod grpc_state;
mod grpc_timers;
mod guard;
mod http;
mod http_pubsub;
mod http_state;
mod http_timers;
mod invocation;
mod metadata;
mod object;
mod path;
mod secrets;
mod state;

pub(crate) use grpc::grpc_router;
pub(crate) use guard::guarded;
pub(crate) use http::router;

/// The request's `baggage` (W3C Baggage): a header can come more than once, and is then one list.
fn baggage(headers: &::http::HeaderMap) -> Option<String> {
    let values: Vec<&str> = headers.get_all("baggage").iter().filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

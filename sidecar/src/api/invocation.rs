//! Service invocation, and actors that another sidecar hosts, over either API.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use dapr::dapr::proto::common::v1::InvokeResponse;
use dapr::dapr::proto::common::v1::http_extension::Verb;
use dapr::dapr::proto::runtime::v1::InvokeServiceRequest;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use prost_types::Any;
use serde::Deserialize;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use tonic_types::{ErrorDetails, StatusExt};
use tower::service_fn;

use super::{absent, content_type};
use crate::actors::InvokeCall;
use crate::app_channel::AppReply;
use crate::error::ApiError;
use crate::invocation::ServiceCall;
use crate::neighbours::{Neighbour, Unanswered};
use crate::runtime::Runtime;

/// How often it is looked whether another sidecar hosts a type by now.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Whatever path is nobody else's: an app's method, if its caller says which app.
pub(super) async fn http(
    State(runtime): State<Arc<Runtime>>,
    method: Method,
    OriginalUri(original): OriginalUri,
    uri: http::Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let Some((target, path)) = target(uri.path(), &headers) else {
        return Err(absent::path(&runtime.hooks, &method, original.path()));
    };
    let query = uri.query().map(str::to_owned);
    let reply =
        runtime.invocation.invoke(ServiceCall { target, verb: method, method: path, query, headers, body }).await?;
    Ok(content_type::answer(reply))
}

/// The app and its method: `dapr-app-id` in the header, or in the path `/v1.0/invoke/{app}/method/{method}`.
fn target(path: &str, headers: &HeaderMap) -> Option<(String, String)> {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
    if let Some(id) = headers.get("dapr-app-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty()) {
        // One that names itself twice means the path.
        if !decoded.starts_with("/v1.0/invoke/") {
            return Some((id.to_owned(), decoded.trim_start_matches('/').to_owned()));
        }
    }
    let (id, method) = decoded.strip_prefix("/v1.0/invoke/")?.split_once("/method")?;
    let method = method.strip_prefix('/').or(method.is_empty().then_some(""))?;
    Some((id.to_owned(), method.to_owned()))
}

/// Serves `InvokeService`.
pub(super) async fn grpc(runtime: Arc<Runtime>, request: http::Request<Body>) -> http::Response<Body> {
    let limit = runtime.max_body_bytes;
    let service = service_fn(move |request: Request<InvokeServiceRequest>| {
        let runtime = Arc::clone(&runtime);
        async move {
            let (metadata, _, request) = request.into_parts();
            invoke_service(&runtime, metadata.into_headers(), request).await
        }
    });
    let mut grpc = tonic::server::Grpc::new(ProstCodec::<InvokeResponse, InvokeServiceRequest>::default());
    grpc = grpc.max_decoding_message_size(limit);
    grpc.unary(service, request).await
}

async fn invoke_service(
    runtime: &Runtime,
    mut headers: HeaderMap,
    request: InvokeServiceRequest,
) -> Result<tonic::Response<InvokeResponse>, Status> {
    let message = request.message.unwrap_or_default();
    let extension = message.http_extension.unwrap_or_default();
    let verb = match extension.verb() {
        Verb::None | Verb::Post => Method::POST,
        Verb::Get => Method::GET,
        Verb::Head => Method::HEAD,
        Verb::Put => Method::PUT,
        Verb::Delete => Method::DELETE,
        Verb::Connect => Method::CONNECT,
        Verb::Options => Method::OPTIONS,
        Verb::Trace => Method::TRACE,
        Verb::Patch => Method::PATCH,
    };
    headers.remove(CONTENT_TYPE);
    if let Ok(content_type) = HeaderValue::from_str(&message.content_type)
        && !content_type.is_empty()
    {
        headers.insert(CONTENT_TYPE, content_type);
    }
    let call = ServiceCall {
        target: request.id,
        verb,
        method: message.method,
        query: Some(extension.querystring).filter(|query| !query.is_empty()),
        headers,
        body: message.data.map(|any| any.value).unwrap_or_default().into(),
    };
    let reply = runtime.invocation.invoke(call).await?;
    let content_type = reply.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let data = Any { type_url: String::new(), value: reply.body.to_vec() };
    let response = InvokeResponse { data: Some(data), content_type: content_type.to_owned() };
    let mut metadata = reply.headers.clone();
    metadata.remove(CONTENT_TYPE);
    metadata.insert(HeaderName::from_static("dapr-http-status"), HeaderValue::from(reply.status.as_u16()));
    let metadata = MetadataMap::from_headers(metadata);
    if !reply.status.is_success() {
        return Err(failure(&reply, metadata));
    }
    let mut response = tonic::Response::new(response);
    *response.metadata_mut() = metadata;
    Ok(response)
}

/// An app's failure as a gRPC status, with the details that Dapr's SDKs read.
fn failure(reply: &AppReply, metadata: MetadataMap) -> Status {
    let code = match reply.status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::NotFound,
        408 => Code::Cancelled,
        409 => Code::AlreadyExists,
        429 => Code::ResourceExhausted,
        501 => Code::Unimplemented,
        503 => Code::Unavailable,
        504 => Code::DeadlineExceeded,
        _ => Code::Unknown,
    };
    let words = reply.status.canonical_reason().unwrap_or_default();
    let detail: String = reply.text().chars().take(63).collect();
    let details = [("http.code", reply.status.as_str().to_owned()), ("http.error_message", detail)];
    let details =
        details.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<std::collections::HashMap<_, _>>();
    let details = ErrorDetails::with_error_info(words, "dapr.io", details);
    Status::with_error_details_and_metadata(code, words, details, metadata)
}

/// Calls an actor where its type is hosted: here, or by another sidecar on this machine.
pub(super) async fn actor(runtime: &Runtime, call: InvokeCall) -> Result<AppReply, ApiError> {
    if runtime.neighbours.is_alone() || runtime.actors.hosts(&call.actor.kind) == Some(true) {
        return runtime.actors.invoke(call).await;
    }
    // Looked at first: an actor that is known to be elsewhere is not looked for here.
    if runtime.actors.hosts(&call.actor.kind) == Some(false) {
        let cannot =
            |error| ApiError::actor_invoke(format!("cannot find out whether another sidecar hosts it: {error}"));
        if let Some(host) = runtime.neighbours.host_of(&call.actor.kind).map_err(cannot)? {
            return forward(runtime, &host, call).await;
        }
    }
    let elsewhere = call.clone();
    tokio::select! {
        // While the type is nobody's here, this does nothing but look for it.
        reply = runtime.actors.invoke(call) => reply,
        host = host_of(runtime, &elsewhere.actor.kind) => forward(runtime, &host, elsewhere).await,
    }
}

/// Waits until another sidecar hosts the type. It does not return if this one does.
async fn host_of(runtime: &Runtime, kind: &str) -> Neighbour {
    loop {
        match runtime.actors.hosts(kind) {
            Some(true) => std::future::pending().await,
            // The own app has not said yet, or its stream has ended: what it hosts is nobody else's.
            Some(false) | None => {
                if let Ok(Some(host)) = runtime.neighbours.host_of(kind) {
                    return host;
                }
            }
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// What a sidecar says of a call that failed.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Failed {
    error_code: String,
    message: String,
}

async fn forward(runtime: &Runtime, host: &Neighbour, call: InvokeCall) -> Result<AppReply, ApiError> {
    let InvokeCall { actor, method, headers, query, body } = call;
    let segment =
        |name: &str| percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string();
    let method = method.split('/').map(segment).collect::<Vec<_>>().join("/");
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let path = format!("/v1.0/actors/{}/{}/method/{method}{query}", segment(&actor.kind), segment(&actor.id));
    let sent = runtime.neighbours.send(host, Method::PUT, &path, headers, body).await;
    let reply = sent.map_err(|(Unanswered::Unreachable(why) | Unanswered::Failed(why))| ApiError::actor_invoke(why))?;
    if reply.status == StatusCode::OK {
        return Ok(reply);
    }
    let failed: Failed = serde_json::from_slice(&reply.body).unwrap_or_default();
    Err(match failed.error_code.as_str() {
        "" => ApiError::actor_invoke(format!("the sidecar of {} answered {}", host.app_id, reply.status)),
        "ERR_ACTOR_STACK_DEPTH" => ApiError::stack_depth(),
        "ERR_ACTOR_RUNTIME_CLOSED" => ApiError::runtime_closed(),
        _ => ApiError::actor_remote(failed.message),
    })
}

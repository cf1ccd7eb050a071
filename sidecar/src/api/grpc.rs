//! The gRPC API.
//!
//! Dapr's service has 88 methods and its generated trait no defaults; this sidecar has some. So
//! the service is routed by path here, with the generated messages, and every other method
//! answers `Unimplemented` with its name.

use std::convert::Infallible;
use std::error::Error as _;
use std::sync::Arc;
use std::task::{Context, Poll};

use dapr::dapr::proto::runtime::v1::{
    ExecuteActorStateTransactionRequest, GetActorStateRequest, GetActorStateResponse, GetMetadataRequest,
    InvokeActorRequest, InvokeActorResponse, SetMetadataRequest, ShutdownRequest, TransactionalActorStateOperation,
};
use futures::future::BoxFuture;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use prost::Message;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

use super::{absent, auth, baggage, grpc_actors, grpc_pubsub, grpc_state, grpc_timers, invocation, metadata, secrets};
use crate::actors::{Change, InvokeCall};
use crate::app_channel::forwarded;
use crate::error::{ApiError, ErrorCode};
use crate::faults::cuttable;
use crate::names::{ActorRef, normalise_method, validate_name};
use crate::pubsub::Trace;
use crate::runtime::Runtime;
use crate::state::Value;

/// `dapr.proto.runtime.v1.Dapr`, as far as this sidecar has it.
#[derive(Clone)]
struct DaprService {
    runtime: Arc<Runtime>,
}

/// Dapr's gRPC API, as far as this sidecar has it.
pub(crate) fn grpc_router(runtime: Arc<Runtime>) -> axum::Router {
    let routes = Routes::new(DaprService { runtime: Arc::clone(&runtime) }).into_axum_router();
    routes.fallback(move |request: axum::extract::Request| other_service(Arc::clone(&runtime), request.map(Body::new)))
}

/// A call of a service that is not Dapr's.
async fn other_service(runtime: Arc<Runtime>, request: http::Request<Body>) -> http::Response<Body> {
    if let Err(status) = auth::grpc(&runtime, request.headers()) {
        return status.into_http();
    }
    match absent::service(&runtime.hooks, request.uri().path()).await {
        Some(status) => status.into_http(),
        None => unary(runtime, request, |_, ()| async { Ok(()) }).await,
    }
}

impl NamedService for DaprService {
    const NAME: &'static str = "dapr.proto.runtime.v1.Dapr";
}

impl Service<http::Request<Body>> for DaprService {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let runtime = Arc::clone(&self.runtime);
        Box::pin(async move {
            Ok(match runtime.hooks.has_faults() {
                true => cuttable(route(runtime, request)).await,
                false => route(runtime, request).await,
            })
        })
    }
}

async fn route(runtime: Arc<Runtime>, request: http::Request<Body>) -> http::Response<Body> {
    if let Err(status) = auth::grpc(&runtime, request.headers()) {
        return status.into_http();
    }
    let path = request.uri().path().to_owned();
    let baggage = baggage(request.headers());
    match path.rsplit('/').next().unwrap_or_default() {
        "InvokeActor" => unary(runtime, request, invoke_actor).await,
        "GetActorState" => {
            unary(runtime, request, move |runtime, request| get_actor_state(runtime, request, baggage.clone())).await
        }
        "ExecuteActorStateTransaction" => {
            unary(runtime, request, move |runtime, request| change_actor_state(runtime, request, baggage.clone())).await
        }
        "RegisterActorTimer" => unary(runtime, request, grpc_timers::register_timer).await,
        "RegisterActorReminder" => unary(runtime, request, grpc_timers::register_reminder).await,
        "UnregisterActorReminder" => unary(runtime, request, grpc_timers::unregister_reminder).await,
        "UnregisterActorRemindersByType" => unary(runtime, request, grpc_timers::unregister_reminders).await,
        "GetActorReminder" => unary(runtime, request, grpc_timers::get_reminder).await,
        "ListActorReminders" => unary(runtime, request, grpc_timers::list_reminders).await,
        "UnregisterActorTimer" => unary(runtime, request, grpc_timers::unregister_timer).await,
        "PublishEvent" => {
            let trace = Trace::of(request.headers());
            unary(runtime, request, move |runtime, request| grpc_pubsub::publish(runtime, request, trace.clone())).await
        }
        "BulkPublishEvent" | "BulkPublishEventAlpha1" => {
            let trace = Trace::of(request.headers());
            let publish = move |runtime, request| grpc_pubsub::publish_bulk(runtime, request, trace.clone());
            unary(runtime, request, publish).await
        }
        "InvokeService" => Box::pin(invocation::grpc(runtime, request)).await,
        "SubscribeTopicEventsAlpha1" => Box::pin(grpc_pubsub::stream(runtime, request)).await,
        "GetState" => unary(runtime, request, grpc_state::get).await,
        "GetBulkState" => unary(runtime, request, grpc_state::get_bulk).await,
        "SaveState" => unary(runtime, request, grpc_state::save).await,
        "DeleteState" => unary(runtime, request, grpc_state::delete).await,
        "DeleteBulkState" => unary(runtime, request, grpc_state::delete_bulk).await,
        "ExecuteStateTransaction" => unary(runtime, request, grpc_state::transaction).await,
        "GetSecret" => unary(runtime, request, secrets::one).await,
        "GetBulkSecret" => unary(runtime, request, secrets::all).await,
        "GetMetadata" => unary(runtime, request, get_metadata).await,
        "SetMetadata" => unary(runtime, request, set_metadata).await,
        "Shutdown" => unary(runtime, request, shutdown).await,
        "SubscribeActorEventsAlpha1" => Box::pin(grpc_actors::stream(runtime, request)).await,
        other => Status::from(absent::method(&runtime.hooks, other)).into_http(),
    }
}

/// Runs one method. Messages over the size limit fail in either direction in the words of
/// grpc-go, which callers of daprd know.
async fn unary<Req, Res, F, Fut>(runtime: Arc<Runtime>, request: http::Request<Body>, method: F) -> http::Response<Body>
where
    Req: Message + Default + 'static,
    Res: Message + Default + 'static,
    F: Fn(Arc<Runtime>, Req) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Res, Status>> + Send + 'static,
{
    let limit = runtime.max_body_bytes;
    let service = service_fn(move |request: Request<Req>| {
        let runtime = Arc::clone(&runtime);
        // Boxed: what every call moves about would otherwise be as large as the largest method.
        let answer = Box::pin(method(Arc::clone(&runtime), request.into_inner()));
        async move {
            let answer = answer.await.inspect_err(|status| {
                if let Some(ErrorCode(code)) = status.source().and_then(|source| source.downcast_ref()) {
                    runtime.metrics.count(code);
                }
            })?;
            let size = answer.encoded_len();
            if size > limit {
                return Err(ApiError::too_large(size, limit).into());
            }
            Ok(Response::new(answer))
        }
    });
    let response = tonic::server::Grpc::new(ProstCodec::<Res, Req>::default())
        .max_decoding_message_size(limit)
        .unary(service, request)
        .await;
    match Status::from_header_map(response.headers()) {
        Some(status) if status.code() == Code::OutOfRange => match oversize(status.message()) {
            Some(size) => {
                Status::resource_exhausted(format!("grpc: received message larger than max ({size} vs. {limit})"))
                    .into_http()
            }
            None => response,
        },
        _ => response,
    }
}

/// The size of a message that tonic refused, from its text: the status carries it nowhere else.
fn oversize(text: &str) -> Option<u64> {
    let rest = text.split_once("decoded message length too large: found ")?.1;
    rest.split_once(' ')?.0.parse().ok()
}

async fn invoke_actor(runtime: Arc<Runtime>, request: InvokeActorRequest) -> Result<InvokeActorResponse, Status> {
    check("actorType", &request.actor_type)?;
    check("actorId", &request.actor_id)?;
    let method = normalise_method(&request.method)
        .map_err(|why| Status::invalid_argument(format!("invalid actor method: {why}")))?;
    let metadata = request.metadata.iter();
    let mut headers = forwarded(metadata.map(|(name, value)| (name.as_str(), value.as_bytes())));
    // Dapr drops a content type on its way to an app over HTTP, even one in the metadata.
    if !runtime.actors.has_app()
        && let Some(Ok(content_type)) = request.metadata.get("content-type").map(HeaderValue::try_from)
    {
        headers.insert(CONTENT_TYPE, content_type);
    }
    let call = InvokeCall {
        actor: ActorRef::new(request.actor_type, request.actor_id),
        method,
        headers,
        query: None,
        body: request.data.into(),
    };
    let reply = invocation::actor(&runtime, call).await?;
    Ok(InvokeActorResponse { data: reply.body.into() })
}

fn check(what: &str, name: &str) -> Result<(), Status> {
    validate_name(name).map_err(|why| Status::invalid_argument(format!("invalid {what}: {why}")))
}

async fn get_actor_state(
    runtime: Arc<Runtime>,
    request: GetActorStateRequest,
    baggage: Option<String>,
) -> Result<GetActorStateResponse, Status> {
    let actor = ActorRef::new(request.actor_type, request.actor_id);
    let stored = runtime.actors.get_state(&actor, &request.key, baggage).await?;
    Ok(match stored {
        None => GetActorStateResponse::default(),
        Some(stored) => GetActorStateResponse {
            data: stored.data,
            metadata: stored.expires.map(|expires| ("ttlExpireTime".to_owned(), expires)).into_iter().collect(),
        },
    })
}

async fn change_actor_state(
    runtime: Arc<Runtime>,
    request: ExecuteActorStateTransactionRequest,
    baggage: Option<String>,
) -> Result<(), Status> {
    let actor = ActorRef::new(request.actor_type, request.actor_id);
    let changes = request.operations.into_iter().map(change).collect::<Result<_, _>>()?;
    Ok(runtime.actors.change_state(&actor, changes, baggage).await?)
}

fn change(operation: TransactionalActorStateOperation) -> Result<Change, ApiError> {
    let value = match operation.operation_type.as_str() {
        "upsert" => Some(Value::Binary(operation.value.map(|any| any.value).unwrap_or_default())),
        "delete" => None,
        other => return Err(ApiError::unsupported_operation(other)),
    };
    Ok(Change {
        ttl: operation.metadata.get("ttlInSeconds").filter(|_| value.is_some()).cloned(),
        key: operation.key,
        value,
    })
}

async fn get_metadata(runtime: Arc<Runtime>, _: GetMetadataRequest) -> Result<metadata::Answer, Status> {
    Ok(metadata::answer(&runtime))
}

async fn set_metadata(runtime: Arc<Runtime>, request: SetMetadataRequest) -> Result<(), Status> {
    Ok(runtime.extended.set(request.key, request.value)?)
}

async fn shutdown(runtime: Arc<Runtime>, _: ShutdownRequest) -> Result<(), Status> {
    runtime.shutdown_asked.cancel();
    Ok(())
}

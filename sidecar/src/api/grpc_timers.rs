//! Timers over gRPC.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use dapr::dapr::proto::runtime::v1::{RegisterActorTimerRequest, UnregisterActorTimerRequest};
use serde_json::value::{RawValue, to_raw_value};
use tonic::Status;

use crate::actors::{NewTimer, Times};
use crate::error::ApiError;
use crate::names::ActorRef;
use crate::runtime::Runtime;

pub(super) async fn register_timer(runtime: Arc<Runtime>, request: RegisterActorTimerRequest) -> Result<(), Status> {
    let timer = NewTimer {
        actor: ActorRef::new(request.actor_type, request.actor_id),
        name: request.name,
        times: Times { due_time: request.due_time, period: request.period, ttl: request.ttl },
        callback: request.callback,
        data: data(&request.data)?,
    };
    Ok(runtime.actors.register_timer(timer).await?)
}

pub(super) async fn unregister_timer(
    runtime: Arc<Runtime>,
    request: UnregisterActorTimerRequest,
) -> Result<(), Status> {
    let actor = ActorRef::new(request.actor_type, request.actor_id);
    Ok(runtime.actors.unregister_timer(&actor, &request.name).await?)
}

/// Bytes as Go writes them into JSON, which is what an app's SDK expects.
fn data(bytes: &[u8]) -> Result<Option<Box<RawValue>>, ApiError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    to_raw_value(&BASE64.encode(bytes)).map(Some).map_err(|error| ApiError::malformed(error.to_string()))
}

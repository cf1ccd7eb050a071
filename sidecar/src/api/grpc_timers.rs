//! Timers and reminders over gRPC.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use dapr::dapr::proto::common::v1::JobFailurePolicy;
use dapr::dapr::proto::common::v1::job_failure_policy::Policy;
use dapr::dapr::proto::runtime::v1::{
    ActorReminder, GetActorReminderRequest, GetActorReminderResponse, ListActorRemindersRequest,
    ListActorRemindersResponse, NamedActorReminder, RegisterActorReminderRequest, RegisterActorTimerRequest,
    UnregisterActorReminderRequest, UnregisterActorRemindersByTypeRequest, UnregisterActorRemindersByTypeResponse,
    UnregisterActorTimerRequest,
};
use prost::Message;
use prost_types::Any;
use serde_json::value::{RawValue, to_raw_value};
use tonic::Status;

use crate::actors::{NewReminder, NewTimer, OnFailure, Record, Times};
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

pub(super) async fn register_reminder(
    runtime: Arc<Runtime>,
    request: RegisterActorReminderRequest,
) -> Result<(), Status> {
    let reminder = NewReminder {
        actor: ActorRef::new(request.actor_type, request.actor_id),
        name: request.name,
        times: Times { due_time: request.due_time, period: request.period, ttl: request.ttl },
        data: data(&request.data)?,
        overwrite: request.overwrite.unwrap_or(true),
        on_failure: on_failure(request.failure_policy),
    };
    Ok(runtime.actors.register_reminder(reminder).await?)
}

fn on_failure(policy: Option<JobFailurePolicy>) -> OnFailure {
    match policy.and_then(|policy| policy.policy) {
        None => OnFailure::default(),
        Some(Policy::Drop(_)) => OnFailure { most: Some(0), ..OnFailure::default() },
        Some(Policy::Constant(constant)) => {
            let interval = constant.interval.and_then(|interval| Duration::try_from(interval).ok()).unwrap_or_default();
            let interval_ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
            OnFailure { interval_ms, most: constant.max_retries }
        }
    }
}

pub(super) async fn unregister_reminder(
    runtime: Arc<Runtime>,
    request: UnregisterActorReminderRequest,
) -> Result<(), Status> {
    let actor = ActorRef::new(request.actor_type, request.actor_id);
    Ok(runtime.actors.unregister_reminder(&actor, &request.name).await?)
}

pub(super) async fn unregister_reminders(
    runtime: Arc<Runtime>,
    request: UnregisterActorRemindersByTypeRequest,
) -> Result<UnregisterActorRemindersByTypeResponse, Status> {
    runtime.actors.unregister_reminders(&request.actor_type, request.actor_id.as_deref()).await?;
    Ok(UnregisterActorRemindersByTypeResponse {})
}

pub(super) async fn get_reminder(
    runtime: Arc<Runtime>,
    request: GetActorReminderRequest,
) -> Result<GetActorReminderResponse, Status> {
    let record = runtime.actors.reminder(&ActorRef::new(request.actor_type, request.actor_id), &request.name).await?;
    let record = record.ok_or_else(|| ApiError::reminder_not_found(&request.name))?;
    let ActorReminder { actor_type, actor_id, due_time, period, data, ttl } = shown(&record);
    Ok(GetActorReminderResponse { actor_type, actor_id, due_time, period, data, ttl })
}

pub(super) async fn list_reminders(
    runtime: Arc<Runtime>,
    request: ListActorRemindersRequest,
) -> Result<ListActorRemindersResponse, Status> {
    let records = runtime.actors.reminders(&request.actor_type, request.actor_id.as_deref()).await?;
    Ok(ListActorRemindersResponse { reminders: listed(&records, runtime.max_body_bytes)? })
}

/// Reminders as they are shown, up to the most that an answer may be: what is more is not made.
fn listed(records: &[Arc<Record>], most_bytes: usize) -> Result<Vec<NamedActorReminder>, ApiError> {
    let mut bytes = 0;
    let named = |record: &Arc<Record>| {
        let named = NamedActorReminder { name: record.name.clone(), reminder: Some(shown(record)) };
        bytes += named.encoded_len();
        if bytes > most_bytes { Err(ApiError::too_large(bytes, most_bytes)) } else { Ok(named) }
    };
    records.iter().map(named).collect()
}

fn shown(record: &Record) -> ActorReminder {
    ActorReminder {
        actor_type: record.actor_type.clone(),
        actor_id: record.actor_id.clone(),
        due_time: Some(record.due_time.clone()).filter(|text| !text.is_empty()),
        period: record.period(),
        data: record.data.as_ref().map(|data| Any {
            type_url: "type.googleapis.com/google.protobuf.BytesValue".into(),
            // A message of bytes alone.
            value: data.get().as_bytes().to_vec().encode_to_vec(),
        }),
        ttl: record.expires.clone(),
    }
}

/// Bytes as Go writes them into JSON, which is what an app's SDK expects.
fn data(bytes: &[u8]) -> Result<Option<Box<RawValue>>, ApiError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    to_raw_value(&BASE64.encode(bytes)).map(Some).map_err(|error| ApiError::malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_reminders_are_shown_than_an_answer_may_hold() {
        let record = |name: &str| {
            let record = serde_json::json!({
                "actorType": "T", "actorId": "1", "name": name, "data": "x".repeat(1_000), "dueTime": "1h", "period": "",
                "next": "2100-01-01T00:00:00Z", "left": 1, "expires": null,
                "onFailure": {"intervalMs": 1_000, "most": 3},
            });
            Arc::new(serde_json::from_str::<Record>(&record.to_string()).expect("a record"))
        };
        let records = ["a", "b", "c"].map(record);
        let all = listed(&records, 4_000).expect("few");
        assert_eq!(all.iter().map(|reminder| reminder.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        let error = listed(&records, 2_000).expect_err("too many");
        // Of those that it is over the limit with, and not of all.
        assert!(error.message.contains("2000") && !error.message.contains("(3"), "{}", error.message);
    }
}

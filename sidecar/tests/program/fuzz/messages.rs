//! The messages that the gRPC methods take, with names and values as they come.

use std::collections::HashMap;

use dapr::dapr::proto::common::v1::{Etag, HttpExtension, InvokeRequest, StateItem, StateOptions};
use dapr::dapr::proto::runtime::v1::{
    BulkPublishRequest, BulkPublishRequestEntry, DeleteBulkStateRequest, DeleteStateRequest,
    ExecuteActorStateTransactionRequest, ExecuteStateTransactionRequest, GetActorReminderRequest, GetActorStateRequest,
    GetBulkSecretRequest, GetBulkStateRequest, GetSecretRequest, GetStateRequest, InvokeActorRequest,
    InvokeServiceRequest, ListActorRemindersRequest, PublishEventRequest, RegisterActorReminderRequest,
    RegisterActorTimerRequest, SaveStateRequest, SetMetadataRequest, TransactionalStateOperation,
    UnregisterActorReminderRequest, UnregisterActorRemindersByTypeRequest, UnregisterActorTimerRequest,
};
use fastrand::Rng;
use prost::Message;

use super::{body, text};
use crate::support::{TYPE, upsert};

/// The methods that there are, but for Shutdown, and some that there are not.
pub const METHODS: [&str; 28] = [
    "InvokeActor",
    "GetActorState",
    "ExecuteActorStateTransaction",
    "RegisterActorTimer",
    "UnregisterActorTimer",
    "RegisterActorReminder",
    "UnregisterActorReminder",
    "UnregisterActorRemindersByType",
    "GetActorReminder",
    "ListActorReminders",
    "PublishEvent",
    "BulkPublishEvent",
    "BulkPublishEventAlpha1",
    "InvokeService",
    "SubscribeTopicEventsAlpha1",
    "SubscribeActorEventsAlpha1",
    "GetState",
    "GetBulkState",
    "SaveState",
    "DeleteState",
    "DeleteBulkState",
    "ExecuteStateTransaction",
    "GetSecret",
    "GetBulkSecret",
    "GetMetadata",
    "SetMetadata",
    "ConverseAlpha1",
    "Nope",
];

/// The usual name, or any.
pub fn name(rng: &mut Rng, usual: &str) -> String {
    if rng.usize(0..4) == 0 { text(rng) } else { usual.to_owned() }
}

/// A time as timers have them, or what is none.
pub fn time(rng: &mut Rng) -> String {
    let times = ["", "1s", "10ms", "PT1S", "R3/PT1S", "R", "-1s", "99999999999h", "P9999Y", "2026-01-01T00:00:00Z"];
    if rng.usize(0..4) == 0 { text(rng) } else { times[rng.usize(0..times.len())].to_owned() }
}

fn metadata(rng: &mut Rng) -> HashMap<String, String> {
    let names = ["ttlInSeconds", "contentType", "rawPayload", "metadata.partitionKey", "cloudevent.id"];
    let values = ["1", "-1", "0", "99999999999", "true", "application/json"];
    let one = |rng: &mut Rng| {
        let (name, value) = (names[rng.usize(0..names.len())], values[rng.usize(0..values.len())]);
        (self::name(rng, name), self::name(rng, value))
    };
    (0..rng.usize(0..4)).map(|_| one(rng)).collect()
}

fn etag(rng: &mut Rng) -> Option<Etag> {
    (rng.usize(0..3) == 0).then(|| Etag { value: name(rng, "1") })
}

fn options(rng: &mut Rng) -> Option<StateOptions> {
    (rng.usize(0..3) == 0).then(|| StateOptions { concurrency: rng.i32(-1..4), consistency: rng.i32(-1..4) })
}

/// A value: there may be many, so few are large.
fn value(rng: &mut Rng) -> Vec<u8> {
    if rng.usize(0..30) == 0 { body(rng) } else { text(rng).into_bytes() }
}

fn item(rng: &mut Rng) -> StateItem {
    StateItem { key: text(rng), value: value(rng), etag: etag(rng), metadata: metadata(rng), options: options(rng) }
}

/// Many of one kind: none, some, or more than a request may have.
fn many<T>(rng: &mut Rng, one: impl Fn(&mut Rng) -> T) -> Vec<T> {
    let most = if rng.usize(0..20) == 0 { 1_200 } else { 6 };
    (0..rng.usize(0..most)).map(|_| one(rng)).collect()
}

fn operation(rng: &mut Rng) -> TransactionalStateOperation {
    let kind = ["upsert", "delete"][rng.usize(0..2)];
    TransactionalStateOperation { operation_type: name(rng, kind), request: (rng.usize(0..8) > 0).then(|| item(rng)) }
}

fn entry(rng: &mut Rng) -> BulkPublishRequestEntry {
    let entry_id = rng.usize(0..9).to_string();
    BulkPublishRequestEntry { entry_id, event: value(rng), content_type: content_type(rng), metadata: metadata(rng) }
}

fn content_type(rng: &mut Rng) -> String {
    ["application/json", "application/cloudevents+json", "text/plain", ""][rng.usize(0..4)].to_owned()
}

/// A message that the method takes.
pub fn message(method: &str, rng: &mut Rng) -> Vec<u8> {
    let (actor_type, actor_id) = (name(rng, TYPE), name(rng, "a"));
    let (store_name, metadata) = (name(rng, "statestore"), metadata(rng));
    match method {
        "InvokeActor" => {
            InvokeActorRequest { actor_type, actor_id, method: text(rng), data: body(rng), metadata }.encode_to_vec()
        }
        "GetActorState" => GetActorStateRequest { actor_type, actor_id, key: text(rng) }.encode_to_vec(),
        "ExecuteActorStateTransaction" => {
            let operations = many(rng, |rng| upsert(&text(rng), &text(rng)));
            ExecuteActorStateTransactionRequest { actor_type, actor_id, operations }.encode_to_vec()
        }
        "RegisterActorTimer" => RegisterActorTimerRequest {
            actor_type,
            actor_id,
            name: name(rng, "t"),
            due_time: time(rng),
            period: time(rng),
            callback: text(rng),
            data: body(rng),
            ttl: time(rng),
        }
        .encode_to_vec(),
        "UnregisterActorTimer" => {
            UnregisterActorTimerRequest { actor_type, actor_id, name: name(rng, "t") }.encode_to_vec()
        }
        "RegisterActorReminder" => RegisterActorReminderRequest {
            actor_type,
            actor_id,
            name: name(rng, "t"),
            due_time: time(rng),
            period: time(rng),
            data: body(rng),
            ttl: time(rng),
            overwrite: [None, Some(true), Some(false)][rng.usize(0..3)],
            ..Default::default()
        }
        .encode_to_vec(),
        "UnregisterActorReminder" => {
            UnregisterActorReminderRequest { actor_type, actor_id, name: name(rng, "t") }.encode_to_vec()
        }
        "UnregisterActorRemindersByType" => {
            UnregisterActorRemindersByTypeRequest { actor_type, actor_id: rng.bool().then_some(actor_id) }
                .encode_to_vec()
        }
        "GetActorReminder" => GetActorReminderRequest { actor_type, actor_id, name: name(rng, "t") }.encode_to_vec(),
        "ListActorReminders" => {
            ListActorRemindersRequest { actor_type, actor_id: rng.bool().then_some(actor_id) }.encode_to_vec()
        }
        "PublishEvent" => PublishEventRequest {
            pubsub_name: name(rng, "bus"),
            topic: name(rng, "t"),
            data: body(rng),
            data_content_type: content_type(rng),
            metadata,
        }
        .encode_to_vec(),
        "BulkPublishEvent" | "BulkPublishEventAlpha1" => {
            let (pubsub_name, topic) = (name(rng, "bus"), name(rng, "t"));
            BulkPublishRequest { pubsub_name, topic, entries: many(rng, entry), metadata }.encode_to_vec()
        }
        "InvokeService" => {
            let request = InvokeRequest {
                method: text(rng),
                data: Some(prost_types::Any { type_url: text(rng), value: body(rng) }),
                content_type: content_type(rng),
                http_extension: Some(HttpExtension { verb: rng.i32(-1..12), querystring: text(rng) }),
            };
            InvokeServiceRequest { id: name(rng, "app"), message: (rng.usize(0..8) > 0).then_some(request) }
                .encode_to_vec()
        }
        "GetState" => {
            GetStateRequest { store_name, key: text(rng), consistency: rng.i32(-1..4), metadata }.encode_to_vec()
        }
        "GetBulkState" => GetBulkStateRequest { store_name, keys: many(rng, text), parallelism: rng.i32(..), metadata }
            .encode_to_vec(),
        "SaveState" => SaveStateRequest { store_name, states: many(rng, item) }.encode_to_vec(),
        "DeleteState" => {
            DeleteStateRequest { store_name, key: text(rng), etag: etag(rng), options: options(rng), metadata }
                .encode_to_vec()
        }
        "DeleteBulkState" => DeleteBulkStateRequest { store_name, states: many(rng, item) }.encode_to_vec(),
        "ExecuteStateTransaction" => {
            ExecuteStateTransactionRequest { store_name, operations: many(rng, operation), metadata }.encode_to_vec()
        }
        "GetSecret" => GetSecretRequest { store_name: name(rng, "env"), key: text(rng), metadata }.encode_to_vec(),
        "GetBulkSecret" => GetBulkSecretRequest { store_name: name(rng, "env"), metadata }.encode_to_vec(),
        "SetMetadata" => SetMetadataRequest { key: text(rng), value: text(rng) }.encode_to_vec(),
        _ => body(rng),
    }
}

//! State management over gRPC.

use std::sync::Arc;

use dapr::dapr::proto::common::v1::state_options::{StateConcurrency, StateConsistency};
use dapr::dapr::proto::common::v1::{Etag, StateItem, StateOptions};
use dapr::dapr::proto::runtime::v1::{
    BulkStateItem, DeleteBulkStateRequest, DeleteStateRequest, ExecuteStateTransactionRequest, GetBulkStateRequest,
    GetBulkStateResponse, GetStateRequest, GetStateResponse, SaveStateRequest,
};
use serde_json::value::RawValue;
use tonic::Status;

use crate::error::ApiError;
use crate::json;
use crate::runtime::Runtime;
use crate::state::{Stored, Value};
use crate::states::{Read, SetRequest, StateChange, WriteOptions};

pub(super) async fn get(runtime: Arc<Runtime>, request: GetStateRequest) -> Result<GetStateResponse, Status> {
    let stored = runtime.states.get(&request.store_name, &request.key).await?;
    let Some(stored) = stored else { return Ok(GetStateResponse::default()) };
    let metadata = expires(&stored);
    Ok(GetStateResponse { data: stored.data, etag: stored.etag.unwrap_or_default(), metadata })
}

pub(super) async fn get_bulk(
    runtime: Arc<Runtime>,
    request: GetBulkStateRequest,
) -> Result<GetBulkStateResponse, Status> {
    let reads = runtime.states.get_bulk(&request.store_name, request.keys, runtime.max_body_bytes).await?;
    let item = |Read { key, found }: Read| match found {
        Ok(None) => BulkStateItem { key, ..BulkStateItem::default() },
        Ok(Some(stored)) => BulkStateItem {
            key,
            metadata: expires(&stored),
            data: stored.data,
            etag: stored.etag.unwrap_or_default(),
            error: String::new(),
        },
        Err(error) => BulkStateItem { key, error, ..BulkStateItem::default() },
    };
    Ok(GetBulkStateResponse { items: reads.into_iter().map(item).collect() })
}

pub(super) async fn save(runtime: Arc<Runtime>, request: SaveStateRequest) -> Result<(), Status> {
    runtime.states.check(&request.store_name)?;
    let set = |item: StateItem| {
        if item.key.is_empty() {
            return Err(ApiError::state_key_empty());
        }
        set_request(item)
    };
    let requests = request.states.into_iter().map(set).collect::<Result<_, _>>()?;
    Ok(runtime.states.set(&request.store_name, requests).await?)
}

pub(super) async fn delete(runtime: Arc<Runtime>, request: DeleteStateRequest) -> Result<(), Status> {
    let options = options(request.etag, request.options, request.metadata);
    Ok(runtime.states.delete(&request.store_name, &request.key, options).await?)
}

pub(super) async fn delete_bulk(runtime: Arc<Runtime>, request: DeleteBulkStateRequest) -> Result<(), Status> {
    let keys = request.states.into_iter().map(|item| (item.key, options(item.etag, item.options, item.metadata)));
    Ok(runtime.states.delete_bulk(&request.store_name, keys.collect()).await?)
}

pub(super) async fn transaction(runtime: Arc<Runtime>, request: ExecuteStateTransactionRequest) -> Result<(), Status> {
    runtime.states.check(&request.store_name)?;
    let mut changes = Vec::with_capacity(request.operations.len());
    for operation in request.operations {
        let item = operation.request.unwrap_or_default();
        changes.push(match operation.operation_type.as_str() {
            // Bytes, whatever their content type says: daprd does not look here.
            "upsert" => StateChange::Set(SetRequest {
                key: item.key,
                value: Value::Binary(item.value),
                options: options(item.etag, item.options, item.metadata),
            }),
            "delete" => {
                let options = options(item.etag, item.options, item.metadata);
                StateChange::Delete { key: item.key, options }
            }
            other => return Err(ApiError::unsupported_operation(other).into()),
        });
    }
    Ok(runtime.states.transaction(&request.store_name, changes).await?)
}

fn set_request(item: StateItem) -> Result<SetRequest, ApiError> {
    let value = match item.metadata.get("contentType").map(String::as_str) {
        Some("application/json") => {
            let value: &RawValue =
                serde_json::from_slice(&item.value).map_err(|error| ApiError::malformed(error.to_string()))?;
            Value::Json(json::canonical(value).map_err(ApiError::malformed)?)
        }
        _ => Value::Binary(item.value),
    };
    Ok(SetRequest { key: item.key, value, options: options(item.etag, item.options, item.metadata) })
}

fn options(
    etag: Option<Etag>,
    options: Option<StateOptions>,
    metadata: std::collections::HashMap<String, String>,
) -> WriteOptions {
    let options = options.unwrap_or_default();
    let concurrency = match options.concurrency() {
        StateConcurrency::ConcurrencyFirstWrite => "first-write",
        StateConcurrency::ConcurrencyLastWrite => "last-write",
        StateConcurrency::ConcurrencyUnspecified => "",
    };
    let consistency = match options.consistency() {
        StateConsistency::ConsistencyStrong => "strong",
        StateConsistency::ConsistencyEventual => "eventual",
        StateConsistency::ConsistencyUnspecified => "",
    };
    let (concurrency, consistency) = (concurrency.to_owned(), consistency.to_owned());
    WriteOptions { etag: etag.map(|etag| etag.value), concurrency, consistency, metadata, ..WriteOptions::default() }
}

fn expires(stored: &Stored) -> std::collections::HashMap<String, String> {
    stored.expires.iter().map(|expires| ("ttlExpireTime".to_owned(), expires.clone())).collect()
}

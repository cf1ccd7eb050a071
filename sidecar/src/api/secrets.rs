//! Secrets, over either API.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use dapr::dapr::proto::runtime::v1::{
    GetBulkSecretRequest, GetBulkSecretResponse, GetSecretRequest, GetSecretResponse, SecretResponse,
};
use tonic::Status;

use crate::error::ApiError;
use crate::runtime::Runtime;
use crate::secrets::Secret;

pub(super) fn routes() -> Router<Arc<Runtime>> {
    Router::new().route("/v1.0/secrets/{store}/bulk", get(http_all)).route("/v1.0/secrets/{store}/{key}", get(http_one))
}

async fn http_one(
    State(runtime): State<Arc<Runtime>>,
    Path((store, key)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    Ok(Json(runtime.secrets.get(&store, &key).await?).into_response())
}

async fn http_all(State(runtime): State<Arc<Runtime>>, Path(store): Path<String>) -> Result<Response, ApiError> {
    Ok(Json(every(&runtime, &store).await?).into_response())
}

/// Every secret of a store, unless they are longer than an answer may be.
async fn every(runtime: &Runtime, store: &str) -> Result<BTreeMap<String, Secret>, ApiError> {
    let all = runtime.secrets.all(store).await?;
    let of_one = |secret: &Secret| secret.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    let bytes: usize = all.iter().map(|(name, secret)| name.len() + of_one(secret)).sum();
    match bytes > runtime.max_body_bytes {
        true => Err(ApiError::too_large(bytes, runtime.max_body_bytes)),
        false => Ok(all),
    }
}

pub(super) async fn one(runtime: Arc<Runtime>, request: GetSecretRequest) -> Result<GetSecretResponse, Status> {
    let secret = runtime.secrets.get(&request.store_name, &request.key).await?;
    Ok(GetSecretResponse { data: secret.into_iter().collect() })
}

pub(super) async fn all(runtime: Arc<Runtime>, request: GetBulkSecretRequest) -> Result<GetBulkSecretResponse, Status> {
    let all = every(&runtime, &request.store_name).await?;
    let secrets =
        all.into_iter().map(|(name, secret)| (name, SecretResponse { secrets: secret.into_iter().collect() }));
    Ok(GetBulkSecretResponse { data: secrets.collect() })
}

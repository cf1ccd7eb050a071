//! Secrets, over either API.

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
    Ok(Json(runtime.secrets.all(&store).await?).into_response())
}

pub(super) async fn one(runtime: Arc<Runtime>, request: GetSecretRequest) -> Result<GetSecretResponse, Status> {
    let secret = runtime.secrets.get(&request.store_name, &request.key).await?;
    Ok(GetSecretResponse { data: secret.into_iter().collect() })
}

pub(super) async fn all(runtime: Arc<Runtime>, request: GetBulkSecretRequest) -> Result<GetBulkSecretResponse, Status> {
    let all = runtime.secrets.all(&request.store_name).await?;
    let secrets =
        all.into_iter().map(|(name, secret)| (name, SecretResponse { secrets: secret.into_iter().collect() }));
    Ok(GetBulkSecretResponse { data: secrets.collect() })
}

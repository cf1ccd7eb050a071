//! Failures of state management and of secrets.

use tonic::Code;

use super::ApiError;
use crate::state::WriteError;

impl ApiError {
    /// Returns `500`: there is no state store at all.
    pub(crate) fn state_store_not_configured(name: &str) -> Self {
        let why = format!("state store {name} is not configured");
        Self::new(Code::FailedPrecondition, 500, "ERR_STATE_STORE_NOT_CONFIGURED", why)
            .because("DAPR_STATE_NOT_CONFIGURED", [])
    }

    /// Returns `400`: there is no state store of that name.
    pub(crate) fn state_store_not_found(name: &str, app_id: &str) -> Self {
        let why = format!("state store {name} is not found");
        Self::new(Code::InvalidArgument, 400, "ERR_STATE_STORE_NOT_FOUND", why)
            .because("DAPR_STATE_NOT_FOUND", [("appID", app_id)])
    }

    /// Returns `400`: a value without a key.
    pub(crate) fn state_key_empty() -> Self {
        Self::new(Code::InvalidArgument, 400, "ERR_STATE_SAVE", "state key cannot be empty").by_its_code()
    }

    /// Returns `400`: a request of more keys, values or changes than one may have.
    pub(crate) fn state_too_many(count: usize) -> Self {
        Self::malformed(crate::limits::too_many(count))
    }

    /// Returns `400`: a key that could not be told from another's.
    pub(crate) fn state_key_illegal(store: &str, why: String) -> Self {
        Self::new(Code::InvalidArgument, 400, "ERR_MALFORMED_REQUEST", why)
            .because("DAPR_STATE_ILLEGAL_KEY", [])
            .about("state", store)
    }

    /// Returns `500`: the store failed a read.
    pub(crate) fn generic_state_get(key: &str, store: &str, why: impl std::fmt::Display) -> Self {
        let why = format!("fail to get {key} from state store {store}: {why}");
        Self::new(Code::Internal, 500, "ERR_STATE_GET", why).by_its_code()
    }

    /// Returns `409` for an ETag that is not the value's, `400` for one that is none, `500` otherwise.
    pub(crate) fn generic_state_save(store: &str, error: WriteError) -> Self {
        let why = format!("failed saving state in state store {store}: {error}");
        Self::written("ERR_STATE_SAVE", &error, why)
    }

    /// The same for a key that is to go.
    pub(crate) fn generic_state_delete(key: &str, error: WriteError) -> Self {
        let why = format!("failed deleting state with key {key}: {error}");
        Self::written("ERR_STATE_DELETE", &error, why)
    }

    /// The same for many of them.
    pub(crate) fn generic_state_delete_bulk(store: &str, error: WriteError) -> Self {
        let why = format!("failed deleting state in state store {store}: {error}");
        Self::written("ERR_STATE_BULK_DELETE", &error, why)
    }

    fn written(name: &'static str, error: &WriteError, why: String) -> Self {
        let (code, status) = match error {
            WriteError::EtagMismatch(_) => (Code::Aborted, 409),
            WriteError::EtagInvalid(_) => (Code::InvalidArgument, 400),
            WriteError::Failed(_) | WriteError::Unknown(_) => (Code::Internal, 500),
        };
        Self::new(code, status, name, why).by_its_code()
    }

    /// Returns `500`: none of the changes happened.
    pub(crate) fn generic_state_transaction(error: WriteError) -> Self {
        let why = format!("error while executing state transaction: {error}");
        Self::new(Code::Internal, 500, "ERR_STATE_TRANSACTION", why).by_its_code()
    }

    /// Returns `400` (over gRPC `Unimplemented`): a transaction only upserts and deletes.
    pub(crate) fn unsupported_state_operation(operation: &str) -> Self {
        let why = format!("operation type {operation} not supported");
        Self::new(Code::Unimplemented, 400, "ERR_NOT_SUPPORTED_STATE_OPERATION", why).by_its_code()
    }

    /// Returns `500`: there is no secret store at all.
    pub(crate) fn secret_store_not_configured() -> Self {
        let why = "secret store is not configured";
        Self::new(Code::FailedPrecondition, 500, "ERR_SECRET_STORES_NOT_CONFIGURED", why)
    }

    /// Returns `401`: there is no secret store of that name.
    pub(crate) fn secret_store_not_found(name: &str) -> Self {
        let why = format!("failed finding secret store with key {name}");
        Self::new(Code::InvalidArgument, 401, "ERR_SECRET_STORE_NOT_FOUND", why)
    }

    /// Returns `403`: the configuration keeps the secret from the app.
    pub(crate) fn secret_denied(name: &str, store: &str) -> Self {
        let why = format!("access denied by policy to get {name:?} from {store:?}");
        Self::new(Code::PermissionDenied, 403, "ERR_PERMISSION_DENIED", why)
    }

    /// Returns `500`: the store does not give the secret.
    pub(crate) fn secret_get(name: &str, store: &str, why: impl std::fmt::Display) -> Self {
        let why = format!("failed getting secret with key {name} from secret store {store}: {why}");
        Self::new(Code::Internal, 500, "ERR_SECRET_GET", why)
    }

    /// Returns `500`: the store does not give its secrets.
    pub(crate) fn secret_bulk_get(store: &str, why: impl std::fmt::Display) -> Self {
        let why = format!("failed getting secrets from secret store {store}: {why}");
        Self::new(Code::Internal, 500, "ERR_SECRET_GET", why)
    }
}

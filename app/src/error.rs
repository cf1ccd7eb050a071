//! The error that the server functions answer with.

use std::fmt;

use leptos::{
    prelude::FromServerFnError,
    server_fn::{codec::JsonEncoding, error::ServerFnErrorErr},
};
use model::error::{ErrorCode, LabError};
use serde::{Deserialize, Serialize};

/// A [`LabError`] as a server function's answer: it travels as that error does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerError(pub LabError);

impl FromServerFnError for ServerError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let code = match &error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                ErrorCode::InvalidRequest
            }
            ServerFnErrorErr::Request(_) => ErrorCode::ServerUnreachable,
            _ => ErrorCode::Internal,
        };
        let message = match error {
            // What an argument's type has refused says why: an actor id, or a message's.
            ServerFnErrorErr::Args(why) => why,
            other => other.to_string(),
        };
        let error = LabError::new(code, message);
        #[cfg(feature = "ssr")]
        crate::response::set_status(&error);
        Self(error)
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ServerError {}

impl From<LabError> for ServerError {
    fn from(error: LabError) -> Self {
        Self(error)
    }
}

impl From<ServerError> for LabError {
    fn from(error: ServerError) -> Self {
        error.0
    }
}

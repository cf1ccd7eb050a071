//! What a server function knows of its request: the backend, and how its answer goes back.

use leptos::prelude::*;

pub(super) use crate::response::wants_page;
use crate::{backend::SharedBackend, error::ServerError, response};
use model::error::LabError;

/// The backend of this request.
pub(super) fn backend() -> SharedBackend {
    expect_context()
}

/// The answer, with the response's status set to its error's.
pub(super) fn answer<T>(result: Result<T, LabError>) -> Result<T, ServerError> {
    result.map_err(failed)
}

/// The error, with the response's status set to it.
pub(super) fn failed(error: LabError) -> ServerError {
    response::set_status(&error);
    ServerError(error)
}

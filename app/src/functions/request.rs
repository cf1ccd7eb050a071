//! What a server function knows of its request: the backend, the lab that it is about, and how its answer goes back.

use leptos::prelude::*;

pub(super) use crate::backend::SharedBackend;
pub(super) use crate::response::wants_page;
use crate::{error::ServerError, response};
use model::{actor_id::ActorId, error::LabError};

/// The backend of this request, and the actor that it names.
pub(super) fn lab(actor: &str) -> Result<(SharedBackend, ActorId), ServerError> {
    let actor = answer(actor.parse().map_err(LabError::from))?;
    Ok((expect_context::<SharedBackend>(), actor))
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

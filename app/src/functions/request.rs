//! What a server function knows of its request: the backend, the lab that it is about, and how its answer goes back.

use http::{StatusCode, header::ACCEPT, request::Parts};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

pub(super) use crate::backend::SharedBackend;
use crate::error::ServerError;
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

/// Whether the request is a plain form's, whose answer is a page.
pub(super) fn wants_page() -> bool {
    use_context::<Parts>().is_some_and(|request| {
        let accept = request.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
        accept.is_some_and(|accept| accept.contains("text/html"))
    })
}

/// Sets the response's status to the error's. A plain form post keeps its redirect: the page shows the error.
pub(crate) fn failed(error: LabError) -> ServerError {
    if let Some(response) = use_context::<ResponseOptions>().filter(|_| !wants_page()) {
        let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.set_status(status);
    }
    ServerError(error)
}

//! Who may come in at the app channel, with a token or without one: programs. A sidecar names the address at which it
//! reaches the app, and says nothing of pages; no page has any business here.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use model::error::{ErrorCode, LabError};

use super::refuse;
use crate::guard::{AllowedHosts, Foreign};

pub(super) async fn guard(State(allowed): State<AllowedHosts>, request: Request, next: Next) -> Response {
    match allowed.check(&request, false) {
        Ok(()) => next.run(request).await,
        Err(foreign @ Foreign::NoHost) => {
            refuse(StatusCode::BAD_REQUEST, &LabError::new(ErrorCode::InvalidRequest, foreign.to_string()))
        }
        Err(foreign) => refuse(StatusCode::FORBIDDEN, &LabError::new(ErrorCode::Forbidden, foreign.to_string())),
    }
}

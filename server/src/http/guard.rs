//! Who may come in at the public listener: by a host name that is ours, and from another site's page no change and no call of
//! the API.

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use model::error::ErrorCode;

use super::error::{ApiError, is_api};
use crate::guard::{AllowedHosts, Foreign};

/// Lets a request through if its host is ours and, where it could change something, its page too. On an API path
/// every request can: the history is read in a turn of the actor, and an image of another site's page is enough to ask
/// for it. The pages are open to links from anywhere.
pub(crate) async fn guard(State(allowed): State<AllowedHosts>, request: Request, next: Next) -> Response {
    let looks = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    match allowed.check(&request, looks && !is_api(request.uri().path())) {
        Ok(()) => next.run(request).await,
        Err(foreign) => {
            let code = if foreign == Foreign::NoHost { ErrorCode::InvalidRequest } else { ErrorCode::Forbidden };
            ApiError::new(code, foreign.to_string()).into_response()
        }
    }
}

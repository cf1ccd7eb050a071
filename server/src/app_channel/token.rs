//! `APP_API_TOKEN`: the sidecar shows it as the header `dapr-api-token`.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use model::error::{ErrorCode, LabError};
use subtle::ConstantTimeEq;

use super::refuse;

/// The token that callers have to show, if there is one.
#[derive(Clone)]
pub(super) struct AppToken(Option<String>);

impl AppToken {
    /// An empty token counts as none, as in Dapr.
    pub(super) fn new(token: Option<String>) -> Self {
        Self(token.filter(|token| !token.is_empty()))
    }

    fn admits(&self, shown: Option<&[u8]>) -> bool {
        let Some(token) = &self.0 else { return true };
        // In a time that does not tell how much of it is right.
        shown.is_some_and(|shown| token.as_bytes().ct_eq(shown).into())
    }
}

pub(super) async fn check(State(token): State<AppToken>, request: Request, next: Next) -> Response {
    let shown = request.headers().get("dapr-api-token").map(|value| value.as_bytes());
    if token.admits(shown) {
        return next.run(request).await;
    }
    let error = LabError::new(
        ErrorCode::Forbidden,
        "This is the sidecar's door: the header dapr-api-token is missing or wrong",
    );
    refuse(StatusCode::UNAUTHORIZED, &error)
}

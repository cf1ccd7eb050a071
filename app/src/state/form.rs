//! What became of the forms: which one is under way, why the last was refused, what was typed into it.

use std::future::Future;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{error::ServerError, typed::Typed};
use model::error::LabError;

/// What went wrong with a form, told by the address after a plain post, or by the server function's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormError {
    /// The path of the server function.
    pub path: String,
    /// Why it refused or failed.
    pub error: LabError,
}

/// The forms of the page.
#[derive(Clone, Copy)]
pub struct FormState {
    /// What was typed into the form that led here, if it came back.
    pub typed: RwSignal<Typed>,
    /// What went wrong with the last form, to be shown beside it.
    pub error: RwSignal<Option<FormError>>,
    /// The server-function path of the request that is under way, so that its button can say so.
    pub busy: RwSignal<Option<&'static str>>,
}

impl FormState {
    /// The forms after a plain post, if one led here.
    pub fn new(typed: Typed, error: Option<FormError>) -> Self {
        Self { typed: RwSignal::new(typed), error: RwSignal::new(error), busy: RwSignal::new(None) }
    }

    /// Shows what went wrong beside the form that is posted to `path`.
    pub fn fail(self, path: &str, error: LabError) {
        self.error.set(Some(FormError { path: path.to_owned(), error }));
    }

    /// Waits for a request whose button shows that it is under way; its error is shown beside it.
    ///
    /// # Errors
    /// That of the request.
    pub async fn attempt<T>(
        self,
        path: &'static str,
        request: impl Future<Output = Result<T, ServerError>>,
    ) -> Result<T, LabError> {
        self.error.set(None);
        self.busy.set(Some(path));
        let result = request.await.map_err(LabError::from);
        self.busy.set(None);
        if let Err(error) = &result {
            self.fail(path, error.clone());
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};
    use model::error::ErrorCode;

    #[tokio::test]
    async fn a_request_is_busy_until_it_ends_and_its_error_stays_until_the_next() {
        let _owner = fixture::owner();
        let forms = FormState::new(Typed::default(), None);
        let refused = LabError::new(ErrorCode::InvalidRequest, "no");
        let request = async {
            assert_eq!(forms.busy.get_untracked(), Some("/api/a"));
            Err::<(), _>(ServerError(refused.clone()))
        };
        assert_eq!(forms.attempt("/api/a", request).await, Err(refused.clone()));
        assert_eq!(forms.busy.get_untracked(), None);
        let shown = forms.error.get_untracked();
        assert_eq!(shown, Some(FormError { path: "/api/a".to_owned(), error: refused }));
        assert_eq!(forms.attempt("/api/b", async { Ok(1) }).await, Ok(1));
        assert_eq!(forms.error.get_untracked(), None);
    }
}

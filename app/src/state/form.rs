//! The form that led to the page, where no script took it.

use leptos::{prelude::*, server_fn::error::ServerFnUrlError};
use serde::{Deserialize, Serialize};

use crate::{error::ServerError, typed::Typed};
use model::error::LabError;

/// What went wrong with a form that was posted without script, as the address tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormError {
    /// The path of the server function.
    pub path: String,
    /// Why it refused or failed, encoded as [`ServerActionError`](leptos::server::ServerActionError) has it.
    pub encoded: String,
}

impl FormError {
    /// The error of the form that is posted to `path`.
    #[cfg(feature = "ssr")]
    #[must_use]
    pub fn new(path: String, error: LabError) -> Self {
        // The library encodes errors as parts of an address, and no other way.
        let address = ServerFnUrlError::new(&path, ServerError(error)).to_url("http://lab");
        let encoded = address.ok().and_then(|address| {
            let (_, encoded) = address.query_pairs().find(|(name, _)| name == "__err")?;
            Some(encoded.into_owned())
        });
        Self { path, encoded: encoded.unwrap_or_default() }
    }

    /// Why it refused or failed.
    pub fn error(&self) -> LabError {
        let ServerError(error) = ServerFnUrlError::decode_err(&self.encoded);
        error
    }
}

/// What the form left.
#[derive(Clone, Copy)]
pub struct FormState {
    /// What was typed into it, if it came back.
    pub typed: RwSignal<Typed>,
}

impl FormState {
    /// What the form left that was typed into like this.
    pub fn new(typed: Typed) -> Self {
        Self { typed: RwSignal::new(typed) }
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::{super::fixture, *};

    #[test]
    fn an_error_reads_back_as_it_was_told_whatever_is_in_it() {
        let error = LabError::of_field("plan[0].ms", "ms is 0 & \"1\": it may be 1 to 10000. é");
        assert_eq!(FormError::new("/api/set_fault".to_owned(), error.clone()).error(), error);
    }

    #[test]
    fn what_was_typed_is_there_from_the_beginning() {
        let _owner = fixture::owner();
        let typed = Typed::read(Some("/api/send_message".to_owned()), Some(r#"[["content","x"]]"#.to_owned()));
        let forms = FormState::new(typed.clone());
        assert_eq!(forms.typed.get_untracked(), typed);
    }
}

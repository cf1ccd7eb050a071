//! Why a field was refused, in its place.

use leptos::prelude::*;

use super::field::error_id;
use crate::state::form::FormState;

/// Why this field of a form was refused the last time; `path` is where the form is posted to, `field` what the error
/// calls it.
pub fn refused(path: &'static str, field: impl Into<String>) -> Memo<Option<String>> {
    let (forms, field) = (expect_context::<FormState>(), field.into());
    Memo::new(move |_| {
        forms.error.with(|error| {
            let error = error.as_ref().filter(|error| error.path == path).map(|error| &error.error)?;
            (error.field.as_ref() == Some(&field)).then(|| error.message.clone())
        })
    })
}

/// The reason.
#[component]
pub fn FieldError(
    /// What the field is called in its form.
    name: String,
    /// The reason, if there is one.
    #[prop(into)]
    error: Signal<Option<String>>,
) -> impl IntoView {
    let id = error_id(&name);
    move || {
        error.get().map(|message| {
            view! {
                <span class="form-error" id=id.clone() role="alert">
                    {message}
                </span>
            }
        })
    }
}

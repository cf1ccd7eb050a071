//! Why a field was refused, in its place.

use leptos::prelude::*;

use super::field::error_id;
use model::error::LabError;

/// Why this field was refused the last time: the error of its form's action, if that names this field.
pub fn refused(error: Memo<Option<LabError>>, field: impl Into<String>) -> Memo<Option<String>> {
    let field = field.into();
    Memo::new(move |_| {
        error.with(|error| error.as_ref().filter(|e| e.field.as_ref() == Some(&field)).map(|e| e.message.clone()))
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

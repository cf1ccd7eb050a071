//! Why a field was refused, in its place.

use leptos::prelude::*;

use model::error::LabError;

/// Why this field was refused the last time: the error of its form's action, if that names this field.
pub fn refused(error: Memo<Option<LabError>>, field: impl Into<Signal<String>>) -> Memo<Option<String>> {
    let field = field.into();
    Memo::new(move |_| {
        let of_field = |error: &&LabError| field.with(|field| error.field.as_ref() == Some(field));
        error.with(|error| error.as_ref().filter(of_field).map(|error| error.message.clone()))
    })
}

/// The reason.
#[component]
pub fn FieldError(
    /// What the field is called in its form.
    #[prop(into)]
    name: Signal<String>,
    /// The reason, if there is one.
    #[prop(into)]
    error: Signal<Option<String>>,
) -> impl IntoView {
    move || {
        error.get().map(|message| {
            view! {
                <span class="form-error" id=name.with(|name| error_id(name)) role="alert">
                    {message}
                </span>
            }
        })
    }
}

/// The id of the element that says why the field of this name was refused.
pub(super) fn error_id(name: &str) -> String {
    format!("{name}-error")
}

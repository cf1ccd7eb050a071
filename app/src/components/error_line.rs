//! What went wrong with a form, beside the control that sent it.

use leptos::prelude::*;

use super::Icon;
use model::error::LabError;

/// What went wrong the last time with one of a form's actions.
#[component]
pub fn ErrorLine(
    /// The error, if there was one; see [`FormAction::error`](crate::actions::FormAction::error).
    error: Memo<Option<LabError>>,
    /// Whether the error of a field is told beside the field, and not here.
    #[prop(optional)]
    beside: Option<fn(&str) -> bool>,
) -> impl IntoView {
    let message = Memo::new(move |_| {
        error.with(|error| {
            let error = error.as_ref()?;
            let is_beside = beside.zip(error.field.as_deref()).is_some_and(|(beside, field)| beside(field));
            (!is_beside).then(|| error.message.clone())
        })
    });
    move || {
        message.get().map(|message| {
            view! {
                <p class="form-error" role="alert">
                    <Icon href="#i-alert" />
                    <span>{message}</span>
                </p>
            }
        })
    }
}

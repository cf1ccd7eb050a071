//! What went wrong with a form, beside the control that sent it.

use leptos::prelude::*;

use super::Icon;
use crate::state::form::FormState;

/// What went wrong the last time with one of these server functions.
#[component]
pub fn ErrorLine(
    /// Their paths.
    of: &'static [&'static str],
    /// Whether the error of a field is told beside the field, and not here.
    #[prop(optional)]
    beside: Option<fn(&str) -> bool>,
) -> impl IntoView {
    let forms = expect_context::<FormState>();
    let message = Memo::new(move |_| {
        forms.error.with(|error| {
            let error = error.as_ref().filter(|error| of.contains(&error.path.as_str())).map(|error| &error.error)?;
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

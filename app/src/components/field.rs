//! What fields of a form have in common.

use leptos::{attr::Attribute, prelude::*};

use super::field_error::{FieldError, error_id};
use crate::state::view::ViewState;

/// A field with its name before it; below, why it was refused.
#[component]
pub fn Field<C: IntoView + 'static>(
    /// What it is called.
    label: &'static str,
    /// What it is called in its form.
    name: Signal<String>,
    /// Why it was refused the last time.
    error: Signal<Option<String>>,
    /// What is typed into or chosen with.
    children: TypedChildren<C>,
) -> impl IntoView {
    view! {
        <label class="field">
            <span>{label}</span>
            {children.into_inner()()}
            <FieldError name error />
        </label>
    }
}

/// What an element that is typed into or chosen with says of itself: whether it was refused, and where it is said why.
///
/// `leads` is whether the reader is to be led to it. That is done only where no script runs: elsewhere somebody may be
/// at another place by then.
pub(super) fn field_attributes(name: Signal<String>, error: Signal<Option<String>>, leads: bool) -> impl Attribute {
    let view = expect_context::<ViewState>();
    let autofocus = leads && !view.hydrated.get_untracked();
    view! {
        <{..}
            aria-invalid=move || error.with(Option::is_some).then_some("true")
            aria-describedby=move || name.with(|name| error_id(name))
            autofocus=autofocus
        />
    }
}

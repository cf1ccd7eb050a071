//! A choice between words.

use leptos::{html, prelude::*};

use super::{FieldError, Icon, field_error::error_id, in_force::write_when_changed};
use crate::state::view::ViewState;

/// Words to choose from, each with what it means. Without a word it only says that there is something to choose.
pub type Words = &'static [(&'static str, &'static str)];

/// A choice with its name before it; below, why it was refused.
#[component]
pub fn SelectField(
    /// What it is called.
    label: &'static str,
    /// What it is called in its form.
    name: String,
    /// The word that is chosen.
    #[prop(into)]
    value: Signal<String>,
    /// What there is to choose from.
    words: Words,
    /// Why it was refused the last time.
    #[prop(into)]
    error: Signal<Option<String>>,
    /// Takes what is chosen.
    #[prop(optional)]
    on_input: Option<Callback<String>>,
    /// The element that is chosen with.
    #[prop(optional)]
    node_ref: NodeRef<html::Select>,
) -> impl IntoView {
    view! {
        <label class="field">
            <span>{label}</span>
            <Select label name=name.clone() value words error on_input node_ref />
            <FieldError name error />
        </label>
    }
}

/// The choice alone, for a place that says what it is.
///
/// What is chosen is in the element alone. A word that comes into force later is chosen there.
#[component]
pub fn Select(
    /// What it is called.
    label: &'static str,
    /// What it is called in its form.
    name: String,
    /// The word that is chosen.
    value: Signal<String>,
    /// What there is to choose from.
    words: Words,
    /// Why it was refused the last time.
    error: Signal<Option<String>>,
    /// Takes what is chosen.
    #[prop(optional_no_strip)]
    on_input: Option<Callback<String>>,
    /// The element that is chosen with.
    #[prop(optional)]
    node_ref: NodeRef<html::Select>,
) -> impl IntoView {
    let view = expect_context::<ViewState>();
    write_when_changed(value, move |value| {
        if let Some(field) = node_ref.get_untracked().filter(|field| field.value() != *value) {
            field.set_value(value);
        }
    });
    // The reader is led to what was refused, and to what is still to be chosen; only where no script can have the focus
    // elsewhere by now.
    let leads = error.with_untracked(Option::is_some) || value.with_untracked(String::is_empty);
    let autofocus = !view.hydrated.get_untracked() && leads;
    let input = move |event| {
        if let Some(on_input) = on_input {
            on_input.run(event_target_value(&event));
        }
    };
    let options = words.iter().map(|&(word, means)| {
        view! {
            <option value=word disabled=word.is_empty() selected=move || value.with(|value| value == word)>
                {means}
            </option>
        }
    });
    view! {
        <span class="select">
            <select
                aria-label=label
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                aria-describedby=error_id(&name)
                autofocus=autofocus
                name=name
                node_ref=node_ref
                on:input=input
            >
                {options.collect_view()}
            </select>
            <Icon href="#i-chevron" />
        </span>
    }
}

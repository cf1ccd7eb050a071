//! A choice between words.

use leptos::{html, prelude::*};

use super::{
    Icon,
    field::{Field, field_attributes},
    in_force::write_when_changed,
};

/// Words to choose from, each with what it means. Without a word it only says that there is something to choose.
pub type Words = &'static [(&'static str, &'static str)];

/// A choice with its name before it; below, why it was refused.
#[component]
pub fn SelectField(
    /// What it is called.
    label: &'static str,
    /// What it is called in its form.
    #[prop(into)]
    name: Signal<String>,
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
        <Field label name error>
            <Select label name value words error on_input node_ref />
        </Field>
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
    name: Signal<String>,
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
    write_when_changed(value, move |value| {
        if let Some(field) = node_ref.get_untracked().filter(|field| field.value() != *value) {
            field.set_value(value);
        }
    });
    // The reader is led to what was refused, and to what is still to be chosen.
    let leads = error.with_untracked(Option::is_some) || value.with_untracked(String::is_empty);
    let attributes = field_attributes(name, error, leads);
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
            <select {..attributes} aria-label=label name=name node_ref=node_ref on:input=input>
                {options.collect_view()}
            </select>
            <Icon href="#i-chevron" />
        </span>
    }
}

//! Small controls that several panels share.

use leptos::prelude::*;

use crate::{icons::icon, live::store::Store};

/// What went wrong with one of these server functions the last time, beside the control that called it.
#[component]
pub fn ErrorLine(
    /// The paths of the server functions.
    of: &'static [&'static str],
    /// Whether the error of a field stands beside it, and not here.
    #[prop(default = |_| false)]
    beside: fn(&str) -> bool,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let message = move || {
        let error = store.error.get()?;
        let told = error.error.field.as_deref().is_some_and(beside);
        (!told && of.contains(&error.path.as_str())).then(|| {
            view! {
                <p class="form-error" role="alert">
                    {icon("#i-alert")}
                    <span>{error.error.message}</span>
                </p>
            }
        })
    };
    view! { {message} }
}

/// A field of a form: what is typed stays as it is typed, and what is wrong with it stands beside it.
pub struct Field {
    /// What it is called.
    pub label: &'static str,
    /// The form's name for it.
    pub name: String,
    /// The server function that takes it.
    pub of: &'static str,
    /// That function's name for it in an error.
    pub field: String,
    /// What is in it.
    pub value: Signal<String>,
    /// Hears what is typed.
    pub typed: Callback<String>,
}

/// Why the server function `of` refused this field the last time.
pub fn refused(of: &'static str, field: String) -> Signal<Option<String>> {
    let store = expect_context::<Store>();
    Signal::derive(move || {
        let error = store.error.get().filter(|error| error.path == of)?.error;
        (error.field.as_deref() == Some(&field)).then_some(error.message)
    })
}

/// What is wrong, in its place.
pub fn beside(id: String, refused: Signal<Option<String>>) -> AnyView {
    (move || {
        let id = id.clone();
        refused.get().map(|message| view! { <span class="form-error" id=id role="alert">{message}</span> })
    })
    .into_any()
}

/// A number with the least and the most that it may be, and its unit.
pub fn number_field(field: Field, least: u64, most: u64, unit: &'static str) -> AnyView {
    let Field { label, name, of, field, value, typed } = field;
    let refused = refused(of, field);
    let why = format!("{name}-error");
    view! {
        <label class="field">
            <span>{label}</span>
            <input
                type="number"
                name=name
                min=least.to_string()
                max=most.to_string()
                aria-label=format!("{label} {unit}").trim_end().to_owned()
                aria-invalid=move || refused.get().map(|_| "true")
                aria-describedby=why.clone()
                autofocus=refused.get_untracked().is_some()
                value=value.get_untracked()
                prop:value=value
                on:input=move |event| typed.run(event_target_value(&event))
            />
            <span class="note">{unit}</span>
            {beside(why, refused)}
        </label>
    }
    .into_any()
}

/// Words to choose from, each with what it means. Without a word it only says that there is something to choose.
pub type Words = &'static [(&'static str, &'static str)];

/// A choice between words.
pub fn choice_field(field: Field, words: Words) -> AnyView {
    let refused = refused(field.of, field.field.clone());
    let (label, why) = (field.label, format!("{}-error", field.name));
    view! {
        <label class="field">
            <span>{label}</span>
            {choice(field, words)}
            {beside(why, refused)}
        </label>
    }
    .into_any()
}

/// The choice alone, for a place that says what it is.
pub fn choice(field: Field, words: Words) -> AnyView {
    let Field { label, name, of, field, value, typed } = field;
    let refused = refused(of, field);
    let options = words.iter().map(|&(word, means)| {
        view! {
            <option
                value=word
                disabled=word.is_empty()
                selected=value.get_untracked() == word
                prop:selected=move || value.get() == word
            >
                {means}
            </option>
        }
    });
    view! {
        <span class="select">
            <select
                aria-label=label
                aria-invalid=move || refused.get().map(|_| "true")
                aria-describedby=format!("{name}-error")
                autofocus=refused.get_untracked().is_some() || value.with_untracked(String::is_empty)
                name=name
                on:change=move |event| typed.run(event_target_value(&event))
            >
                {options.collect_view()}
            </select>
            {icon("#i-chevron")}
        </span>
    }
    .into_any()
}

/// A field of a form, to read and to write.
pub type Place<T> = fn(&mut T) -> &mut String;

/// Its name within the form, and the field.
pub type Part<T> = (&'static str, Place<T>);

/// Brings what has come into force into the fields, but only what has changed: what is being typed in another field, or
/// was refused there, stays.
pub fn take_over<T: Clone>(draft: &mut T, before: &T, now: &T, parts: &[Part<T>]) {
    let (mut before, mut now) = (before.clone(), now.clone());
    for (_, place) in parts {
        let now = place(&mut now);
        if place(&mut before) != now {
            place(draft).clone_from(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_not_taken_away_by_what_comes_into_force_elsewhere() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let parts: [Part<(String, String)>; 2] = [("a", |pair| &mut pair.0), ("b", |pair| &mut pair.1)];
        let mut draft = pair("5", "99999");
        take_over(&mut draft, &pair("3", "1000"), &pair("5", "1000"), &parts);
        assert_eq!(draft, pair("5", "99999"));
        take_over(&mut draft, &pair("5", "1000"), &pair("7", "200"), &parts);
        assert_eq!(draft, pair("7", "200"));
    }
}

//! The fields of forms, and what went wrong with them, as text.
//!
//! A form of this kind is led by the page: what is in force is what its fields begin with, what is being typed is in
//! the fields alone, and all of them are read when something is set.

use leptos::prelude::*;
use maud::{Markup, html};
use web_sys::Element;

use crate::{
    icons::symbol,
    live::{dom, store::Store},
};
use model::error::LabError;

/// What went wrong with one of these server functions the last time, beside the control that called it. The error of a
/// field stands `beside` it, and not here.
pub(super) fn error_line(store: Store, of: &[&str], beside: fn(&str) -> bool) -> Markup {
    store.error.with(|error| {
        let error = error.as_ref().filter(|error| of.contains(&error.path.as_str())).map(|error| &error.error);
        html! {
            @if let Some(error) = error.filter(|error| !error.field.as_deref().is_some_and(beside)) {
                p.form-error role="alert" { (symbol("#i-alert")) span { (error.message) } }
            }
        }
    })
}

/// A field.
pub(super) struct Field<'a> {
    /// What it is called.
    pub(super) label: &'static str,
    /// The form's name for it.
    pub(super) name: String,
    /// What it begins with.
    pub(super) value: String,
    /// Why it was refused the last time.
    pub(super) refused: Option<&'a LabError>,
    /// Whether the reader is led to it: only where no script can have the focus elsewhere by now.
    pub(super) leads: bool,
}

/// A number with the least and the most that it may be, and its unit.
pub(super) fn number_field(field: &Field<'_>, least: u64, most: u64, unit: &str) -> Markup {
    let Field { label, name, value, refused, leads } = field;
    let spoken = format!("{label} {unit}");
    html! {
        label.field {
            span { (label) }
            input type="number" name=(name) min=(least) max=(most) aria-label=(spoken.trim_end())
                aria-invalid=[refused.map(|_| "true")] aria-describedby={ (name) "-error" } autofocus[*leads] value=(value);
            span.note { (unit) }
            (beside(name, *refused))
        }
    }
}

/// Words to choose from, each with what it means. Without a word it only says that there is something to choose.
pub(super) type Words = &'static [(&'static str, &'static str)];

/// A choice between words.
pub(super) fn choice_field(field: &Field<'_>, words: Words) -> Markup {
    html! {
        label.field {
            span { (field.label) }
            (choice(field, words))
            (beside(&field.name, field.refused))
        }
    }
}

/// The choice alone, for a place that says what it is.
pub(super) fn choice(field: &Field<'_>, words: Words) -> Markup {
    let Field { label, name, value, refused, leads } = field;
    html! {
        span.select {
            select aria-label=(label) aria-invalid=[refused.map(|_| "true")] aria-describedby={ (name) "-error" }
                autofocus[*leads] name=(name) {
                @for &(word, means) in words {
                    option value=(word) disabled[word.is_empty()] selected[word == *value] { (means) }
                }
            }
            (symbol("#i-chevron"))
        }
    }
}

/// What is wrong, in its place.
pub(super) fn beside(name: &str, refused: Option<&LabError>) -> Markup {
    html! {
        @if let Some(error) = refused { span.form-error id={ (name) "-error" } role="alert" { (error.message) } }
    }
}

/// The button with which a form is sent where no script sends it.
pub(super) fn apply_button() -> Markup {
    html! { noscript { button.btn.small type="submit" { "Apply" } } }
}

/// What stands in a field of a form now, or is chosen among those of one name.
pub(crate) fn typed_in(form: &Element, name: &str) -> Option<String> {
    let field = form.query_selector(&format!("[name='{name}']:not([type=radio]:not(:checked))")).ok().flatten()?;
    Some(dom::value_of(&field))
}

/// Whether the box of this name in a form is ticked now.
pub(crate) fn ticked_in(form: &Element, name: &str) -> bool {
    form.query_selector(&format!("[name='{name}']:checked")).is_ok_and(|field| field.is_some())
}

/// A field of a form, to read and to write.
pub(crate) type Place<T> = fn(&mut T) -> &mut String;

/// Its name within the form, and the field.
pub(crate) type Part<T> = (&'static str, Place<T>);

/// Brings what has come into force into the fields, but only what has changed: what is being typed in another field, or
/// was refused there, stays.
pub(super) fn take_over<T: Clone>(draft: &mut T, before: &T, now: &T, parts: &[Part<T>]) {
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

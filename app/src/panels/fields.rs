//! The fields of forms, and what went wrong with them, as text.
//!
//! A form of this kind is led by the page: what is in force is what its fields begin with, what is being typed is in
//! the fields alone, and all of them are read when something is set.

use leptos::prelude::*;
use maud::{Markup, html};
use web_sys::Element;

use super::controls::Words;
use crate::{
    error::LabError,
    icons::symbol,
    live::{dom, store::Store},
};

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

/// A choice between words.
pub(super) fn choice_field(field: &Field<'_>, words: Words) -> Markup {
    let Field { label, name, value, refused, leads } = field;
    html! {
        label.field {
            span { (label) }
            span.select {
                select aria-label=(label) aria-invalid=[refused.map(|_| "true")] aria-describedby={ (name) "-error" }
                    autofocus[*leads] name=(name) {
                    @for &(word, means) in words { option value=(word) selected[word == *value] { (means) } }
                }
                (symbol("#i-chevron"))
            }
            (beside(name, *refused))
        }
    }
}

/// What is wrong, in its place.
fn beside(name: &str, refused: Option<&LabError>) -> Markup {
    html! {
        @if let Some(error) = refused { span.form-error id={ (name) "-error" } role="alert" { (error.message) } }
    }
}

/// The button with which a form is sent where no script sends it.
pub(super) fn apply_button() -> Markup {
    html! { noscript { button.btn.small type="submit" { "Apply" } } }
}

/// What stands in a field of a form now.
pub(crate) fn typed_in(form: &Element, name: &str) -> Option<String> {
    let field = form.query_selector(&format!("[name='{name}']")).ok().flatten()?;
    Some(dom::value_of(&field))
}

/// Whether the box of this name in a form is ticked now.
pub(crate) fn ticked_in(form: &Element, name: &str) -> bool {
    form.query_selector(&format!("[name='{name}']:checked")).is_ok_and(|field| field.is_some())
}

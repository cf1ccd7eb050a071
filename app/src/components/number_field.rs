//! A field for a number.

use leptos::{html, prelude::*};

use super::{
    field::{Field, field_attributes},
    in_force::write_when_changed,
};

/// A number with its name before it and its unit behind it; below, why it was refused.
///
/// What is typed is in the field alone. A value that comes into force later is written to it.
#[component]
pub fn NumberField(
    /// What it is called.
    label: &'static str,
    /// What it is called in its form.
    #[prop(into)]
    name: Signal<String>,
    /// What stands in it.
    #[prop(into)]
    value: Signal<String>,
    /// Why it was refused the last time.
    #[prop(into)]
    error: Signal<Option<String>>,
    /// The least that it may be.
    least: u64,
    /// The most that it may be.
    most: u64,
    /// Its unit; empty if it has none.
    unit: &'static str,
    /// Takes what is being typed.
    #[prop(optional)]
    on_input: Option<Callback<String>>,
) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    write_when_changed(value, move |value| {
        if let Some(field) = field.get_untracked().filter(|field| field.value() != *value) {
            field.set_value(value);
        }
    });
    let spoken = format!("{label} {unit}");
    let attributes = field_attributes(name, error, error.with_untracked(Option::is_some));
    let input = move |event| {
        if let Some(on_input) = on_input {
            on_input.run(event_target_value(&event));
        }
    };
    view! {
        <Field label name error>
            <input
                {..attributes}
                type="number"
                name=name
                min=least
                max=most
                aria-label=spoken.trim_end().to_owned()
                value=value
                node_ref=field
                on:input=input
            />
            <span class="note">{unit}</span>
        </Field>
    }
}

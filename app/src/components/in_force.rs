//! Fields are not controlled: what somebody has typed or pressed stands in them and nowhere else. What comes into force
//! is written to them, and only when it is another: what is being typed meanwhile stays.

use leptos::{html, prelude::*};

use model::error::LabError;

/// Writes a value whenever it becomes another. The first one stands in the field already.
pub fn write_when_changed(value: Signal<String>, write: impl Fn(&String) + 'static) {
    let value = Memo::new(move |_| value.get());
    Effect::watch(move || value.get(), move |value, _, _: Option<()>| write(value), false);
}

/// Ticks a box, or takes the tick away, whenever that becomes another.
pub fn tick_when_changed(field: NodeRef<html::Input>, ticked: Memo<bool>) {
    let tick = move |ticked: &bool, _: Option<&bool>, _: Option<()>| {
        if let Some(field) = field.get_untracked() {
            field.set_checked(*ticked);
        }
    };
    Effect::watch(move || ticked.get(), tick, false);
}

/// Puts a form's fields back to what is in force when what was set is refused: they have moved already.
pub fn put_back_when_refused(form: NodeRef<html::Form>, error: Memo<Option<LabError>>) {
    let put_back = move |refused: &bool, _: Option<&bool>, _: Option<()>| {
        if let Some(form) = form.get_untracked().filter(|_| *refused) {
            form.reset();
        }
    };
    Effect::watch(move || error.with(Option::is_some), put_back, false);
}

/// Puts a form's fields back to what is in force once the script runs: what was set before, nobody has heard.
pub fn put_back_at_first(form: NodeRef<html::Form>) {
    Effect::new(move |_| {
        if let Some(form) = form.get() {
            form.reset();
        }
    });
}

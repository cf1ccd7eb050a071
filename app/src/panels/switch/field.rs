//! What a field of a fault is made of.

use leptos::prelude::*;

use super::rows::{FaultRows, name};
use crate::{actions::LabActions, components::refused, typed::Part};
use model::fault::form::FaultForm;

/// What a field needs to know.
#[derive(Clone, Copy)]
pub(super) struct FaultField {
    /// What it is called in the form.
    pub(super) name: Signal<String>,
    /// What stands in it.
    pub(super) value: Signal<String>,
    /// Why it was refused the last time.
    pub(super) error: Signal<Option<String>>,
    /// Takes what is being typed or chosen.
    pub(super) on_input: Callback<String>,
}

/// A field of the fault whose row is at this place, counted from 0.
pub(super) fn fault_field(place: Signal<usize>, (part, field): Part<FaultForm>) -> FaultField {
    let rows = expect_context::<FaultRows>();
    let value = Memo::new(move |_| {
        let row = rows.with(|rows| rows.get(place.get()).map(|row| row.form.clone()));
        row.map(|mut row| field(&mut row).clone()).unwrap_or_default()
    });
    let on_input = Callback::new(move |text| rows.write(place.get_untracked(), field, text));
    let error = expect_context::<LabActions>().set_fault.error();
    let error = refused(error, Signal::derive(move || format!("plan[{}].{part}", place.get())));
    let name = Memo::new(move |_| name(place.get(), part));
    FaultField { name: name.into(), value: value.into(), error: error.into(), on_input }
}

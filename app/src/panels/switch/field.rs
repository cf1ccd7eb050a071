//! What a field of a fault is made of.

use leptos::prelude::*;

use super::rows::name;
use crate::{
    actions::{LabActions, error_of},
    components::refused,
    live::store::Store,
    typed::Part,
};
use model::fault::form::FaultForm;

/// What a field needs to know.
#[derive(Clone)]
pub(super) struct FaultField {
    /// What it is called in the form.
    pub(super) name: String,
    /// What stands in it.
    pub(super) value: Signal<String>,
    /// Why it was refused the last time.
    pub(super) error: Signal<Option<String>>,
    /// Takes what is being typed or chosen.
    pub(super) on_input: Callback<String>,
}

/// A field of the fault in this row, counted from 0.
pub(super) fn fault_field(n: usize, (part, place): Part<FaultForm>) -> FaultField {
    let store = expect_context::<Store>();
    let value = Memo::new(move |_| {
        store.rows.with(|rows| rows.get(n).map(|row| place(&mut row.clone()).clone()).unwrap_or_default())
    });
    let on_input = Callback::new(move |text| {
        store.rows.update(|rows| {
            if let Some(row) = rows.get_mut(n) {
                *place(row) = text;
            }
        });
    });
    let error = refused(error_of(expect_context::<LabActions>().set_fault), format!("plan[{n}].{part}"));
    FaultField { name: name(n, part), value: value.into(), error: error.into(), on_input }
}

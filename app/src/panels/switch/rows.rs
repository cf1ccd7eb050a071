//! What stands in the fields of the faults: the plan in force, and what was typed since.
//!
//! The fields show these rows, and whatever is typed is written to them: the sentence shows it at once, and a row that
//! goes takes nothing else with it.

use leptos::{prelude::*, server_fn::ServerFn};

use crate::{
    functions::faults::SetFault,
    state::lab::LabState,
    typed::{Part, Typed},
};
use model::fault::{FaultPlan, FaultStatus, form::FaultForm};

/// The name of the buttons that add or remove a fault, posted without script.
pub(super) const ROWS: &str = "rows";
/// The value of the one that adds.
pub(super) const ADD: &str = "add";

pub(super) const OPERATION: Part<FaultForm> = ("operation", |form| &mut form.operation);
pub(super) const KIND: Part<FaultForm> = ("kind", |form| &mut form.kind);
pub(super) const MS: Part<FaultForm> = ("ms", |form| &mut form.ms);
pub(super) const PERCENT: Part<FaultForm> = ("percent", |form| &mut form.percent);
pub(super) const SEED: Part<FaultForm> = ("seed", |form| &mut form.seed);
pub(super) const SPAN: Part<FaultForm> = ("span", |form| &mut form.span);
pub(super) const ATTEMPTS: Part<FaultForm> = ("attempts", |form| &mut form.attempts);
pub(super) const LAYER: Part<FaultForm> = ("layer", |form| &mut form.layer);
pub(super) const WIRE: Part<FaultForm> = ("wire", |form| &mut form.wire);

/// Every field of a fault.
const PARTS: [Part<FaultForm>; 9] = [OPERATION, KIND, MS, PERCENT, SEED, SPAN, ATTEMPTS, LAYER, WIRE];

/// The fields of one fault. A row without an operation is no fault yet, unless it is on the wire; there is one at most
/// when the script runs, the last.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FaultRow {
    /// What the row is known by, wherever it stands.
    id: u32,
    /// What stands in its fields.
    pub(super) form: FaultForm,
}

/// The rows of the switch.
#[derive(Clone, Copy)]
pub(super) struct FaultRows {
    lab: LabState,
    rows: RwSignal<Vec<FaultRow>>,
    /// The plans that this page has asked for from its rows and that are not in force yet, in that order.
    asked: StoredValue<Vec<Vec<FaultForm>>>,
}

impl FaultRows {
    /// The plan in force; what was refused stays as it was typed. Takes in what comes into force later.
    pub(super) fn new(lab: LabState, typed: &Typed) -> Self {
        let first = posted(typed).unwrap_or_else(|| lab.fault.with_untracked(in_force));
        let rows = Self { lab, rows: RwSignal::new(numbered(first)), asked: StoredValue::default() };
        // The rows are no value that could be derived: they are the plan in force and what was typed since, in one.
        let plan = Memo::new(move |_| lab.fault.with(in_force));
        let take = move |now: &Vec<FaultForm>, before: Option<&Vec<FaultForm>>, _: Option<()>| {
            if let Some(before) = before.filter(|_| !rows.has_asked_for(now)) {
                rows.rows.update(|rows| merge(rows, before, now));
            }
        };
        Effect::watch(move || plan.get(), take, false);
        rows
    }

    /// What the rows are known by, in their order.
    pub(super) fn ids(self) -> Vec<u32> {
        self.rows.with(|rows| rows.iter().map(|row| row.id).collect())
    }

    /// How many there are.
    pub(super) fn count(self) -> usize {
        self.rows.with(Vec::len)
    }

    /// What `read` makes of them.
    pub(super) fn with<T>(self, read: impl FnOnce(&[FaultRow]) -> T) -> T {
        self.rows.with(|rows| read(rows))
    }

    /// Where a row stands, counted from 0; at the end if it is gone.
    pub(super) fn place(self, id: u32) -> usize {
        self.rows.with(|rows| rows.iter().position(|row| row.id == id).unwrap_or(rows.len()))
    }

    /// What is typed into a field.
    pub(super) fn write(self, place: usize, field: fn(&mut FaultForm) -> &mut String, text: String) {
        self.rows.update(|rows| {
            if let Some(row) = rows.get_mut(place) {
                *field(&mut row.form) = text;
            }
        });
    }

    /// Whether this page has asked for the plan that has come into force: then the rows have it already, and may be
    /// ahead.
    fn has_asked_for(self, now: &[FaultForm]) -> bool {
        let has_asked = self.asked.try_update_value(|asked| {
            let place = asked.iter().position(|plan| same(plan, now));
            asked.drain(..place.map_or(asked.len(), |place| place + 1));
            place.is_some()
        });
        has_asked == Some(true)
    }

    /// The faults that the rows hold, to be asked for: once they are in force, the rows have them already.
    pub(super) fn ask(self) -> Vec<FaultForm> {
        let forms = || self.rows.with_untracked(|rows| rows.iter().map(|row| row.form.clone()).collect::<Vec<_>>());
        let plan: Vec<_> = forms().into_iter().filter(|form| !form.is_empty()).collect();
        let in_force = self.lab.fault.with_untracked(in_force);
        self.asked.update_value(|asked| {
            if !same(asked.last().unwrap_or(&in_force), &plan) {
                asked.push(plan.clone());
            }
        });
        plan
    }

    /// What was asked for does not come into force.
    pub(super) fn forget_asked(self) {
        self.asked.update_value(Vec::clear);
    }

    /// One more row, to be filled; says which.
    pub(super) fn add(self) -> u32 {
        let added = self.rows.try_update(|rows| {
            let id = next_id(rows);
            rows.push(FaultRow { id, form: usual(FaultForm::default()) });
            id
        });
        added.unwrap_or_default()
    }

    /// Removes a row; says whether a fault went with it.
    pub(super) fn remove(self, id: u32) -> bool {
        let removed = self.rows.try_update(|rows| {
            let place = rows.iter().position(|row| row.id == id)?;
            Some(rows.remove(place))
        });
        removed.flatten().is_some_and(|row| !row.form.is_empty())
    }
}

/// The form's name for a field of a row.
pub(super) fn name(place: usize, part: &str) -> String {
    format!("plan[{place}][{part}]")
}

fn in_force(fault: &FaultStatus) -> Vec<FaultForm> {
    fault.plan.faults().iter().map(|fault| usual(fault.into())).collect()
}

fn numbered(forms: Vec<FaultForm>) -> Vec<FaultRow> {
    (0..).zip(forms).map(|(id, form)| FaultRow { id, form }).collect()
}

/// An id that no row has.
fn next_id(rows: &[FaultRow]) -> u32 {
    rows.iter().map(|row| row.id + 1).max().unwrap_or_default()
}

/// Whether these faults do the same.
fn same<'a>(a: impl IntoIterator<Item = &'a FaultForm>, b: &[FaultForm]) -> bool {
    a.into_iter().map(bare).eq(b.iter().map(bare))
}

/// The form with what its other fields begin with.
fn usual(mut form: FaultForm) -> FaultForm {
    for (field, usual) in [
        (&mut form.kind, "error"),
        (&mut form.ms, "300"),
        (&mut form.percent, "50"),
        (&mut form.seed, "1"),
        (&mut form.span, "first"),
        (&mut form.attempts, "1"),
        (&mut form.layer, "actor"),
        (&mut form.wire, "refuse"),
    ] {
        if field.is_empty() {
            usual.clone_into(field);
        }
    }
    // What a fault on the wire is when it is put in another place.
    if form.is_on_the_wire() && form.operation.is_empty() {
        "load".clone_into(&mut form.operation);
    }
    form
}

/// The same fault with only what its layer, its kind and its span have a use for.
fn bare(form: &FaultForm) -> FaultForm {
    if form.is_on_the_wire() {
        let ms = if form.wire == "delay" { form.ms.clone() } else { String::new() };
        return FaultForm { ms, layer: form.layer.clone(), wire: form.wire.clone(), ..FaultForm::default() };
    }
    let mut form = FaultForm { wire: String::new(), ..form.clone() };
    if form.kind != "delay" {
        form.ms.clear();
    }
    if form.kind != "flaky" {
        form.percent.clear();
        form.seed.clear();
    }
    if form.span == "until_off" {
        form.attempts.clear();
    }
    form
}

/// The rows of a form that came back: refused, or posted for one row more or less. Rows that are no fault yet come
/// last, as the server does not count them.
fn posted(typed: &Typed) -> Option<Vec<FaultForm>> {
    let row = |n| typed.form(SetFault::PATH, &format!("plan[{n}]"), &PARTS);
    let mut rows: Vec<_> = (0..FaultPlan::MAX).map_while(row).map(usual).collect();
    match typed.text(SetFault::PATH, ROWS) {
        Some(ADD) if rows.len() < FaultPlan::MAX => rows.push(usual(FaultForm::default())),
        Some(n) => {
            if let Some(n) = n.parse().ok().filter(|n| *n < rows.len() && rows.len() > 1) {
                rows.remove(n);
            }
        }
        None => {}
    }
    rows.sort_by_key(FaultForm::is_empty);
    let first = rows.first_mut()?;
    if first.is_empty() {
        "load".clone_into(&mut first.operation);
    }
    Some(rows)
}

/// Brings a plan that has come into force into the rows. What is not in force stays: a row that waits for its operation,
/// a number that was refused.
fn merge(rows: &mut Vec<FaultRow>, before: &[FaultForm], now: &[FaultForm]) {
    if same(rows.iter().map(|row| &row.form).filter(|form| !form.is_empty()), now) {
        return;
    }
    for (row, (before, now)) in rows.iter_mut().zip(before.iter().zip(now)) {
        take_changes(&mut row.form, before, now);
    }
    if now.len() < before.len().min(rows.len()) {
        rows.drain(now.len()..before.len().min(rows.len()));
    }
    for (n, fault) in now.iter().enumerate().skip(before.len()) {
        let row = FaultRow { id: next_id(rows), form: fault.clone() };
        rows.insert(n.min(rows.len()), row);
    }
}

/// Brings what has come into force into a row, but only the fields that have changed: what is being typed in another, or
/// was refused there, stays.
fn take_changes(row: &mut FaultForm, before: &FaultForm, now: &FaultForm) {
    let (mut before, mut now) = (before.clone(), now.clone());
    for (_, place) in PARTS {
        let now = place(&mut now);
        if place(&mut before) != now {
            place(row).clone_from(now);
        }
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use model::fault::form::plan;

    fn row(operation: &str, attempts: &str) -> FaultForm {
        usual(FaultForm { operation: operation.to_owned(), attempts: attempts.to_owned(), ..FaultForm::default() })
    }

    fn operations(rows: &[FaultForm]) -> Vec<&str> {
        rows.iter().map(|row| row.operation.as_str()).collect()
    }

    /// The rows after a plain post of these fields.
    fn after(fields: &[(&str, &str)]) -> Vec<FaultForm> {
        let fields = serde_json::to_string(fields).unwrap();
        posted(&Typed::read(Some(SetFault::PATH.to_owned()), Some(fields))).unwrap()
    }

    /// The rows after the plan in force has become another.
    fn bring(rows: &mut Vec<FaultForm>, before: &[&FaultForm], now: &[&FaultForm]) {
        let owned = |faults: &[&FaultForm]| faults.iter().copied().cloned().collect::<Vec<_>>();
        let mut merged = numbered(std::mem::take(rows));
        merge(&mut merged, &owned(before), &owned(now));
        *rows = merged.into_iter().map(|row| row.form).collect();
    }

    #[test]
    fn a_plan_that_somebody_else_sets_is_shown_whole() {
        let (a, b, c) = (row("load", "1"), row("save", "2"), row("publish", "3"));
        let mut rows = vec![a.clone()];
        bring(&mut rows, &[&a], &[&b, &c, &a]);
        assert_eq!(rows, [b.clone(), c.clone(), a.clone()]);
        bring(&mut rows, &[&b, &c, &a], &[&c]);
        assert_eq!(rows, [c]);
    }

    #[test]
    fn a_row_is_known_by_the_same_id_whatever_goes_before_it() {
        let (a, b, c) = (row("load", "1"), row("save", "2"), row("publish", "3"));
        let mut rows = numbered(vec![a, b.clone()]);
        rows.remove(0);
        merge(&mut rows, std::slice::from_ref(&b), &[b.clone(), c]);
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(next_id(&[]), 0);
    }

    #[test]
    fn what_is_typed_is_not_taken_away_by_what_comes_into_force_elsewhere() {
        let fault =
            |ms: &str, percent: &str| FaultForm { ms: ms.to_owned(), percent: percent.to_owned(), ..row("load", "1") };
        let mut typed = fault("5", "999");
        take_changes(&mut typed, &fault("3", "50"), &fault("5", "50"));
        assert_eq!(typed, fault("5", "999"));
        take_changes(&mut typed, &fault("5", "50"), &fault("7", "20"));
        assert_eq!(typed, fault("7", "20"));
    }

    #[test]
    fn what_is_not_in_force_yet_stays_whatever_comes_into_force() {
        let (a, a3, b, empty) = (row("load", "1"), row("load", "3"), row("save", "2"), row("", ""));
        let refused = FaultForm { attempts: "99".to_owned(), ..b.clone() };
        let mut rows = vec![a.clone(), refused.clone(), empty.clone()];
        bring(&mut rows, &[&a, &b], &[&a3, &b]);
        assert_eq!(rows, [a3.clone(), refused, empty.clone()]);
        bring(&mut rows, &[&a3, &b], &[&a3]);
        assert_eq!(rows, [a3.clone(), empty.clone()]);
        bring(&mut rows, &[&a3], &[&a3, &b]);
        assert_eq!(rows, [a3, b, empty]);
    }

    #[test]
    fn one_s_own_change_changes_nothing_when_it_comes_into_force() {
        let (a, b, c) = (row("load", "1"), row("save", "2"), row("publish", "3"));
        let mut rows = vec![a.clone(), c.clone(), row("", "")];
        let before = rows.clone();
        bring(&mut rows, &[&a, &b, &c], &[&a, &c]);
        assert_eq!(rows, before, "the row that waits is still there");
        // What the kind has no use for is kept in the field, and is no part of the plan.
        let mut rows = vec![FaultForm { ms: "120".to_owned(), ..a.clone() }];
        let before = rows.clone();
        bring(&mut rows, &[&c], &[&a]);
        assert_eq!(rows, before);
    }

    #[test]
    fn a_fault_on_the_wire_is_one_without_an_operation_and_can_be_put_elsewhere() {
        let on_the_wire = || FaultForm { layer: "wire".to_owned(), ..row("", "") };
        let typed = after(&[("plan[0][operation]", ""), ("plan[0][layer]", "wire"), ("plan[0][wire]", "stall")]);
        assert!(!typed[0].is_empty() && typed[0].wire == "stall");
        assert_eq!(plan(&typed).unwrap().faults()[0].wire(), Some(model::fault::WireFault::Stall));
        let (in_force, shown) = (usual(on_the_wire()), FaultForm { operation: "save".to_owned(), ..on_the_wire() });
        assert_eq!(in_force.operation, "load", "in the actor it is a load's");
        let mut rows = vec![shown.clone()];
        bring(&mut rows, &[&row("save", "1")], &[&in_force]);
        assert_eq!(rows, [shown], "its operation is no part of the plan");
    }

    #[test]
    fn a_row_is_added_and_removed_by_a_plain_post() {
        let two = [("plan[0][operation]", "load"), ("plan[1][operation]", "save"), ("plan[1][ms]", "99999")];
        let with = |rows| after(&[&two[..], &[("rows", rows)]].concat());
        assert_eq!(operations(&with("add")), ["load", "save", ""]);
        assert_eq!(with("add")[1].ms, "99999", "what was typed stays");
        assert_eq!(operations(&with("0")), ["save"]);
        assert_eq!(operations(&with("7")), ["load", "save"]);
        assert_eq!(operations(&after(&[("plan[0][operation]", "load"), ("rows", "0")])), ["load"], "one is the least");
    }

    #[test]
    fn the_rows_that_come_back_are_counted_as_the_server_counts_them() {
        let rows = after(&[
            ("plan[0][operation]", "load"),
            ("plan[1][kind]", "delay"),
            ("plan[2][operation]", "save"),
            ("plan[2][kind]", "delay"),
            ("plan[2][ms]", "0"),
        ]);
        assert_eq!(operations(&rows), ["load", "save", ""]);
        assert_eq!(rows[2].kind, "delay");
        let error = plan(&rows).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("plan[1].ms"));
    }
}

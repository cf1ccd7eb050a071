//! The failure switch: what fails, how, and for how long.

pub(crate) mod drafts;
mod faults;

use std::time::Duration;

use leptos::prelude::*;
use maud::{Markup, html};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};

use self::{
    drafts::ADD,
    faults::{Faults, is_refused_within, is_within, layers},
};
use crate::{
    icons::symbol,
    live::{
        controls::{self, ARM_FAULT, Change, SET_FAULT},
        dom,
        store::Store,
    },
    markup::keep,
    panels::fields::{apply_button, error_line, ticked_in},
};
use crate::{markup::drawn, panels::wire};
use model::fault::words::status;

/// The switch's form.
pub(crate) const FORM: &str = ".breaker:not(.wire)";

/// The switch, with its sentence of settings, and the wire to Redis where there is one. Set by hand it takes effect at
/// once; without script *Apply* does it.
#[component]
pub fn FailureSwitch() -> impl IntoView {
    let store = expect_context::<Store>();
    drawn(|| {
        // A row that was asked for is in sight, and so is what was refused.
        let asked = store.typed.with_untracked(|typed| typed.text(SET_FAULT, drafts::ROWS).is_some());
        let form = form(store, asked || is_refused_within(store));
        match wire::is_there(store) {
            true => html! { div.switches { (form) (wire::form(store)) } },
            false => form,
        }
    })
}

/// Keeps what moves in it.
pub(super) fn start(store: Store) {
    drafts::start(store);
    // Open is what a person has opened, or what was refused there: no part of the drawing.
    keep(FORM, move || form(store, false));
    Effect::new(move |_| {
        if let (true, Some(more)) = (is_refused_within(store), dom::find(".more")) {
            let _ = more.set_attribute("open", "");
        }
    });
    // The switch itself moves when it is pressed: whatever is heard of it, it goes to what is in force.
    Effect::new(|_| dom::put_back(SET_FAULT));
    Effect::new(move |_| {
        let on = store.fault.with(|fault| fault.on);
        if let Some(knob) = dom::find(".knob input") {
            knob.unchecked_into::<HtmlInputElement>().set_checked(on);
        }
    });
}

/// Sets what stands in the fields.
pub(crate) fn apply(store: Store, form: &Element) {
    drafts::read(store, form);
    set(store, form);
}

fn set(store: Store, form: &Element) {
    controls::set(store, Change::Fault { on: ticked_in(form, "on"), plan: drafts::ask(store) });
}

/// Does what a button in the form says: arms again, or has one row more or less.
pub(crate) fn press(store: Store, form: &Element, button: &Element) {
    match button.get_attribute("value").as_deref() {
        None => controls::set(store, Change::Arm),
        Some(ADD) => focus_later(format!("[name='{}']", drafts::name(drafts::add(store), drafts::OPERATION.0))),
        Some(n) => {
            if n.parse().is_ok_and(|n| drafts::remove(store, n)) {
                set(store, form);
            }
            // The last row takes the button with it that had the focus.
            focus_later(":focus, .more .add".to_owned());
        }
    }
}

/// Moves the focus once the rows are as they are going to be.
fn focus_later(selector: String) {
    let focus = move || {
        dom::focus(&selector);
    };
    set_timeout(focus, Duration::ZERO);
}

fn form(store: Store, open: bool) -> Markup {
    let (fault, rows, error) = (store.fault.read(), store.rows.read(), store.error.read());
    let active = store.active.get();
    // What was refused without script stays as it was set.
    let checked = store.typed.with_untracked(|typed| match typed.is_of(SET_FAULT) {
        true => typed.text(SET_FAULT, "on").is_some(),
        false => fault.on,
    });
    let can_arm = fault.has_lost_the_wire() || active && fault.is_used();
    let error = error.as_ref().filter(|error| error.path == SET_FAULT).map(|error| &error.error);
    let faults = Faults { rows: &rows, error, scripted: store.mounted.get() };
    html! {
        form.breaker.on[fault.on] action=(SET_FAULT) method="post" autocomplete="off" {
            // Enter in a field presses a form's first button: not *Arm again*.
            button type="submit" hidden tabindex="-1" aria-hidden="true" {}
            input type="hidden" name="actor" value=(store.actor_id());
            span.tape aria-hidden="true" {}
            label.knob {
                input type="checkbox" role="switch" name="on" aria-describedby="plan" checked[checked];
                span.track aria-hidden="true" { span.thumb {} }
                span.knob-t {
                    b { "Simulate state-store failure" }
                    span.knob-s {
                        i.st-on { (symbol("#i-flag")) "On" }
                        i.st-off { "Off" }
                        " "
                        span { (status(&fault, active)) }
                    }
                }
            }
            div.plan id="plan" { (faults.sentence()) (faults.more(layers(store), open)) (apply_button()) }
            button.btn.small.arm type="submit" formaction=(ARM_FAULT) hidden[!can_arm] { "Arm again" }
            (error_line(store, &[SET_FAULT, ARM_FAULT], is_within))
        }
    }
}

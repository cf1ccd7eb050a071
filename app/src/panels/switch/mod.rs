//! The failure switch: what fails, how, and for how long.

mod fault;
mod field;
mod more;
mod rows;
mod sentence;

use leptos::{either::Either, ev::MouseEvent, html, prelude::*, server_fn::ServerFn};

use self::{
    more::{More, is_within},
    rows::FaultRows,
    sentence::Sentence,
};
use super::wire::{self, WireForm};
use crate::{
    actions::LabActions,
    components::{ApplyButton, ErrorLine, FocusTargets, Icon, ServerForm, put_back_at_first},
    functions::faults::{ArmFault, SetFault},
    state::{form::FormState, lab::LabState, shown_lab::ShownLab, timeline::TimelineState, view::ViewState},
};
use model::fault::words::status;

/// The switch, with its sentence of settings, and the wire to Redis where there is one.
#[component]
pub fn FailureSwitch() -> impl IntoView {
    if wire::is_there(expect_context()) {
        Either::Left(view! {
            <div class="switches">
                <SwitchForm />
                <WireForm />
            </div>
        })
    } else {
        Either::Right(view! { <SwitchForm /> })
    }
}

/// The switch. Set by hand it takes effect at once; without script *Apply* does it.
#[component]
fn SwitchForm() -> impl IntoView {
    let lab = expect_context::<LabState>();
    let shown = expect_context::<ShownLab>();
    let (form, knob) = (NodeRef::<html::Form>::new(), expect_context::<FocusTargets>().knob);
    put_back_at_first(form);
    let rows = expect_context::<FormState>().typed.with_untracked(|typed| FaultRows::new(lab, typed));
    provide_context(rows);
    let LabActions { set_fault, arm_fault, .. } = expect_context();
    let prepare = Callback::new(move |set: SetFault| Some(SetFault { plan: rows.ask(), ..set }));
    // What goes with a row that is removed is no change of a field.
    let apply = Callback::new(move |()| {
        let on = knob.get_untracked().is_some_and(|knob| knob.checked()).then(|| "on".to_owned());
        set_fault.dispatch(SetFault { actor: lab.actor(), on, plan: rows.ask(), rows: None });
    });
    let error = set_fault.error();
    let refused = Memo::new(move |_| error.with(Option::is_some));
    // What was typed stays.
    let forget = move |refused: &bool, _: Option<&bool>, _: Option<()>| {
        if *refused {
            rows.forget_asked();
        }
    };
    Effect::watch(move || refused.get(), forget, false);
    view! {
        <ServerForm
            action=set_fault
            at_once=true
            prepare
            class="breaker"
            class:on=move || shown.fault.with(|fault| fault.on)
            class:used=shown.used_up
            attr:autocomplete="off"
            node_ref=form
        >
            // Enter in a field presses a form's first button: not *Arm again*.
            <button type="submit" hidden tabindex="-1" aria-hidden="true"></button>
            <input type="hidden" name="actor" value=lab.actor().to_string() />
            <span class="tape" aria-hidden="true"></span>
            <Knob node_ref=knob refused />
            <div class="plan" id="plan">
                <Sentence />
                <More apply />
                <ApplyButton />
            </div>
            <ArmButton />
            <ErrorLine error beside=is_within />
            <ErrorLine error=arm_fault.error() />
        </ServerForm>
    }
}

/// The switch itself, and what is in force.
#[component]
fn Knob(
    /// The box that is ticked.
    node_ref: NodeRef<html::Input>,
    /// Whether what was set last is refused.
    refused: Memo<bool>,
) -> impl IntoView {
    let timeline = expect_context::<TimelineState>();
    let forms = expect_context::<FormState>();
    let view = expect_context::<ViewState>();
    let shown = expect_context::<ShownLab>();
    // What was refused without script stays as it was set.
    let typed = forms
        .typed
        .with_untracked(|typed| typed.is_of(SetFault::PATH).then(|| typed.text(SetFault::PATH, "on").is_some()));
    let checked = move || {
        let typed = typed.filter(|_| !view.hydrated.get());
        typed.unwrap_or_else(|| shown.fault.with(|fault| fault.on))
    };
    // It moves when it is pressed. Whatever comes of that, it goes to what is in force, be that as before: what was set is
    // refused then.
    Effect::new(move |_| {
        refused.track();
        let on = shown.fault.with(|fault| fault.on);
        if let Some(knob) = node_ref.get() {
            knob.set_checked(on);
        }
    });
    view! {
        <label class="knob">
            <input
                type="checkbox"
                role="switch"
                name="on"
                aria-describedby="plan"
                checked=checked
                node_ref=node_ref
            />
            <span class="track" aria-hidden="true">
                <span class="thumb"></span>
            </span>
            <span class="knob-t">
                <b>"Simulate state-store failure"</b>
                <span class="knob-s">
                    <i class="st-on">
                        <Icon href="#i-flag" />
                        {move || if shown.used_up.get() { "On, used up" } else { "On" }}
                    </i>
                    <i class="st-off">"Off"</i>
                    " "
                    <span>{move || shown.fault.with(|fault| status(fault, timeline.active.get()))}</span>
                </span>
            </span>
        </label>
    }
}

/// Whether to arm the plan afresh would change something.
pub(super) fn can_arm(lab: LabState, timeline: TimelineState) -> bool {
    lab.fault.with(|fault| fault.has_lost_the_wire() || timeline.active.get() && fault.is_used())
}

/// Arms the plan afresh. It is there where that would change something.
#[component]
fn ArmButton() -> impl IntoView {
    let timeline = expect_context::<TimelineState>();
    let lab = expect_context::<LabState>();
    let action = expect_context::<LabActions>().arm_fault;
    let arm = move |click: MouseEvent| {
        click.prevent_default();
        action.dispatch(ArmFault { actor: lab.actor() });
    };
    view! {
        <button class="btn small arm" type="submit" formaction=ArmFault::url() hidden=move || !can_arm(lab, timeline) on:click=arm>
            "Arm again"
        </button>
    }
}

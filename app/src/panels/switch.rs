//! The failure switch: whether the store fails, which operation, and how often.

use leptos::{either::Either, html, prelude::*};

use crate::{
    fault::{Fault, form::FaultForm, words::status},
    icons::icon,
    live::{
        actions::{self, ARM_FAULT, SET_FAULT},
        store::Store,
    },
    panels::{controls::ErrorLine, wire::WireForm},
    timeline::Operation,
};

const OPERATIONS: [Operation; 3] = [Operation::Load, Operation::Save, Operation::Publish];

/// The switch, with its sentence of settings, and the wire to Redis where there is one. Set by hand it takes effect at once; without script *Apply* does it.
#[component]
pub fn FailureSwitch() -> impl IntoView {
    let store = expect_context::<Store>();
    let on = NodeRef::<html::Input>::new();
    let operation = NodeRef::<html::Select>::new();
    let attempts = NodeRef::<html::Select>::new();
    let apply = move || {
        let (Some(on), Some(operation), Some(attempts)) =
            (on.get_untracked(), operation.get_untracked(), attempts.get_untracked())
        else {
            return;
        };
        let (operation, attempts) = (operation.value(), attempts.value());
        let form = FaultForm { operation, attempts, ..FaultForm::default() };
        actions::set_fault(store, on.checked(), vec![form]);
    };
    let arm = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        actions::arm_fault(store);
    };
    let fault = store.fault;
    let first = fault.get_untracked();
    let shown = move || fault.with(|fault| fault.plan.faults()[0]);
    let count = |fault: &Fault| fault.span.attempts().unwrap_or(1);
    let class = move || if fault.get().on { "breaker on" } else { "breaker" };
    let status = move || status(&fault.read(), store.active.get());
    let can_arm = move || fault.with(|fault| store.active.get() && fault.is_used());
    let operations = OPERATIONS.map(|operation| {
        view! {
            <option
                value=operation.as_str()
                selected=shown().operation == operation
                prop:selected=move || shown().operation == operation
            >
                {operation.as_str()}
            </option>
        }
    });
    let counts = (1..=5).map(|n| {
        let words = if n == 1 { "first attempt".to_owned() } else { format!("first {n} attempts") };
        view! {
            <option
                value=n.to_string()
                selected=count(&shown()) == n
                prop:selected=move || count(&shown()) == n
            >
                {words}
            </option>
        }
    });
    let form = view! {
        <form
            class=class
            action=SET_FAULT
            method="post"
            autocomplete="off"
            on:change=move |_| apply()
            on:submit=move |event| {
                event.prevent_default();
                apply();
            }
        >
            <input type="hidden" name="actor" value=store.actor_id() />
            <span class="tape" aria-hidden="true"></span>
            <label class="knob">
                <input
                    node_ref=on
                    type="checkbox"
                    role="switch"
                    name="on"
                    aria-describedby="plan"
                    checked=first.on
                    prop:checked=move || fault.get().on
                />
                <span class="track" aria-hidden="true">
                    <span class="thumb"></span>
                </span>
                <span class="knob-t">
                    <b>"Simulate state-store failure"</b>
                    <span class="knob-s">
                        <i class="st-on">{icon("#i-flag")} "On"</i>
                        <i class="st-off">"Off"</i>
                        " "
                        <span>{status}</span>
                    </span>
                </span>
            </label>
            <p class="plan" id="plan">
                <span>"The"</span>
                <span class="select">
                    <select node_ref=operation name="plan[0][operation]" aria-label="Which operation fails">
                        {operations}
                    </select>
                    {icon("#i-chevron")}
                </span>
                <span>"fails with an error for the"</span>
                <span class="select">
                    <select node_ref=attempts name="plan[0][attempts]" aria-label="How long">
                        {counts.collect_view()}
                    </select>
                    {icon("#i-chevron")}
                </span>
                <noscript>
                    <button class="btn small" type="submit">"Apply"</button>
                </noscript>
            </p>
            <button
                class="btn small arm"
                type="submit"
                formaction=ARM_FAULT
                hidden=move || !can_arm()
                on:click=arm
            >
                "Arm again"
            </button>
            <ErrorLine of=&[SET_FAULT, ARM_FAULT] />
        </form>
    };
    if store.panels.with_untracked(|panels| panels.wire.is_none()) {
        return Either::Left(form);
    }
    Either::Right(view! { <div class="switches">{form} <WireForm /></div> })
}

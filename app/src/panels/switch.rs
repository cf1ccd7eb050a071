//! The failure switch: whether the store fails, which operation, and how often.

use leptos::{either::Either, html, prelude::*};

use crate::{
    fault::{FaultAttempts, FaultPlan, FaultStatus},
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
        let chosen = OPERATIONS.into_iter().find(|known| known.as_str() == operation.value());
        let attempts = attempts.value().parse::<u8>().ok().and_then(|n| FaultAttempts::try_from(n).ok());
        if let Some((operation, attempts)) = chosen.zip(attempts) {
            actions::set_fault(store, on.checked(), FaultPlan { operation, attempts });
        }
    };
    let arm = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        actions::arm_fault(store);
    };
    let fault = store.fault;
    let first = fault.get_untracked();
    let class = move || if fault.get().on { "breaker on" } else { "breaker" };
    let status = move || status(fault.get(), store.active.get());
    let can_arm = move || {
        let fault = fault.get();
        fault.on && store.active.get() && fault.remaining < fault.plan.attempts.get()
    };
    let operations = OPERATIONS.map(|operation| {
        view! {
            <option
                value=operation.as_str()
                selected=first.plan.operation == operation
                prop:selected=move || fault.get().plan.operation == operation
            >
                {operation.as_str()}
            </option>
        }
    });
    let counts = (1..=FaultAttempts::MAX).map(|n| {
        let words = if n == 1 { "first attempt".to_owned() } else { format!("first {n} attempts") };
        view! {
            <option
                value=n.to_string()
                selected=first.plan.attempts.get() == n
                prop:selected=move || fault.get().plan.attempts.get() == n
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
                    <select node_ref=operation name="operation" aria-label="Which operation fails">
                        {operations}
                    </select>
                    {icon("#i-chevron")}
                </span>
                <span>"fails with an error for the"</span>
                <span class="select">
                    <select node_ref=attempts name="attempts" aria-label="How long">
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

/// What the switch is going to do, in a few words.
fn status(fault: FaultStatus, active: bool) -> String {
    if !fault.on {
        return "nothing fails on purpose".to_owned();
    }
    let (operation, attempts) = (fault.plan.operation.as_str(), fault.plan.attempts.get());
    let ahead = if active { fault.remaining } else { attempts };
    match (ahead, attempts) {
        (0, 1) => "used; arms again at the next activation".to_owned(),
        (0, all) => format!("{all} of {all} failures used"),
        (1, 1) => format!("the next {operation} fails"),
        (left, all) if left == all => format!("the next {all} {operation} attempts fail"),
        (left, all) => format!("{} of {all} failures used", all - left),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(operation: Operation, attempts: u8, remaining: u8) -> FaultStatus {
        let plan = FaultPlan { operation, attempts: attempts.try_into().unwrap() };
        FaultStatus { on: true, plan, remaining }
    }

    #[test]
    fn the_switch_says_what_it_is_going_to_do() {
        assert_eq!(status(FaultStatus::LESSON, true), "the next load fails");
        assert_eq!(status(on(Operation::Load, 1, 0), true), "used; arms again at the next activation");
        assert_eq!(status(on(Operation::Save, 3, 3), true), "the next 3 save attempts fail");
        assert_eq!(status(on(Operation::Save, 3, 1), true), "2 of 3 failures used");
        assert_eq!(status(on(Operation::Load, 3, 0), true), "3 of 3 failures used");
    }

    #[test]
    fn an_actor_that_is_not_in_memory_meets_the_whole_plan_at_its_activation() {
        assert_eq!(status(on(Operation::Load, 1, 0), false), "the next load fails");
    }
}

//! The failure switch: what fails, how, and for how long.

mod drafts;
mod faults;

use leptos::{either::Either, html, prelude::*};

use self::{
    drafts::Drafts,
    faults::{first_sentence, is_within, more_faults},
};
use crate::{
    fault::words::status,
    icons::icon,
    live::{
        controls::{self, ARM_FAULT, Change, SET_FAULT},
        store::Store,
    },
    panels::{controls::ErrorLine, wire::WireForm},
};

/// The switch, with its sentence of settings, and the wire to Redis where there is one. Set by hand it takes effect at
/// once; without script *Apply* does it.
#[component]
pub fn FailureSwitch() -> impl IntoView {
    let store = expect_context::<Store>();
    let on = NodeRef::<html::Input>::new();
    let drafts = Drafts::new(store);
    let apply = Callback::new(move |()| {
        if let Some(on) = on.get_untracked() {
            controls::set(store, Change::Fault { on: on.checked(), plan: drafts.given() });
        }
    });
    let arm = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        controls::set(store, Change::Arm);
    };
    let fault = store.fault;
    // What was refused without script stays as it was set.
    let checked = store.typed.with_value(|typed| match typed.is_of(SET_FAULT) {
        true => typed.text(SET_FAULT, "on").is_some(),
        false => fault.with_untracked(|fault| fault.on),
    });
    let class = move || if fault.read().on { "breaker on" } else { "breaker" };
    let status = move || status(&fault.read(), store.active.get());
    let can_arm = move || fault.with(|fault| fault.has_lost_the_wire() || store.active.get() && fault.is_used());
    let form = view! {
        <form
            class=class
            action=SET_FAULT
            method="post"
            autocomplete="off"
            on:change=move |_| apply.run(())
            on:submit=|event| event.prevent_default()
        >
            // Enter in a field presses a form's first button: not *Arm again*.
            <button type="submit" hidden tabindex="-1" aria-hidden="true"></button>
            <input type="hidden" name="actor" value=store.actor_id() />
            <span class="tape" aria-hidden="true"></span>
            <label class="knob">
                <input
                    node_ref=on
                    type="checkbox"
                    role="switch"
                    name="on"
                    aria-describedby="plan"
                    checked=checked
                    prop:checked=move || fault.read().on
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
            <div class="plan" id="plan">
                {first_sentence(drafts)}
                {more_faults(store, drafts, apply)}
                <noscript>
                    <button class="btn small" type="submit">"Apply"</button>
                </noscript>
            </div>
            <button
                class="btn small arm"
                type="submit"
                formaction=ARM_FAULT
                hidden=move || !can_arm()
                on:click=arm
            >
                "Arm again"
            </button>
            <ErrorLine of=&[SET_FAULT, ARM_FAULT] beside=is_within />
        </form>
    };
    if store.panels.with_untracked(|panels| panels.wire.is_none()) {
        return Either::Left(form);
    }
    Either::Right(view! { <div class="switches">{form} <WireForm /></div> })
}

//! The field to write in, and what a new lab says around it.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

use crate::{
    fault::{Fault, form::FaultForm},
    icons::icon,
    live::{
        actions::{self, ARM_AND_SEND, SEND},
        controls::{self, Change, SET_FAULT},
        store::Store,
    },
    panels::controls::ErrorLine,
    timeline::Operation,
};

/// The form that sends a message. Enter sends, Shift+Enter breaks the line; the focus stays in the field.
#[component]
pub(super) fn Composer(
    /// Whether it is the first message.
    untouched: Memo<bool>,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let field = NodeRef::<html::Textarea>::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let content = store.draft.get_untracked();
        if !content.trim().is_empty() {
            store.draft.set(String::new());
            actions::send(store, content, store.next_message_id());
        }
        if let Some(field) = field.get_untracked() {
            let _ = field.focus();
        }
    };
    // The field leads: what somebody has typed before the script ran is the draft. Only what the lab itself puts in or
    // takes out is written to it.
    Effect::new(move |before: Option<()>| {
        let draft = store.draft.get();
        let Some(field) = field.get_untracked() else { return };
        if before.is_none() {
            store.draft.set(field.value());
        } else if field.value() != draft {
            field.set_value(&draft);
        }
    });
    let keydown = move |event: leptos::ev::KeyboardEvent| {
        // While a word is being composed, Enter belongs to the input method.
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            let form = event.current_target().and_then(|field| field.dyn_into::<web_sys::HtmlTextAreaElement>().ok());
            if let Some(form) = form.and_then(|field| field.form()) {
                let _ = form.request_submit();
            }
        }
    };
    let class = move || if untouched.get() { "composer invite" } else { "composer" };
    // As markup, since a text node would leave a mark in the field when it is empty. A first line break would be lost.
    let first = store.draft.get_untracked().replace('&', "&amp;").replace('<', "&lt;");
    let first = format!("\n{first}");
    let refused = store.error.with_untracked(|error| error.as_ref().is_some_and(|error| error.path == SEND));
    view! {
        <form class=class action=SEND method="post" on:submit=submit>
            <input type="hidden" name="actor" value=store.actor_id() />
            <input type="hidden" name="message_id" value=store.message_id.get_untracked() />
            <label class="vh" for="msg">"Message"</label>
            <textarea
                node_ref=field
                id="msg"
                name="content"
                rows="1"
                required
                autofocus=refused
                autocomplete="off"
                title="Enter sends, Shift+Enter breaks the line"
                placeholder="Message ChatAgent"
                inner_html=first
                on:input=move |event| store.draft.set(event_target_value(&event))
                on:keydown=keydown
            ></textarea>
            <button class="btn primary" type="submit">"Send" {icon("#i-send")}</button>
        </form>
        <ErrorLine of=&[SEND, ARM_AND_SEND] />
    }
}

/// What a new lab says.
#[component]
pub(super) fn Invitation(untouched: Memo<bool>) -> impl IntoView {
    let store = expect_context::<Store>();
    let words = move || {
        let outlook = store.outlook.read();
        match (outlook.next.succeeds(), outlook.next.waits_ms()) {
            (true, 0) => "The failure switch lets it pass: the actor answers at once.",
            (true, _) => "The state store will fail, on purpose. Watch the actor wait a second, try again, and answer.",
            (false, _) => {
                "The state store will fail every attempt, on purpose. Watch the actor give up, and nothing change."
            }
        }
    };
    view! {
        <div class="invite-box" hidden=move || !untouched.get()>
            <h1>"Send the first message."</h1>
            <p>{words}</p>
        </div>
    }
}

/// Two other settings of the switch that are worth a message.
#[component]
pub(super) fn ThenTry(untouched: Memo<bool>) -> impl IntoView {
    view! {
        <div class="then" hidden=move || !untouched.get()>
            "Then try" <Setting name="save fails twice" operation=Operation::Save attempts=2 />
            <Setting name="retries exhausted" operation=Operation::Load attempts=3 />
        </div>
    }
}

#[component]
fn Setting(name: &'static str, operation: Operation, attempts: u8) -> impl IntoView {
    let store = expect_context::<Store>();
    let fault = FaultForm::from(&Fault::error(operation, attempts));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        controls::set(store, Change::Fault { on: true, plan: vec![fault.clone()] });
    };
    view! {
        <form action=SET_FAULT method="post" on:submit=submit>
            <input type="hidden" name="actor" value=store.actor_id() />
            <input type="hidden" name="on" value="on" />
            <input type="hidden" name="plan[0][operation]" value=operation.as_str() />
            <input type="hidden" name="plan[0][attempts]" value=attempts.to_string() />
            <button class="link" type="submit">{name}</button>
        </form>
    }
}

//! The field to write in, and what a new lab says around it.

use leptos::prelude::*;
use maud::{Markup, html};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};

use crate::{icons::symbol, live::controls::SET_FAULT};
use crate::{
    live::{
        actions::{self, ARM_AND_SEND, SEND},
        controls::{self, Change},
        dom,
        store::Store,
    },
    markup::keep,
    panels::fields::{error_line, typed_in},
};
use model::fault::form::FaultForm;
use model::operation::Operation;

/// The field to write in.
const FIELD: &str = "#msg";

/// Keeps what moves in it.
pub(super) fn start(store: Store) {
    keep(".chat-error", move || error(store));
    keep(".invite-box p", move || promise(store));
    // The field leads: what somebody has typed before the script ran is the draft. Only what the lab itself puts in or
    // takes out is written to it.
    let mut first = true;
    Effect::new(move |_| {
        let draft = store.draft.get();
        let Some(field) = dom::find(FIELD).map(JsCast::unchecked_into::<HtmlInputElement>) else { return };
        if std::mem::take(&mut first) {
            store.draft.set(field.value());
        } else if field.value() != draft {
            field.set_value(&draft);
        }
    });
}

/// Sends what stands in the field, where the focus stays.
pub(crate) fn send_draft(store: Store) {
    let content = store.draft.get_untracked();
    if !content.trim().is_empty() {
        store.draft.set(String::new());
        actions::send(store, content, store.next_message_id());
    }
    dom::focus(FIELD);
}

/// Sets the switch as one of the forms of *Then try* says.
pub(crate) fn set_as(store: Store, form: &Element) {
    let field = |name| typed_in(form, name).unwrap_or_default();
    let (operation, attempts) = (field("plan[0][operation]"), field("plan[0][attempts]"));
    controls::set(
        store,
        Change::Fault { on: true, plan: vec![FaultForm { operation, attempts, ..FaultForm::default() }] },
    );
}

/// The form that sends a message. Enter sends, Shift+Enter breaks the line.
pub(super) fn composer(store: Store) -> Markup {
    let refused = store.error.with(|error| error.as_ref().is_some_and(|error| error.path == SEND));
    html! {
        form.composer.invite[store.is_untouched()] action=(SEND) method="post" {
            input type="hidden" name="actor" value=(store.actor_id());
            input type="hidden" name="message_id" value=(store.message_id.get());
            label.vh for="msg" { "Message" }
            textarea id="msg" name="content" rows="1" required autofocus[refused] autocomplete="off"
                title="Enter sends, Shift+Enter breaks the line" placeholder="Message ChatAgent" {
                // A first line break would be lost.
                "\n" (store.draft.get())
            }
            button.btn.primary type="submit" { "Send" (symbol("#i-send")) }
        }
        (error(store))
    }
}

fn error(store: Store) -> Markup {
    html! { div.chat-error { (error_line(store, &[SEND, ARM_AND_SEND], |_| false)) } }
}

/// What a new lab says.
pub(super) fn invitation(store: Store) -> Markup {
    html! {
        div.invite-box hidden[!store.is_untouched()] {
            h1 { "Send the first message." }
            (promise(store))
        }
    }
}

fn promise(store: Store) -> Markup {
    let (succeeds, waits_ms) = store.outlook.with(|outlook| (outlook.next.succeeds(), outlook.next.waits_ms()));
    html! {
        p {
            @match (succeeds, waits_ms) {
                (true, 0) => "The failure switch lets it pass: the actor answers at once.",
                (true, _) => "The state store will fail, on purpose. Watch the actor wait a second, try again, and answer.",
                (false, _) =>
                    "The state store will fail every attempt, on purpose. Watch the actor give up, and nothing change.",
            }
        }
    }
}

/// Two other settings of the switch that are worth a message.
pub(super) fn then_try(store: Store) -> Markup {
    let setting = |name, operation: Operation, attempts: u8| {
        html! {
            form action=(SET_FAULT) method="post" {
                input type="hidden" name="actor" value=(store.actor_id());
                input type="hidden" name="on" value="on";
                input type="hidden" name="plan[0][operation]" value=(operation.as_str());
                input type="hidden" name="plan[0][attempts]" value=(attempts);
                button.link type="submit" { (name) }
            }
        }
    };
    html! {
        div.then hidden[!store.is_untouched()] {
            "Then try"
            (setting("save fails twice", Operation::Save, 2))
            (setting("retries exhausted", Operation::Load, 3))
        }
    }
}

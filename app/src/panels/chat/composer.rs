//! The field to write in.

use leptos::{
    ev::{KeyboardEvent, SubmitEvent},
    html::{Form, Textarea},
    prelude::*,
};

use crate::{
    components::{ErrorLine, Icon},
    format::textarea_html,
    live::{
        actions::{self, SEND},
        store::Store,
    },
    state::{form::FormState, lab::LabState},
};

/// The form that sends a message. Enter sends, Shift+Enter breaks the line.
#[component]
pub(super) fn Composer(
    /// Whether nobody has sent anything yet.
    untouched: Memo<bool>,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let forms = expect_context::<FormState>();
    let lab = expect_context::<LabState>();
    let refused = forms.error.with_untracked(|error| error.as_ref().is_some_and(|error| error.path == SEND));
    let (form, field) = (NodeRef::<Form>::new(), NodeRef::<Textarea>::new());
    // The field leads: what somebody has typed before the script ran is the draft. Only what the lab itself puts in or
    // takes out is written to it.
    Effect::new(move |before: Option<()>| {
        let draft = store.draft.get();
        if let Some(field) = field.get_untracked() {
            if before.is_none() {
                store.draft.set(field.value());
            } else if field.value() != draft {
                field.set_value(&draft);
            }
        }
    });
    let send = move |event: SubmitEvent| {
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
    let send_by_enter = move |event: KeyboardEvent| {
        if sends(&event) {
            event.prevent_default();
            if let Some(form) = form.get_untracked() {
                let _ = form.request_submit();
            }
        }
    };
    view! {
        <form class="composer" class:invite=untouched action=SEND method="post" node_ref=form on:submit=send>
            <input type="hidden" name="actor" value=lab.actor_id() />
            <input type="hidden" name="message_id" value=store.message_id.get_untracked() />
            <label class="vh" for="msg">"Message"</label>
            <textarea
                id="msg"
                name="content"
                rows="1"
                required
                autofocus=refused
                autocomplete="off"
                title="Enter sends, Shift+Enter breaks the line"
                placeholder="Message ChatAgent"
                inner_html=textarea_html(&store.draft.get_untracked())
                node_ref=field
                on:input=move |event| store.draft.set(event_target_value(&event))
                on:keydown=send_by_enter
            ></textarea>
            <button class="btn primary" type="submit">
                "Send"
                <Icon href="#i-send" />
            </button>
        </form>
        <div class="chat-error">
            <ErrorLine of=&[SEND] />
        </div>
    }
}

/// Whether a key in the field sends: Enter does, Shift+Enter breaks the line. While a word is being composed, Enter
/// belongs to the input method.
fn sends(event: &KeyboardEvent) -> bool {
    event.key() == "Enter" && !event.shift_key() && !event.is_composing()
}

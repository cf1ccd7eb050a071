//! The field to write in.

use leptos::{ev::KeyboardEvent, html::Form, prelude::*};

use crate::{
    actions::LabActions,
    components::{ErrorLine, FocusTargets, Icon, ServerForm, write_when_changed},
    format::textarea_html,
    functions::messages::SendMessage,
    state::{lab::LabState, messages::MessagesState},
};

/// The form that sends a message. Enter sends, Shift+Enter breaks the line.
#[component]
pub(super) fn Composer(
    /// Whether nobody has sent anything yet.
    untouched: Memo<bool>,
) -> impl IntoView {
    let messages = expect_context::<MessagesState>();
    let lab = expect_context::<LabState>();
    let LabActions { send, send_once, .. } = expect_context();
    let error = send.error();
    let refused = error.with_untracked(Option::is_some);
    let (form, field) = (NodeRef::<Form>::new(), expect_context::<FocusTargets>().message);
    // What somebody has typed before the script ran is the draft. What the lab itself puts in or takes out later is written
    // to the field.
    field.on_load(move |field| messages.draft.set(field.value()));
    write_when_changed(messages.draft.into(), move |draft| {
        if let Some(field) = field.get_untracked().filter(|field| field.value() != *draft) {
            field.set_value(draft);
        }
    });
    let prepare = Callback::new(move |message: SendMessage| {
        if let Some(field) = field.get_untracked() {
            let _ = field.focus();
        }
        (!message.content.trim().is_empty()).then(|| {
            messages.draft.set(String::new());
            SendMessage { message_id: messages.take_id(), ..message }
        })
    });
    let send_by_enter = move |event: KeyboardEvent| {
        if sends(&event) {
            event.prevent_default();
            if let Some(form) = form.get_untracked() {
                let _ = form.request_submit();
            }
        }
    };
    view! {
        <ServerForm action=send prepare attr:id="composer" class="composer" class:invite=untouched node_ref=form>
            <input type="hidden" name="actor" value=lab.actor().to_string() />
            <input type="hidden" name="message_id" value=String::from(messages.next_id.get_untracked()) />
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
                inner_html=textarea_html(&messages.draft.get_untracked())
                node_ref=field
                on:input=move |event| messages.draft.set(event_target_value(&event))
                on:keydown=send_by_enter
            ></textarea>
            <button class="btn primary" type="submit">
                "Send"
                <Icon href="#i-send" />
            </button>
        </ServerForm>
        <div class="chat-error">
            <ErrorLine error />
            <ErrorLine error=send_once.error() />
        </div>
    }
}

/// Whether a key in the field sends: Enter does, Shift+Enter breaks the line. While a word is being composed, Enter
/// belongs to the input method.
fn sends(event: &KeyboardEvent) -> bool {
    event.key() == "Enter" && !event.shift_key() && !event.is_composing()
}

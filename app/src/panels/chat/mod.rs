//! The conversation: messages, how each turn goes, and the field to write in.
//!
//! - [`lines`], [`foot`], [`words`]: what the conversation consists of, pure; [`conversation`]: the lines on the page
//! - [`composer`]: the field; [`invitation`]: what a new lab says around it
//! - [`scenarios`]: what else there is to run, and the scenario that was chosen

mod composer;
mod conversation;
mod foot;
mod invitation;
mod lines;
pub mod scenarios;
pub(crate) mod words;

use leptos::prelude::*;

pub(super) use self::conversation::last_to_send_again_untracked;
use self::{
    composer::Composer,
    conversation::Conversation,
    invitation::{Invitation, ThenTry},
    scenarios::{ScenarioCard, ScenarioMenu, Scenarios},
};
use crate::state::{lab::LabState, messages::MessagesState};

/// The chat.
#[component]
pub fn Chat(
    /// The scenarios of this lab.
    scenarios: Scenarios,
) -> impl IntoView {
    let messages = expect_context::<MessagesState>();
    let lab = expect_context::<LabState>();
    let untouched = Memo::new(move |_| messages.is_untouched());
    let Scenarios { items, chosen } = scenarios;
    let title = chosen.as_ref().ok().flatten().map(|scenario| scenario.title.clone());
    view! {
        <section class="panel chat" aria-labelledby="h-chat">
            <div class="panel-head">
                <h2 id="h-chat">
                    "Chat " <span class="note">"with " <code>"ChatAgent"</code> " " {lab.actor().to_string()}</span>
                </h2>
                <ScenarioMenu items title />
            </div>
            <ScenarioCard chosen />
            <div
                class="msgs"
                tabindex="0"
                role="region"
                aria-label="Conversation"
                hidden=move || untouched.get()
            >
                <div>
                    <Conversation />
                </div>
            </div>
            <Invitation untouched />
            <Composer untouched />
            <ThenTry untouched />
        </section>
    }
}

//! Messages: what stands in the field, what is on its way, and what never became a turn.

use leptos::prelude::*;

use super::{
    lab::LabState,
    playback::PlaybackState,
    timeline::{TimelineState, knows},
};
use crate::dom;
use model::{
    error::{ErrorCode, LabError},
    lesson::steps::FIRST_MESSAGE,
    message::MessageId,
    timeline::{Outcome, Step, Turn},
};

/// A message of which the timeline does not know: not yet, for it was just sent from this page, or not any more.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsent {
    /// Its id: the same again for *Send again*.
    pub id: MessageId,
    /// Its text.
    pub content: String,
    /// The last turn that the timeline knew when it was sent: a later one with this id is this message's.
    pub after_turn: u64,
    /// How it stands.
    pub state: UnsentState,
}

/// How an [`Unsent`] message stands.
#[derive(Clone, Debug, PartialEq)]
pub enum UnsentState {
    /// It is on its way.
    Sending,
    /// It was answered, but the events of its turn have not arrived.
    Answered,
    /// It never became a turn.
    Failed(LabError),
}

/// The messages of one page.
#[derive(Clone, Copy)]
pub struct MessagesState {
    lab: LabState,
    timeline: TimelineState,
    playback: PlaybackState,
    /// What stands in the message field.
    pub draft: RwSignal<String>,
    /// The id of the next message.
    pub next_id: RwSignal<MessageId>,
    /// Those of which the timeline does not know.
    pub unsent: RwSignal<Vec<Unsent>>,
}

impl MessagesState {
    /// Of this lab. The id of the next message is made by the server, so that a form posted twice is one message; `draft` is
    /// a message that came back to be corrected.
    pub fn new(
        lab: LabState,
        timeline: TimelineState,
        playback: PlaybackState,
        next_id: MessageId,
        draft: Option<String>,
    ) -> Self {
        let (first, next_id, unsent) = (RwSignal::default(), RwSignal::new(next_id), RwSignal::default());
        let messages = Self { lab, timeline, playback, draft: first, next_id, unsent };
        let proposed = || if untrack(|| messages.is_untouched()) { FIRST_MESSAGE.to_owned() } else { String::new() };
        first.set(draft.unwrap_or_else(proposed));
        messages
    }

    /// Whether nobody has sent anything yet.
    pub fn is_untouched(self) -> bool {
        self.lab.panels.with(|panels| panels.before.is_empty())
            && self.timeline.turns.with(|turns| turns.iter().all(|turn| turn.content.is_none()))
            && self.unsent.with(Vec::is_empty)
    }

    /// The text of the next message, as far as it is known: what stands in the field, else a failed message that has
    /// not been sent again.
    pub fn next_content(self) -> Option<String> {
        let draft = self.draft.with(|draft| draft.trim().to_owned());
        if !draft.is_empty() {
            return Some(draft);
        }
        self.timeline.turns.with(|turns| {
            let last = turns.iter().rfind(|turn| turn.content.is_some())?;
            matches!(last.outcome, Outcome::Failed { .. }).then(|| last.content.clone())?
        })
    }

    /// Whether the next message, as far as it is known, is one that failed.
    pub fn sends_again(self) -> bool {
        self.draft.with(|draft| draft.trim().is_empty()) && self.next_content().is_some()
    }

    /// The id for one more message; the one after it gets a new one.
    pub fn take_id(self) -> MessageId {
        let id = self.next_id.get_untracked();
        self.next_id.set(dom::new_message_id());
        id
    }

    /// Shows a message that is on its way; says after which turn its own will come.
    pub fn begin(self, content: &str, id: &MessageId) -> u64 {
        self.playback.go_live();
        let after_turn = self.timeline.last_turn_untracked();
        let (id, content) = (id.clone(), content.to_owned());
        // A check may have sent what the field proposes: there it has had its turn.
        self.draft.update(|draft| {
            if *draft == content {
                draft.clear();
            }
        });
        self.unsent.update(|unsent| {
            unsent.retain(|other| other.id != id);
            unsent.push(Unsent { id, content, after_turn, state: UnsentState::Sending });
        });
        after_turn
    }

    /// Shows what became of it: `None` if it was refused, and goes back to the field.
    pub fn end(self, content: String, id: &MessageId, after_turn: u64, state: Option<UnsentState>) {
        let known = self.timeline.knows_untracked(id.as_str(), after_turn);
        let refused = state.is_none();
        self.unsent.update(|unsent| match state {
            Some(state) if !known => {
                if let Some(message) = unsent.iter_mut().find(|other| other.id == *id) {
                    message.state = state;
                }
            }
            _ => unsent.retain(|other| other.id != *id),
        });
        if refused {
            self.draft.update(|draft| {
                if draft.is_empty() {
                    *draft = content;
                }
            });
        }
    }

    /// As a learner first finds it.
    pub fn reset(self) {
        self.unsent.set(Vec::new());
        self.draft.set(FIRST_MESSAGE.to_owned());
    }

    /// What a step changes: a message whose turn is known is the timeline's.
    pub(super) fn apply(self, step: &Step) {
        let (Step::TurnQueued { turn, message_id: Some(id), .. }
        | Step::TurnStarted { turn, message_id: Some(id), .. }) = step
        else {
            return;
        };
        if self.unsent.with_untracked(|unsent| unsent.iter().any(|unsent| unsent.id == *id)) {
            self.unsent.update(|unsent| {
                unsent.retain(|unsent| unsent.id != *id || *turn <= unsent.after_turn);
            });
        }
    }

    /// Takes over the messages that no turn has stored, to be sent again: the lab was started anew, and its new timeline
    /// does not tell of them.
    pub(super) fn take_unstored(self) {
        let unstored = self.timeline.turns.with_untracked(|turns| unstored(turns));
        self.unsent.update(|unsent| {
            unsent.retain(|message| unstored.iter().all(|other| other.id != message.id));
            // The turns are numbered anew.
            unsent.iter_mut().for_each(|message| message.after_turn = 0);
            unsent.splice(0..0, unstored);
        });
    }

    /// Leaves out what the timeline knows of after it was replaced.
    pub(super) fn forget_known(self) {
        let events = self.timeline.events;
        self.unsent.update(|unsent| {
            unsent.retain(|unsent| !events.with_untracked(|events| knows(events, unsent.id.as_str(), 0)));
        });
    }
}

/// The messages of these turns that nobody was told are stored, each once. Of one that was under way nobody knows.
fn unstored(turns: &[Turn]) -> Vec<Unsent> {
    let mut messages: Vec<Unsent> = Vec::new();
    for turn in turns {
        let (Some(id), Some(content)) = (&turn.message_id, &turn.content) else { continue };
        // Another text with the same id is another message.
        messages.retain(|message| message.id != *id || message.content != *content);
        let error = match &turn.outcome {
            Outcome::Completed { .. } => continue,
            Outcome::Failed { error, .. } => error.clone(),
            Outcome::Queued | Outcome::Running => {
                LabError::new(ErrorCode::ServerUnreachable, "The lab was started anew before it answered.")
            }
        };
        messages.push(Unsent {
            id: id.clone(),
            content: content.clone(),
            after_turn: 0,
            state: UnsentState::Failed(error),
        });
    }
    messages
}

#[cfg(test)]
#[path = "messages_tests.rs"]
mod tests;

//! The value as the store itself gives it.

use leptos::{either::Either, prelude::*};

use super::{json::Json, unreadable::Unreadable};
use crate::{
    components::CopyButton,
    format,
    state::{
        lab::LabState,
        playback::PlaybackState,
        shown_lab::{ShownLab, history},
        timeline::TimelineState,
    },
};
use model::{
    actor_id::ActorId,
    lab::StoredValue,
    message::Message,
    operation::Method,
    timeline::{Outcome, Turn},
};

/// What stands under a key.
#[derive(Clone, PartialEq)]
struct Entry {
    key: String,
    /// The value as it is stored; `None` while there is no such key.
    value: Option<String>,
    /// The command that shows the same in a shell; empty for a value that is not read now.
    command: String,
}

/// The block: key, value, and the command that shows the same, at the moment that the page shows.
#[component]
pub(super) fn Value() -> impl IntoView {
    let shown = expect_context::<ShownLab>();
    let lab = expect_context::<LabState>();
    let entry = Memo::new(move |_| match shown.earlier_history() {
        Some(history) => Ok(entry_then(&lab.actor(), &history)),
        None => lab.panels.with(|panels| panels.stored.clone().map(Entry::from)),
    });
    view! {
        <div class="block b-store">
            <h3>"Store " <ReadAt /></h3>
            {move || match entry.get() {
                Ok(entry) => Either::Left(view! { <Shown entry /> }),
                Err(error) => Either::Right(view! { <Unreadable error /> }),
            }}
        </div>
    }
}

/// When the value was read, and from what; or that the last turn left it as it was.
#[component]
fn ReadAt() -> impl IntoView {
    let timeline = expect_context::<TimelineState>();
    let playback = expect_context::<PlaybackState>();
    let lab = expect_context::<LabState>();
    let kind = lab.runtime().store;
    let clock = move |at| format::clock(at, lab.utc_offset_min);
    let unchanged = Memo::new(move |_| {
        lab.panels.with(|panels| {
            let stored = panels.stored.as_ref().ok()?;
            timeline.turns.with(|turns| unchanged_by(&panels.before, turns, stored))
        })
    });
    let when = move || {
        if playback.is_past() {
            return format!("at {}, by the timeline", clock(playback.time.get()));
        }
        let Ok(read_at) = lab.panels.with(|panels| panels.stored.as_ref().map(|stored| stored.read_at).map_err(drop))
        else {
            return "not readable".to_owned();
        };
        match unchanged.get() {
            Some(turn) => format!("unchanged by turn {turn}, {}", clock(read_at)),
            None => format!("read from {kind}, {}", clock(read_at)),
        }
    };
    view! { <span class="note">{when}</span> }
}

/// The key, the value, and the command that shows the same.
#[component]
fn Shown(
    /// What stands under the key.
    entry: Entry,
) -> impl IntoView {
    let Entry { key, value, command } = entry;
    let command = (!command.is_empty()).then_some(command);
    view! {
        <p class="key">
            <code>{key.clone()}</code>
            <CopyButton label="Copy the key" text=key />
        </p>
        {match value {
            None => Either::Left(view! { <p class="none">"No such key yet. The first save creates it."</p> }),
            Some(value) => Either::Right(view! {
                <pre class="code json"><code><Json value /></code></pre>
                {command.map(|command| view! {
                    <p class="cmd">
                        <code><span>"$"</span> " " {command.clone()}</code>
                        <CopyButton label="Copy the command" text=command />
                    </p>
                })}
            }),
        }}
    }
}

impl From<StoredValue> for Entry {
    fn from(stored: StoredValue) -> Self {
        let StoredValue { key, value, command, .. } = stored;
        Self { key, value, command }
    }
}

/// What the turns up to the moment that the page shows had written. The store itself keeps no earlier values.
fn entry_then(actor: &ActorId, history: &[Message]) -> Entry {
    let key = actor.store_key(&actor.history_key());
    let value = serde_json::to_string(history).ok().filter(|_| !history.is_empty());
    Entry { key, value, command: String::new() }
}

/// The last turn, if it failed and the value, read after it, is what the turns before it stored.
fn unchanged_by(before: &[Message], turns: &[Turn], stored: &StoredValue) -> Option<u64> {
    let last = turns.iter().rfind(|turn| turn.method == Method::ProcessMessage)?;
    if !matches!(last.outcome, Outcome::Failed { .. }) || last.ended_at? > stored.read_at {
        return None;
    }
    let value = stored.value.as_deref().map_or(Ok(Vec::new()), serde_json::from_str::<Vec<Message>>).ok()?;
    (value == history(before, turns)).then_some(last.number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        error::{ErrorCode, LabError},
        timeline::{Event, Step, turns},
    };

    /// A turn that stored its message, and one that gave up.
    fn one_of_two() -> Vec<Turn> {
        let started = |turn, content: &str| Step::TurnStarted {
            turn,
            method: Method::ProcessMessage,
            message_id: None,
            content: Some(content.to_owned()),
        };
        let reply = Message::reply_to("one").content;
        let steps = [
            started(1, "one"),
            Step::ReplyReady { turn: 1, content: "one".to_owned(), reply },
            Step::TurnCompleted { turn: 1, took_us: 1, repeated: false },
            started(2, "two"),
            Step::TurnFailed {
                turn: 2,
                method: Method::ProcessMessage,
                took_us: 1,
                error: LabError::new(ErrorCode::RetriesExhausted, "gave up"),
            },
        ];
        let events: Vec<Event> = (1..).zip(steps).map(|(seq, step)| Event { seq, at: 1_000 + seq, step }).collect();
        turns(&events)
    }

    fn stored(messages: &[Message], read_at: u64) -> StoredValue {
        let value = serde_json::to_string(messages).ok().filter(|_| !messages.is_empty());
        StoredValue { key: String::new(), value, etag: None, read_at, command: String::new() }
    }

    #[test]
    fn a_failed_turn_left_the_value_as_it_was_only_where_that_has_been_read() {
        let (turns, kept) = (one_of_two(), [Message::user("one"), Message::reply_to("one")]);
        assert_eq!(unchanged_by(&[], &turns, &stored(&kept, 1_005)), Some(2));
        assert_eq!(unchanged_by(&[], &turns, &stored(&kept, 1_004)), None, "read before the turn had ended");
        assert_eq!(unchanged_by(&[], &turns, &stored(&kept[..1], 1_005)), None, "something else is stored");
        assert_eq!(unchanged_by(&[], &turns[..1], &stored(&kept, 1_005)), None, "the last turn stored it");
        assert_eq!(unchanged_by(&[], &turns[1..], &stored(&[], 1_005)), Some(2), "nothing was there, and nothing is");
    }
}

//! The pane *Stored*: the history as Dapr gives it, the value as the store itself gives it, and the events that came
//! back through the subscription.

use leptos::prelude::*;
use maud::{Markup, html};

use crate::markup::drawn;
use crate::{
    format,
    icons::symbol,
    live::{moment, store::Store, travel},
    markup::keep,
    panels::copy::copy_button,
};
use model::{
    error::LabError,
    lab::StoredValue,
    message::Message,
    operation::{Method, Operation},
    timeline::{Event, Outcome, Step, Turn},
};

/// How many events the pane shows: as many as fit beside the rest.
const MAX_EVENTS: usize = 5;
/// How many are known: an older one of which something more is heard does not come to the front.
const KNOWN_EVENTS: usize = 50;

/// The pane.
#[component]
pub fn StoredPane() -> impl IntoView {
    let store = expect_context::<Store>();
    drawn(|| {
        html! {
            div.pane.pane-stored { (kept(store)) (in_store(store, unchanged(store))) (events(store, deliveries(store))) }
        }
    })
}

/// Keeps it: each block by itself, since the events change with a turn and the others once it has been stored.
pub(super) fn start(store: Store) {
    let (unchanged, deliveries) = (unchanged(store), deliveries(store));
    keep(".block.b-history", move || kept(store));
    keep(".block.b-store", move || in_store(store, unchanged));
    keep(".block.b-events", move || events(store, deliveries));
}

/// The history as Dapr gives it.
fn kept(store: Store) -> Markup {
    let then = store.history_then();
    store.panels.with(|panels| {
        html! {
            div.block.b-history {
                h3 { "History " span.note { "kept: the last 5 messages" } }
                (history(then.as_deref().map_or(panels.history.as_deref(), Ok)))
            }
        }
    })
}

/// The value as the store gives it.
fn in_store(store: Store, unchanged: Memo<Option<u64>>) -> Markup {
    let (then, kind) = (store.history_then(), store.runtime.with_untracked(|runtime| runtime.store.clone()));
    let clock = |at| format::clock(at, store.utc_offset_min);
    store.panels.with(|panels| {
        let stored = then.as_deref().map(|history| Ok(stored_then(store, history)));
        let stored = stored.as_ref().unwrap_or(&panels.stored);
        let when = match stored {
            _ if store.is_past() => format!("at {}, by the timeline", clock(store.clock.get())),
            Ok(stored) => {
                let how =
                    unchanged.get().map_or_else(|| format!("read from {kind}"), |n| format!("unchanged by turn {n}"));
                format!("{how}, {}", clock(stored.read_at))
            }
            Err(_) => "not readable".to_owned(),
        };
        html! {
            div.block.b-store {
                h3 { "Store " span.note { (when) } }
                @match stored { Ok(stored) => (entry(stored)), Err(error) => (unreadable(error)) }
            }
        }
    })
}

/// The turn that left the value as it was. By itself: the value is not drawn again whenever a turn goes on.
fn unchanged(store: Store) -> Memo<Option<u64>> {
    Memo::new(move |_| {
        store.panels.with(|panels| {
            let stored = panels.stored.as_ref().ok()?;
            store.turns.with(|turns| unchanged_by(&panels.before, turns, stored))
        })
    })
}

/// The last turn, if it failed and the value, read after it, is what the turns before it stored.
fn unchanged_by(before: &[Message], turns: &[Turn], stored: &StoredValue) -> Option<u64> {
    let last = turns.iter().rfind(|turn| turn.method == Method::ProcessMessage)?;
    if !matches!(last.outcome, Outcome::Failed { .. }) || last.ended_at? > stored.read_at {
        return None;
    }
    let value = stored.value.as_deref().map_or(Ok(Vec::new()), serde_json::from_str::<Vec<Message>>).ok()?;
    (value == moment::history(before, turns)).then_some(last.number)
}

/// What stands in a block in place of what cannot be read.
fn unreadable(error: &LabError) -> Markup {
    html! { p.form-error { (symbol("#i-alert")) " " span { (error.message) } } }
}

fn history(history: Result<&[Message], &LabError>) -> Markup {
    html! {
        @match history {
            Err(error) => (unreadable(error)),
            Ok([]) => p.none { "No messages yet." },
            Ok(messages) => ol.hist {
                @for message in messages {
                    li { span.role { (message.role.as_str()) } " " span { (message.content) } }
                }
            },
        }
    }
}

/// The value that turns up to a moment had written. The store itself keeps no earlier values.
fn stored_then(store: Store, history: &[Message]) -> StoredValue {
    let key = store.actor.with_untracked(|actor| actor.store_key(&actor.history_key()));
    let value = serde_json::to_string(history).ok().filter(|_| !history.is_empty());
    StoredValue { key, value, etag: None, read_at: 0, command: String::new() }
}

/// The key, the value, and the command that shows the same.
fn entry(stored: &StoredValue) -> Markup {
    html! {
        p.key { code { (stored.key) } (copy_button("Copy the key", &stored.key)) }
        @match &stored.value {
            None => p.none { "No such key yet. The first save creates it." },
            Some(json) => {
                pre.code.json { code { (pretty(json)) } }
                @if !stored.command.is_empty() {
                    p.cmd {
                        code { span { "$" } " " (stored.command) }
                        (copy_button("Copy the command", &stored.command))
                    }
                }
            },
        }
    }
}

/// The stored list with one message per line; what is not such a list is shown as it is.
fn pretty(json: &str) -> Markup {
    let Ok(messages) = serde_json::from_str::<Vec<Message>>(json) else { return html! { (json) } };
    let last = messages.len().saturating_sub(1);
    html! {
        @for (n, message) in messages.iter().enumerate() {
            (if n == 0 { "[{" } else { " {" })
            b { "\"role\"" } ":\"" (message.role.as_str()) "\","
            b { "\"content\"" } ":" (serde_json::to_string(&message.content).unwrap_or_default())
            (if n == last { "}]" } else { "},\n" })
        }
    }
}

/// What became of one turn's event.
#[derive(Clone, Copy, PartialEq)]
struct Delivery {
    turn: Option<u64>,
    at: u64,
    state: DeliveryState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum DeliveryState {
    Published,
    Delivered,
    Failed,
}

/// What became of the last turns' events, oldest first.
fn deliveries(store: Store) -> Memo<Vec<Delivery>> {
    travel::read_on(store.events, store.taken_out, store.moment, |deliveries: &mut Vec<Delivery>, events, from| {
        let known = deliveries.clone();
        events[from..].iter().for_each(|event| read(deliveries, event));
        deliveries.drain(..deliveries.len().saturating_sub(KNOWN_EVENTS));
        *deliveries != known
    })
}

fn read(deliveries: &mut Vec<Delivery>, event: &Event) {
    let (turn, state) = match &event.step {
        Step::AttemptSucceeded { turn, operation: Operation::Publish, .. } => (Some(*turn), DeliveryState::Published),
        Step::AttemptFailed { turn, operation: Operation::Publish, .. } => (Some(*turn), DeliveryState::Failed),
        Step::EventDelivered { turn, .. } => (*turn, DeliveryState::Delivered),
        _ => return,
    };
    let known = deliveries.iter_mut().rfind(|delivery| turn.is_some() && delivery.turn == turn);
    match known {
        // The subscription may be told before the publisher is answered.
        Some(delivery) if delivery.state == DeliveryState::Delivered => {}
        Some(delivery) => (delivery.at, delivery.state) = (event.at, state),
        None => deliveries.push(Delivery { turn, at: event.at, state }),
    }
}

/// The events that came back.
fn events(store: Store, deliveries: Memo<Vec<Delivery>>) -> Markup {
    let deliveries = deliveries.read();
    html! {
        div.block.b-events {
            h3 { "Events " span.note { "user-chat" } }
            @if deliveries.is_empty() { p.none { "None yet. Each saved turn publishes one." } }
            ul.events {
                @for delivery in deliveries.iter().rev().take(MAX_EVENTS) {
                    @let (class, mark, words) = match delivery.state {
                        DeliveryState::Published => ("queue-t", "#i-send", "published"),
                        DeliveryState::Delivered => ("ok-t", "#i-check", "delivered"),
                        DeliveryState::Failed => ("fail-t", "#i-cross", "not published"),
                    };
                    li {
                        span class=(class) { (symbol(mark)) }
                        span { "ConversationUpdated" }
                        span.note { @if let Some(turn) = delivery.turn { "turn " (turn) ", " } (words) }
                        time { (format::clock(delivery.at, store.utc_offset_min)) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{error::ErrorCode, timeline::turns};

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
            Step::TurnFailed { turn: 2, took_us: 1, error: LabError::new(ErrorCode::RetriesExhausted, "gave up") },
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

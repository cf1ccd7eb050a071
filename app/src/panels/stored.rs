//! The pane *Stored*: the history as Dapr gives it, the value as the store itself gives it, and the events that came
//! back through the subscription.

use leptos::prelude::*;

use crate::{
    error::LabError,
    format,
    icons::icon,
    lab::StoredValue,
    live::{store::Store, travel::drawn},
    message::Message,
    panels::controls::CopyButton,
    timeline::{Event, Operation, Step},
};

/// How many events the pane shows: as many as fit beside the rest.
const MAX_EVENTS: usize = 5;

/// The pane.
#[component]
pub fn StoredPane() -> impl IntoView {
    view! {
        <div class="pane pane-stored">
            <History />
            <Stored />
            <Events />
        </div>
    }
}

/// What stands in a block in place of what cannot be read.
fn unreadable(error: Option<&LabError>) -> Option<impl IntoView + use<>> {
    let message = error?.message.clone();
    Some(view! { <p class="form-error">{icon("#i-alert")} <span>{message}</span></p> })
}

/// What stands in a block in place of nothing.
fn none(nothing: bool, words: &'static str) -> Option<impl IntoView> {
    nothing.then(|| view! { <p class="none">{words}</p> })
}

#[component]
fn History() -> impl IntoView {
    let store = expect_context::<Store>();
    let list = move || {
        store.panels.with(|panels| {
            let then = store.history_then();
            let history = then.as_deref().map_or(panels.history.as_deref(), Ok);
            let messages = history.unwrap_or_default();
            view! {
                {unreadable(history.err())}
                {none(history.is_ok() && messages.is_empty(), "No messages yet.")}
                <ol class="hist">{messages.iter().map(line).collect_view()}</ol>
            }
        })
    };
    view! {
        <div class="block">
            <h3>"History " <span class="note">"kept: the last 5 messages"</span></h3>
            {list}
        </div>
    }
}

fn line(message: &Message) -> impl IntoView + use<> {
    view! {
        <li><span class="role">{message.role.as_str()}</span> <span>{message.content.clone()}</span></li>
    }
}

#[component]
fn Stored() -> impl IntoView {
    let store = expect_context::<Store>();
    let kind = store.runtime.with_value(|runtime| runtime.store.clone());
    let when = move || {
        store.panels.with(|panels| match &panels.stored {
            _ if store.is_past() => {
                format!("at {}, by the timeline", format::clock(store.clock.get(), store.utc_offset_min))
            }
            Ok(stored) => format!("read from {kind}, {}", format::clock(stored.read_at, store.utc_offset_min)),
            Err(_) => "not readable".to_owned(),
        })
    };
    let value = move || {
        store.panels.with(|panels| {
            let then = store.history_then().map(|history| Ok(stored_then(store, &history)));
            let stored = then.as_ref().unwrap_or(&panels.stored);
            view! {
                {unreadable(stored.as_ref().err())}
                {stored.as_ref().ok().map(entry)}
            }
        })
    };
    view! {
        <div class="block">
            <h3>"Store " <span class="note">{when}</span></h3>
            {value}
        </div>
    }
}

/// The value that turns up to a moment had written. The store itself keeps no earlier values.
fn stored_then(store: Store, history: &[Message]) -> StoredValue {
    let key = store.actor.with_value(|actor| actor.store_key(&actor.history_key()));
    let value = serde_json::to_string(history).ok().filter(|_| !history.is_empty());
    StoredValue { key, value, etag: None, read_at: 0, command: String::new() }
}

/// The key, the value, and the command that shows the same.
fn entry(stored: &StoredValue) -> impl IntoView + use<> {
    let value = stored.value.as_ref().map(|json| {
        let command = Some(stored.command.clone()).filter(|command| !command.is_empty()).map(|command| {
            view! {
                <p class="cmd">
                    <code><span>"$"</span> " " {command.clone()}</code>
                    <CopyButton label="Copy the command" text=command />
                </p>
            }
        });
        view! {
            <pre class="code json"><code>{pretty(json)}</code></pre>
            {command}
        }
    });
    view! {
        <p class="key">
            <code>{stored.key.clone()}</code>
            <CopyButton label="Copy the key" text=stored.key.clone() />
        </p>
        {none(stored.value.is_none(), "No such key yet. The first save creates it.")}
        {value}
    }
}

/// The stored list with one message per line; what is not such a list is shown as it is.
fn pretty(json: &str) -> impl IntoView + use<> {
    let messages = serde_json::from_str::<Vec<Message>>(json);
    let raw = messages.is_err().then(|| json.to_owned());
    let messages = messages.unwrap_or_default();
    let last = messages.len().saturating_sub(1);
    let lines = messages.into_iter().enumerate().map(|(n, message)| {
        let content = serde_json::to_string(&message.content).unwrap_or_default();
        let (open, close) = (if n == 0 { "[{" } else { " {" }, if n == last { "}]" } else { "},\n" });
        view! {
            {open} <b>"\"role\""</b> {format!(":\"{}\",", message.role.as_str())} <b>"\"content\""</b>
            {format!(":{content}{close}")}
        }
    });
    view! { {raw} {lines.collect_view()} }
}

/// What became of one turn's event.
#[derive(Clone, PartialEq)]
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

/// The last events, newest first.
fn deliveries(events: &[Event]) -> Vec<Delivery> {
    let mut deliveries: Vec<Delivery> = Vec::new();
    for event in events {
        let (turn, state) = match &event.step {
            Step::AttemptSucceeded { turn, operation: Operation::Publish, .. } => {
                (Some(*turn), DeliveryState::Published)
            }
            Step::AttemptFailed { turn, operation: Operation::Publish, .. } => (Some(*turn), DeliveryState::Failed),
            Step::EventDelivered { turn, .. } => (*turn, DeliveryState::Delivered),
            _ => continue,
        };
        let known = deliveries.iter_mut().find(|delivery| turn.is_some() && delivery.turn == turn);
        match known {
            // The subscription may be told before the publisher is answered.
            Some(delivery) if delivery.state == DeliveryState::Delivered => {}
            Some(delivery) => (delivery.at, delivery.state) = (event.at, state),
            None => deliveries.push(Delivery { turn, at: event.at, state }),
        }
    }
    deliveries.into_iter().rev().take(MAX_EVENTS).collect()
}

#[component]
fn Events() -> impl IntoView {
    let store = expect_context::<Store>();
    let list = move || {
        let deliveries = drawn(store.events, store.moment, deliveries);
        let lines = deliveries.iter().map(|delivery| delivery_line(delivery, store.utc_offset_min));
        view! {
            {none(deliveries.is_empty(), "None yet. Each saved turn publishes one.")}
            <ul class="events">{lines.collect_view()}</ul>
        }
    };
    view! {
        <div class="block">
            <h3>"Events " <span class="note">"user-chat"</span></h3>
            {list}
        </div>
    }
}

fn delivery_line(delivery: &Delivery, utc_offset_min: i32) -> impl IntoView + use<> {
    let (class, symbol, words) = match delivery.state {
        DeliveryState::Published => ("queue-t", "#i-send", "published"),
        DeliveryState::Delivered => ("ok-t", "#i-check", "delivered"),
        DeliveryState::Failed => ("fail-t", "#i-cross", "not published"),
    };
    let turn = delivery.turn.map(|turn| format!("turn {turn}, ")).unwrap_or_default();
    view! {
        <li>
            <span class=class>{icon(symbol)}</span>
            <span>"ConversationUpdated"</span>
            <span class="note">{format!("{turn}{words}")}</span>
            <time>{format::clock(delivery.at, utc_offset_min)}</time>
        </li>
    }
}

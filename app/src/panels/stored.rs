//! The pane *Stored*: the history as Dapr gives it, the value as the store itself gives it, and the events that came
//! back through the subscription.

use leptos::prelude::*;

use crate::{
    error::LabError,
    format,
    icons::icon,
    lab::StoredValue,
    live::store::Store,
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

fn unreadable(error: &LabError) -> impl IntoView + use<> {
    view! {
        <p class="form-error">{icon("#i-alert")} <span>{error.message.clone()}</span></p>
    }
}

#[component]
fn History() -> impl IntoView {
    let store = expect_context::<Store>();
    let history = Memo::new(move |_| store.panels.with(|panels| panels.history.clone()));
    let list = move || {
        history.with(|history| match history {
            Err(error) => unreadable(error).into_any(),
            Ok(messages) if messages.is_empty() => view! { <p class="none">"No messages yet."</p> }.into_any(),
            Ok(messages) => view! { <ol class="hist">{messages.iter().map(line).collect_view()}</ol> }.into_any(),
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
    let stored = Memo::new(move |_| store.panels.with(|panels| panels.stored.clone()));
    let kind = store.runtime.with_value(|runtime| runtime.store.clone());
    let when = move || {
        stored.with(|stored| match stored {
            Ok(stored) => format!("read from {kind}, {}", format::clock(stored.read_at, store.utc_offset_min)),
            Err(_) => "not readable".to_owned(),
        })
    };
    let value = move || {
        stored.with(|stored| match stored {
            Ok(stored) => entry(stored).into_any(),
            Err(error) => unreadable(error).into_any(),
        })
    };
    view! {
        <div class="block">
            <h3>"Store " <span class="note">{when}</span></h3>
            {value}
        </div>
    }
}

/// The key, the value, and the command that shows the same.
fn entry(stored: &StoredValue) -> impl IntoView + use<> {
    let value = match &stored.value {
        None => view! { <p class="none">"No such key yet. The first save creates it."</p> }.into_any(),
        Some(json) => view! { <pre class="code json"><code>{pretty(json)}</code></pre> }.into_any(),
    };
    let command = stored.value.is_some().then(|| {
        view! {
            <p class="cmd">
                <code><span>"$"</span> " " {stored.command.clone()}</code>
                <CopyButton label="Copy the command" text=stored.command.clone() />
            </p>
        }
    });
    view! {
        <p class="key">
            <code>{stored.key.clone()}</code>
            <CopyButton label="Copy the key" text=stored.key.clone() />
        </p>
        {value}
        {command}
    }
}

/// The stored list with one message per line; what is not such a list is shown as it is.
fn pretty(json: &str) -> AnyView {
    let Ok(messages) = serde_json::from_str::<Vec<Message>>(json) else {
        return json.to_owned().into_any();
    };
    let last = messages.len().saturating_sub(1);
    let lines = messages.into_iter().enumerate().map(|(n, message)| {
        let content = serde_json::to_string(&message.content).unwrap_or_default();
        let (open, close) = (if n == 0 { "[{" } else { " {" }, if n == last { "}]" } else { "},\n" });
        view! {
            {open} <b>"\"role\""</b> {format!(":\"{}\",", message.role.as_str())} <b>"\"content\""</b>
            {format!(":{content}{close}")}
        }
    });
    lines.collect_view().into_any()
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
    let deliveries = Memo::new(move |_| store.events.with(|events| deliveries(events)));
    let list = move || {
        deliveries.with(|deliveries| {
            if deliveries.is_empty() {
                return view! { <p class="none">"None yet. Each saved turn publishes one."</p> }.into_any();
            }
            let lines = deliveries.iter().map(|delivery| delivery_line(delivery, store.utc_offset_min));
            view! { <ul class="events">{lines.collect_view()}</ul> }.into_any()
        })
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

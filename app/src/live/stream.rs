//! The event stream: every step of every turn of this actor, as it happens.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{Event as DomEvent, EventSource, MessageEvent};

use super::store::{Connection, Store};
use crate::dom;
use model::timeline::{Event, EventId, TimelineSnapshot};

/// How long the first wait is before the page opens a stream anew that the browser has given up.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
/// How long it gets at most.
const LONGEST_BACKOFF: Duration = Duration::from_secs(15);
/// How many openings in a row fail before the page says that the connection is lost.
const PATIENCE: u32 = 3;

/// An open stream, with the callbacks that it needs for as long as it is open.
struct Stream {
    source: EventSource,
    _callbacks: Vec<Closure<dyn FnMut(MessageEvent)>>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        // The callbacks go with it: a late call into them would be an error.
        self.source.set_onopen(None);
        self.source.set_onmessage(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}

/// The stream of one page.
#[derive(Clone, Copy)]
struct Reader {
    store: Store,
    open: StoredValue<Option<Stream>, LocalStorage>,
    /// What has come since the last frame. The page is drawn once a frame, however much happens in between.
    news: RwSignal<Vec<(EventId, Event)>>,
    /// How many openings in a row have failed.
    failures: RwSignal<u32>,
    /// The opening that is due later.
    due: RwSignal<Option<TimeoutHandle>>,
}

/// Opens the stream and keeps it open while the page can be seen. A hidden page gives its stream up: a browser allows
/// six to one server, and other tabs may need theirs. Seen again it goes on where it stopped.
pub fn start(store: Store) {
    let reader = Reader {
        store,
        open: StoredValue::new_local(None),
        news: RwSignal::default(),
        failures: RwSignal::new(0),
        due: RwSignal::new(None),
    };
    if !dom::is_hidden() {
        reader.open();
    }
    let seen = move |_: &DomEvent| if dom::is_hidden() { reader.close() } else { reader.open() };
    dom::listen("visibilitychange", seen);
    // The browser knows at once what a broken stream would tell only after a time-out.
    dom::listen("offline", move |_| {
        reader.close();
        store.connection.set(Connection::Lost);
    });
    dom::listen("online", move |_| reader.open());
}

impl Reader {
    fn open(self) {
        self.cancel_due();
        let last = self.store.last.get_untracked();
        let url = format!("/events/{}?after={last}", self.store.lab.actor_id());
        let Ok(source) = EventSource::new(&url) else { return };
        let callbacks = vec![
            Closure::new(move |_| self.opened()),
            Closure::new(move |message| self.message(&message)),
            Closure::new(move |_| self.broke()),
            Closure::new(move |message| self.gap(&message)),
        ];
        let function = |n: usize| Some(callbacks[n].as_ref().unchecked_ref());
        source.set_onopen(function(0));
        source.set_onmessage(function(1));
        source.set_onerror(function(2));
        let _ = source.add_event_listener_with_callback("gap", callbacks[3].as_ref().unchecked_ref());
        self.open.set_value(Some(Stream { source, _callbacks: callbacks }));
    }

    /// A page that is not seen draws no frames: what has come is taken in at once.
    fn close(self) {
        self.take_news();
        self.cancel_due();
        self.open.set_value(None);
    }

    fn cancel_due(self) {
        self.due.update(|due| {
            if let Some(due) = due.take() {
                due.clear();
            }
        });
    }

    fn opened(self) {
        self.failures.set(0);
        let before = self.store.connection.get_untracked();
        self.store.connection.set(Connection::Live);
        if before != Connection::Opening {
            // What changed without an event, while nobody listened.
            self.store.lab.refresh();
        }
    }

    fn message(self, message: &MessageEvent) {
        let event = message.data().as_string().and_then(|data| serde_json::from_str::<Event>(&data).ok());
        let id = message.last_event_id().parse::<EventId>().ok();
        let Some(news) = id.zip(event) else { return };
        let is_first = self.news.try_update(|waiting| {
            waiting.push(news);
            waiting.len() == 1
        });
        if is_first == Some(true) {
            request_animation_frame(move || self.take_news());
        }
    }

    fn take_news(self) {
        let news = self.news.try_update(std::mem::take).unwrap_or_default();
        self.store.take(news);
    }

    fn gap(self, message: &MessageEvent) {
        let timeline = message.data().as_string();
        if let Some(timeline) = timeline.and_then(|data| serde_json::from_str::<TimelineSnapshot>(&data).ok()) {
            self.take_news();
            self.store.replace(timeline);
        }
    }

    /// The browser opens a broken stream again by itself, unless it was refused; then the page does.
    fn broke(self) {
        self.failures.update(|failures| *failures += 1);
        let failures = self.failures.get_untracked();
        let connection = if failures < PATIENCE { Connection::Reconnecting } else { Connection::Lost };
        self.store.connection.set(connection);
        let gave_up = self
            .open
            .with_value(|open| open.as_ref().is_some_and(|open| open.source.ready_state() == EventSource::CLOSED));
        if gave_up {
            let backoff = FIRST_BACKOFF.saturating_mul(1 << failures.min(5)).min(LONGEST_BACKOFF);
            self.due.set(set_timeout_with_handle(move || self.open(), backoff).ok());
        }
    }
}

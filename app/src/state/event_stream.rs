//! The event stream: every step of every turn of this actor, as it happens. An own wrapper around the browser's
//! `EventSource`: it goes on after the last event that is known, and takes in what has come once a frame. (gloo-net's does
//! not say when it is open; leptos-use's does not go on after an event, and gives up for good.)

use leptos::{ev, prelude::*};
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{EventSource, MessageEvent};

use super::{connection::ConnectionState, incoming::Incoming};
use crate::dom;
use model::timeline::{Event, EventId, TimelineSnapshot};

/// An open stream, with the callbacks that it needs for as long as it is open.
struct Source {
    source: EventSource,
    _callbacks: Vec<Closure<dyn FnMut(MessageEvent)>>,
}

impl Drop for Source {
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
pub struct EventStream {
    connection: ConnectionState,
    incoming: Incoming,
    open: StoredValue<Option<Source>, LocalStorage>,
    /// What has come since the last frame. The page is drawn once a frame, however much happens in between.
    batch: StoredValue<Vec<(EventId, Event)>>,
    /// The opening that is due later.
    due: StoredValue<Option<TimeoutHandle>>,
}

impl EventStream {
    /// A stream that is not open yet.
    pub fn new(connection: ConnectionState, incoming: Incoming) -> Self {
        let (batch, due) = (StoredValue::default(), StoredValue::new(None));
        Self { connection, incoming, open: StoredValue::new_local(None), batch, due }
    }

    /// Opens the stream and keeps it open while the page can be seen. A hidden page gives its stream up: a browser allows
    /// six to one server, and other tabs may need theirs. Seen again it goes on where it stopped.
    pub fn run(self) {
        if !dom::is_hidden() {
            self.open();
        }
        window_event_listener(ev::visibilitychange, move |_| if dom::is_hidden() { self.close() } else { self.open() });
        // The browser knows at once what a broken stream would tell only after a time-out.
        window_event_listener(ev::offline, move |_| {
            self.close();
            self.connection.lost();
        });
        window_event_listener(ev::online, move |_| self.open());
    }

    fn open(self) {
        self.cancel_due();
        let Incoming { lab, timeline, .. } = self.incoming;
        let url = format!("/events/{}?after={}", lab.actor(), timeline.last());
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
        self.open.set_value(Some(Source { source, _callbacks: callbacks }));
    }

    /// A page that is not seen draws no frames: what has come is taken in at once.
    fn close(self) {
        self.apply_batch();
        self.cancel_due();
        self.open.set_value(None);
    }

    fn cancel_due(self) {
        self.due.update_value(|due| {
            if let Some(due) = due.take() {
                due.clear();
            }
        });
    }

    fn opened(self) {
        if self.connection.opened() {
            // What changed without an event, while the stream was closed.
            self.incoming.lab.refresh();
        }
    }

    fn message(self, message: &MessageEvent) {
        let event = message.data().as_string().and_then(|data| serde_json::from_str::<Event>(&data).ok());
        let id = message.last_event_id().parse::<EventId>().ok();
        let Some(arrived) = id.zip(event) else { return };
        let is_first = self.batch.try_update_value(|batch| {
            batch.push(arrived);
            batch.len() == 1
        });
        if is_first == Some(true) {
            request_animation_frame(move || self.apply_batch());
        }
    }

    fn apply_batch(self) {
        let batch = self.batch.try_update_value(std::mem::take).unwrap_or_default();
        self.incoming.apply(batch);
    }

    fn gap(self, message: &MessageEvent) {
        let timeline = message.data().as_string();
        if let Some(timeline) = timeline.and_then(|data| serde_json::from_str::<TimelineSnapshot>(&data).ok()) {
            self.apply_batch();
            self.incoming.replace(timeline);
        }
    }

    /// The browser opens a broken stream again by itself, unless it was refused; then the page does.
    fn broke(self) {
        let wait = self.connection.broke();
        let closed =
            |open: &Option<Source>| open.as_ref().is_some_and(|open| open.source.ready_state() == EventSource::CLOSED);
        if self.open.with_value(closed) {
            self.due.set_value(set_timeout_with_handle(move || self.open(), wait).ok());
        }
    }
}

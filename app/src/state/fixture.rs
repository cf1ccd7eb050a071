//! A lab for the tests of this folder.

use leptos::prelude::*;

use super::{
    clock::ClockState,
    lab::{LabFacts, LabState},
    playback::PlaybackState,
    timeline::TimelineState,
};
use model::{
    fault::FaultStatus,
    lab::{Panels, Runtime, StoredValue},
    message::{Message, MessageId},
    operation::Method,
    policy::RetryPolicy,
    timeline::{Event, EventId, Step},
};

/// Makes signals possible for as long as what it answers lives.
pub(super) fn owner() -> Owner {
    let owner = Owner::new();
    owner.set();
    owner
}

/// What an untouched lab is set to.
pub(super) fn panels() -> Panels {
    let stored = StoredValue { key: String::new(), value: None, etag: None, read_at: 0, command: String::new() };
    Panels {
        history: Ok(Vec::new()),
        stored: Ok(stored),
        before: Vec::new(),
        checks: Vec::new(),
        fault: FaultStatus::lesson(),
        layers: Vec::new(),
        policy: RetryPolicy::LESSON,
        hold: false,
        sidecar_retries: None,
        wire: None,
    }
}

/// An untouched lab.
pub(super) fn lab() -> LabState {
    let runtime = Runtime {
        sidecar: Runtime::UNKNOWN_SIDECAR.to_owned(),
        store: "SQLite".to_owned(),
        sidecar_http: None,
        origin: "http://127.0.0.1:8000".to_owned(),
    };
    let actor = "user1".parse().expect("an actor id");
    LabState::new(LabFacts { actor, runtime, utc_offset_min: 0, registered_at: None }, panels())
}

/// These steps as events, one a millisecond.
pub(super) fn events(steps: impl IntoIterator<Item = Step>) -> Vec<Event> {
    (1..).zip(steps).map(|(seq, step)| Event { seq, at: 1_000 + seq, step }).collect()
}

/// The id of a message.
pub(super) fn message_id(text: &str) -> MessageId {
    text.to_owned().try_into().expect("a message id")
}

/// Two turns that were answered, of four events each.
pub(super) fn two_turns() -> Vec<Event> {
    let turn = |turn: u64, content: &str| {
        let message_id = Some(message_id(&format!("id-{turn}")));
        let (method, text) = (Method::ProcessMessage, content.to_owned());
        [
            Step::TurnQueued { turn, method, message_id: message_id.clone(), content: Some(text.clone()) },
            Step::TurnStarted { turn, method, message_id, content: Some(text.clone()) },
            Step::ReplyReady { turn, content: text, reply: Message::reply_to(content).content },
            Step::TurnCompleted { turn, took_us: 1_000, repeated: false },
        ]
    };
    events(turn(1, "one").into_iter().chain(turn(2, "two")))
}

/// A timeline of these events, at the end of which a stream is, and its playback.
pub(super) fn timeline(events: &[Event]) -> (TimelineState, PlaybackState) {
    let last = EventId { epoch: 1, seq: events.last().map_or(0, |event| event.seq) };
    let events = signal(events.to_vec());
    let playback = PlaybackState::new(events.0, ClockState::new(9_000), None);
    (TimelineState::new(events, last, playback, lab().actor()), playback)
}

/// These events as they arrive from the stream of [`timeline`].
pub(super) fn batch(events: &[Event]) -> Vec<(EventId, Event)> {
    events.iter().map(|event| (EventId { epoch: 1, seq: event.seq }, event.clone())).collect()
}

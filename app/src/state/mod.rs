//! What the lab's page holds, by subject: small `Copy` structs of signals with what can be done to them. The island
//! provides them once; a component takes what it needs by `expect_context`. The timeline's parts use `use_context`:
//! recordings and reports show them too, on pages that have no state.
//!
//! # Layout
//! - [`lab`]: the lab beside its timeline; [`timeline`]: its events, and the [`projection`]s that are read from them;
//!   [`playback`]: which moment of it is shown; [`shown_lab`]: the lab at that moment; [`prediction`]: what is going to
//!   happen; [`clock`]: the server's clock
//! - [`messages`]: what stands in the field and what is on its way; [`lesson`]: which step is open
//! - [`form`]: the form that led here, where no script took it
//! - [`view`], [`address`]: what a reader has chosen to see, and how the address says it; [`announcements`]: what is
//!   announced to those who hear the page
//! - [`connection`], [`event_stream`], [`incoming`]: whether events arrive, from where, and to which states they go

pub mod address;
pub mod announcements;
pub mod clock;
pub mod connection;
pub mod event_stream;
#[cfg(test)]
mod fixture;
pub mod form;
pub mod incoming;
pub mod lab;
pub mod lesson;
pub mod messages;
pub mod playback;
pub mod prediction;
pub mod projection;
pub mod shown_lab;
pub mod timeline;
pub mod view;

use leptos::{ev, prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};

use self::{
    address::Address,
    announcements::Announcer,
    clock::ClockState,
    connection::ConnectionState,
    event_stream::EventStream,
    form::{FormError, FormState},
    incoming::Incoming,
    lab::{LabFacts, LabState},
    lesson::LessonState,
    messages::MessagesState,
    playback::{Playback, PlaybackState},
    prediction::PredictionState,
    shown_lab::ShownLab,
    timeline::{TimelineState, knows},
    view::ViewState,
};
use crate::{dom, functions::messages::SendMessage, typed::Typed};
use model::{error::ErrorCode, lab::LabSnapshot, message::MessageId, timeline::Event};

/// What the states begin with: made by the server, and brought to the browser with the page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Initial {
    /// Everything that the page shows first.
    pub snapshot: LabSnapshot,
    /// What went wrong with the form that led here.
    pub error: Option<FormError>,
    /// What was typed into it.
    pub typed: Typed,
    /// What the address says of the page.
    pub address: Address,
    /// The id of the next message, made by the server, so that a form posted twice is one message.
    pub message_id: MessageId,
}

/// Makes the states and provides them to the components below.
pub fn provide_states(initial: Initial) {
    let Initial { snapshot, error, typed, address, message_id } = initial;
    let LabSnapshot { actor, runtime, panels, timeline, registered_at, now, utc_offset_min, .. } = snapshot;
    let draft = returned_message(&typed, error.as_ref(), &timeline.events);
    let facts = LabFacts { actor: actor.clone(), runtime, utc_offset_min, registered_at };
    let (lab, announcer, connection) = (LabState::new(facts, panels), Announcer::new(), ConnectionState::new());
    let view = ViewState::new(&address, lab, announcer);
    let (clock, events) = (ClockState::new(now), signal(timeline.events));
    let playback = PlaybackState::new(events.0, clock, address.at);
    let timeline = TimelineState::new(events, timeline.last, playback, actor);
    let shown = ShownLab::new(lab, timeline, playback);
    let messages = MessagesState::new(lab, timeline, playback, message_id, draft);
    provide_context(lab);
    provide_context(announcer);
    provide_context(connection);
    provide_context(view);
    provide_context(clock);
    provide_context(playback);
    provide_context(timeline);
    provide_context(shown);
    provide_context(messages);
    provide_context(PredictionState::new(lab, shown, timeline, playback));
    provide_context(LessonState::new(lab));
    provide_context(FormState::new(typed));
    provide_context(Incoming { lab, view, clock, playback, timeline, messages, announcer });
}

/// A message that came back stays in the field, unless the conversation shows it, with *Send again*. One whose id belongs
/// to another is not offered there: it needs a new one.
fn returned_message(typed: &Typed, error: Option<&FormError>, events: &[Event]) -> Option<String> {
    let reused = error.is_some_and(|error| error.error().code == ErrorCode::IdReused);
    typed.text(SendMessage::PATH, "message_id").filter(|id| reused || !knows(events, id, 0))?;
    typed.text(SendMessage::PATH, "content").map(str::to_owned)
}

/// Starts what runs in the browser alone, once the page has been hydrated. Effects do not run on the server.
pub fn run_states() {
    let (connection, incoming) = (expect_context::<ConnectionState>(), expect_context::<Incoming>());
    let Incoming { view, clock, playback, timeline, .. } = incoming;
    let runs = Memo::new(move |_| timeline.running.get() && !playback.is_past());
    let newest = Memo::new(move |_| timeline.newest_at());
    Effect::new(move |_| {
        view.hydrated.set(true);
        clock.run(runs.into(), newest.into());
        EventStream::new(connection, incoming).run();
        window_event_listener(ev::popstate, move |_| {
            let address = address::current();
            view.restore(&address);
            match address.at {
                Some(seq) => playback.seek(seq),
                None => playback.go_live(),
            }
        });
    });
    // The address says what the page shows. At first it only loses the error of a form, which has been shown. Of a replay
    // it says nothing: that moves on many times a second.
    let shown = Memo::new(move |_| Address {
        bar: view.selected.get().map(|bar| bar.to_string()),
        at: match playback.get() {
            Playback::Paused { at } => Some(at.seq),
            Playback::Live | Playback::Replaying { .. } => None,
        },
        present: view.present.get(),
    });
    Effect::new(move |_| shown.with(address::replace));
    // The hatching of a wait drifts only while something moves: a page at rest draws nothing.
    let moves = Memo::new(move |_| timeline.running.get() && (!playback.is_past() || playback.is_replaying()));
    Effect::new(move |_| dom::mark_document("data-moves", moves.get().then_some("")));
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use model::error::LabError;

    #[test]
    fn a_message_that_came_back_stays_in_the_field_unless_the_conversation_shows_it() {
        let typed = |id: &str| {
            let fields = format!(r#"[["message_id","{id}"],["content","What I typed"]]"#);
            Typed::read(Some(SendMessage::PATH.to_owned()), Some(fields))
        };
        let events = fixture::two_turns();
        let draft = |id, error: Option<&FormError>| returned_message(&typed(id), error, &events);
        assert_eq!(draft("id-9", None).as_deref(), Some("What I typed"));
        assert_eq!(draft("id-2", None), None);
        let error = LabError::new(ErrorCode::IdReused, "another has it");
        let reused = FormError::new(SendMessage::PATH.to_owned(), error);
        assert_eq!(draft("id-2", Some(&reused)).as_deref(), Some("What I typed"));
    }
}

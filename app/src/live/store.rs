//! What of the state is in one piece still. The rest is in [`crate::state`]; what stands here of it is on its way out.

use leptos::{prelude::*, server_fn::ServerFn};

use crate::{
    functions::messages::SendMessage,
    island::Opening,
    state::{
        announcements::Announcer,
        clock::ClockState,
        connection::ConnectionState,
        form::FormState,
        incoming::Incoming,
        lab::{LabFacts, LabState},
        lesson::LessonState,
        messages::MessagesState,
        playback::{PlaybackState, Position},
        prediction::{Forecast, PredictionState},
        shown_lab::ShownLab,
        timeline::{TimelineState, knows},
        view::ViewState,
    },
};
use model::{
    error::ErrorCode,
    lab::LabSnapshot,
    timeline::{Event, Turn},
};

pub use crate::state::{
    connection::Connection,
    messages::{Unsent, UnsentState},
};

/// The state of one lab.
#[derive(Clone, Copy)]
pub struct Store {
    /// The lab beside its timeline.
    pub lab: LabState,
    /// What a reader has chosen to see.
    pub view: ViewState,
    /// The forms.
    pub form: FormState,
    timeline: TimelineState,
    playback: PlaybackState,
    messages: MessagesState,
    /// The timeline, oldest first.
    pub events: ReadSignal<Vec<Event>>,
    /// The turns that the events tell of.
    pub turns: Memo<Vec<Turn>>,
    /// Whether the actor is in memory.
    pub active: Memo<bool>,
    /// What the next message is going to meet, and how far the last one kept to what was predicted for it.
    pub outlook: Memo<Forecast>,
    /// What stands in the message field.
    pub draft: RwSignal<String>,
    /// The id of the next message.
    pub message_id: RwSignal<String>,
    /// Whether events arrive.
    pub connection: RwSignal<Connection>,
    /// Messages of which the timeline does not know.
    pub unsent: RwSignal<Vec<Unsent>>,
    /// The moment that is drawn, if it is not now. Events go on being kept.
    pub moment: Memo<Option<Position>>,
    /// The last outcome as a sentence, for those who hear the page.
    pub said: RwSignal<String>,
    /// The check that is open, 1 to 5.
    pub opened: RwSignal<u8>,
}

impl Store {
    /// The state that the server rendered.
    pub fn new(opening: Opening) -> Self {
        let Opening { snapshot, error, typed, address, message_id, .. } = opening;
        let LabSnapshot { actor, runtime, panels, timeline, registered_at, now, utc_offset_min, .. } = snapshot;
        // A message that came back stays in the field, unless the conversation shows it, with *Send again*. One whose id
        // belongs to another is not offered there: it needs a new one.
        let reused = error.as_ref().is_some_and(|error| error.error().code == ErrorCode::IdReused);
        let typed_message =
            typed.text(SendMessage::PATH, "message_id").filter(|id| reused || !knows(&timeline.events, id, 0));
        let typed_message = typed_message.and_then(|_| typed.text(SendMessage::PATH, "content")).map(str::to_owned);
        let facts = LabFacts { actor: actor.clone(), runtime, utc_offset_min, registered_at };
        let (lab, announcer, connection) = (LabState::new(facts, panels), Announcer::new(), ConnectionState::new());
        let form = FormState::new(typed);
        let view = ViewState::new(&address, lab, announcer);
        let (clock, events) = (ClockState::new(now), signal(timeline.events));
        let playback = PlaybackState::new(events.0, clock, address.at);
        let timeline = TimelineState::new(events, timeline.last, playback, actor);
        let shown = ShownLab::new(lab, timeline, playback);
        let prediction = PredictionState::new(lab, shown, timeline, playback);
        let messages = MessagesState::new(lab, timeline, message_id, typed_message);
        let lesson = LessonState::new(lab);
        provide_context(lab);
        provide_context(announcer);
        provide_context(connection);
        provide_context(form);
        provide_context(view);
        provide_context(clock);
        provide_context(playback);
        provide_context(timeline);
        provide_context(shown);
        provide_context(prediction);
        provide_context(messages);
        provide_context(lesson);
        provide_context(Incoming { lab, view, clock, playback, timeline, messages, announcer });
        Self {
            lab,
            view,
            form,
            timeline,
            playback,
            messages,
            events: timeline.events,
            turns: timeline.turns,
            active: timeline.active,
            outlook: prediction.forecast,
            draft: messages.draft,
            message_id: messages.next_id,
            unsent: messages.unsent,
            connection: connection.status,
            moment: Memo::new(move |_| playback.get().position()),
            said: announcer.text,
            opened: lesson.open_check,
        }
    }

    /// Whether nobody has sent anything yet.
    pub fn is_untouched(self) -> bool {
        self.messages.is_untouched()
    }

    /// The id for one more message, made after those before it.
    pub fn next_message_id(self) -> String {
        self.messages.take_id()
    }

    /// The number of the last turn that the timeline knows of; 0 if there is none.
    pub fn last_turn(self) -> u64 {
        self.timeline.last_turn()
    }

    /// Whether a turn after this one runs the message with this id, shown or not.
    pub fn knows(self, id: &str, after_turn: u64) -> bool {
        self.timeline.knows(id, after_turn)
    }

    /// Whether an earlier moment is shown.
    pub fn is_past(self) -> bool {
        self.playback.is_past()
    }

    /// Shows this moment; without one, what happens now.
    pub fn go(self, moment: Option<Position>) {
        match moment {
            Some(at) => self.playback.seek(at.seq),
            None => self.playback.go_live(),
        }
    }
}

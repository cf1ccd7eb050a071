//! The reactive state of one lab: every panel reads from here, and from nowhere else. What events do to it is in
//! [`super::news`].

use leptos::prelude::*;

use super::{
    actions::SEND,
    controls::Changes,
    dom,
    moment::{self, Moment},
    outlook::{Now, Outlook, outlook},
    speech::Speech,
    travel::{drawn, read_on},
};
use crate::{
    island::{FormError, Opening},
    panels::{switch::rows::first_rows, timeline::BarId},
    typed::Typed,
};
use model::{
    actor_id::ActorId,
    error::{ErrorCode, LabError},
    fault::{FaultStatus, form::FaultForm},
    lab::{LabSnapshot, Panels, Runtime},
    lesson::{
        checks::{Check, CheckState},
        steps::FIRST_MESSAGE,
    },
    timeline::{self, Event, EventId, LogLine, Outcome, Step, Turn, in_memory},
};

/// How many log lines the page shows at most.
const MAX_LOG_LINES: usize = 200;

/// Whether the page hears of what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// The page is as the server rendered it; the stream opens as soon as the script runs.
    Opening,
    /// Events arrive.
    Live,
    /// The stream broke, and the browser opens it again.
    Reconnecting,
    /// It could not be opened again for a while; the page goes on trying.
    Lost,
}

/// A message of which the timeline does not know: not yet, for it was just sent from this page, or not any more.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsent {
    /// Its id: the same again for *Send again*.
    pub id: String,
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

/// Whether the panels are being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// They are not.
    Idle,
    /// They are, or rest after it.
    UnderWay,
    /// They are, and something has changed since.
    Again,
}

/// The state of one lab.
#[derive(Clone, Copy)]
pub struct Store {
    /// The actor.
    pub actor: RwSignal<ActorId>,
    /// What the lab runs on.
    pub runtime: RwSignal<Runtime>,
    /// The server's offset from UTC, in minutes.
    pub utc_offset_min: i32,
    /// The timeline, oldest first.
    pub events: RwSignal<Vec<Event>>,
    /// How often events were taken out of the timeline: what has read the others begins anew.
    pub taken_out: RwSignal<u64>,
    /// Where the stream goes on.
    pub last: RwSignal<EventId>,
    /// The turns that the events tell of.
    pub turns: Memo<Vec<Turn>>,
    /// When the sidecar was told of the actor, in milliseconds since the Unix epoch.
    pub registered_at: Option<u64>,
    /// The last lines of the log.
    pub log: Memo<Vec<LogLine>>,
    /// Whether the actor is in memory.
    pub active: Memo<bool>,
    /// What the next message is going to meet, and how far the last one kept to what was predicted for it.
    pub outlook: Memo<Outlook>,
    /// Whether anything moves: a turn that runs or waits its turn.
    pub running: Memo<bool>,
    /// The panels, read anew when something changed them.
    pub panels: RwSignal<Panels>,
    /// The failure switch.
    pub fault: RwSignal<FaultStatus>,
    /// The faults as they stand in the switch's fields, one row each. A row without an operation is no fault yet, unless
    /// it is on the wire; there is one at most when the script runs, the last.
    pub rows: RwSignal<Vec<FaultForm>>,
    /// The plans that this page has asked for from its rows and not heard of yet, in that order.
    pub asked: RwSignal<Vec<Vec<FaultForm>>>,
    /// How often switch or policy were heard of: a reading that began before the last time is stale.
    pub controls_heard: RwSignal<u64>,
    /// The changes of switch and policy that wait.
    pub changes: RwSignal<Changes>,
    /// Whether the panels are being read.
    pub reading: RwSignal<Reading>,
    /// What stands in the message field.
    pub draft: RwSignal<String>,
    /// The id of the next message.
    pub message_id: RwSignal<String>,
    /// Whether the page does the lesson's steps by itself.
    pub running_all: RwSignal<bool>,
    /// Whether events arrive.
    pub connection: RwSignal<Connection>,
    /// Messages of which the timeline does not know.
    pub unsent: RwSignal<Vec<Unsent>>,
    /// The server's clock, in milliseconds since the Unix epoch; it moves while something runs.
    pub now: RwSignal<u64>,
    /// The moment that is drawn, if it is not now. Events go on being kept.
    pub moment: RwSignal<Option<Moment>>,
    /// What moves the moment on while a turn is replayed.
    pub replay: RwSignal<Option<IntervalHandle>>,
    /// How many times slower a replay is.
    pub slower: RwSignal<u8>,
    /// The clock of what is drawn, in milliseconds since the Unix epoch.
    pub clock: Memo<u64>,
    /// The failure switch of what is drawn.
    pub fault_then: Memo<FaultStatus>,
    /// Whether the page is laid out for a room.
    pub present: RwSignal<bool>,
    /// What is selected in the timeline.
    pub selected: RwSignal<Option<BarId>>,
    /// The last outcome as a sentence, for those who hear the page.
    pub said: RwSignal<String>,
    /// What is to be said next.
    pub speech: RwSignal<Speech>,
    /// What was typed into the form that led here, if it came back.
    pub typed: RwSignal<Typed>,
    /// What went wrong with the last form, to be shown beside it.
    pub error: RwSignal<Option<FormError>>,
    /// The server-function path of the request that is under way, so that its button can say so.
    pub busy: RwSignal<Option<&'static str>>,
    /// The check that is open, 1 to 5.
    pub opened: RwSignal<u8>,
    /// Whether the script runs: what needs it stays hidden until then.
    pub mounted: RwSignal<bool>,
}

impl Store {
    /// The state that the server rendered.
    pub fn new(opening: Opening) -> Self {
        let Opening { snapshot, error, typed, address, message_id, .. } = opening;
        let LabSnapshot { actor, runtime, panels, timeline, registered_at, now, utc_offset_min, .. } = snapshot;
        // A message that came back stays in the field, unless the conversation shows it, with *Send again*. One whose id
        // belongs to another is not offered there: it needs a new one.
        let reused = error.as_ref().is_some_and(|error| error.error.code == ErrorCode::IdReused);
        let typed_message = typed.text(SEND, "message_id").filter(|id| reused || !knows(&timeline.events, id, 0));
        let typed_message = typed_message.and_then(|_| typed.text(SEND, "content")).map(str::to_owned);
        let next_check = panels.checks.iter().find(|check| !check.is_passed()).map_or(0, |check| check.number);
        let rows = first_rows(&typed, &panels.fault);
        let nothing_before = panels.before.is_empty();

        let moment = RwSignal::new(address.at.and_then(|seq| moment::at(&timeline.events, seq)));
        let events = RwSignal::new(timeline.events);
        let fault = RwSignal::new(panels.fault.clone());
        let panels = RwSignal::new(panels);
        let actor = RwSignal::new(actor);
        let now = RwSignal::new(now);
        let clock = Memo::new(move |_| moment.get().map_or_else(|| now.get(), |moment| moment.now));
        let taken_out = RwSignal::new(0);
        let turns = read_on(events, taken_out, moment, timeline::read_on);
        let active = Memo::new(move |_| drawn(events, moment, in_memory));
        let log = read_on(events, taken_out, moment, move |lines, events, from| {
            actor.with_untracked(|actor| add_log_lines(lines, &events[from..], actor))
        });
        let fault_then = Memo::new(move |_| {
            let then = moment.get().and_then(|_| drawn(events, moment, |events| moment::fault(events).cloned()));
            then.unwrap_or_else(|| fault.get())
        });
        let outlook = Memo::new(move |_| {
            let (policy, messages, held) =
                panels.with(|panels| (panels.policy, panels.history.as_ref().map_or(0, Vec::len), panels.hold));
            let wire = panels.with(|panels| panels.wire.as_ref().and_then(|wire| wire.fault));
            let fault = fault_then.read();
            let now = Now { fault: &fault, wire, policy, active: active.get(), messages, held };
            drawn(events, moment, |events| turns.with(|turns| outlook(events, turns, now)))
        });
        let running = Memo::new(move |_| turns.with(|turns| turns.iter().any(|turn| !turn.ended())));
        let untouched = nothing_before && turns.with_untracked(|turns| turns.iter().all(|t| t.content.is_none()));
        let draft = typed_message.unwrap_or_else(|| if untouched { FIRST_MESSAGE.to_owned() } else { String::new() });
        Self {
            actor,
            runtime: RwSignal::new(runtime),
            utc_offset_min,
            events,
            taken_out,
            last: RwSignal::new(timeline.last),
            turns,
            registered_at,
            log,
            active,
            outlook,
            running,
            panels,
            fault,
            rows: RwSignal::new(rows),
            asked: RwSignal::default(),
            controls_heard: RwSignal::new(0),
            changes: RwSignal::new(None),
            reading: RwSignal::new(Reading::Idle),
            draft: RwSignal::new(draft),
            message_id: RwSignal::new(message_id),
            running_all: RwSignal::new(false),
            connection: RwSignal::new(Connection::Opening),
            unsent: RwSignal::new(Vec::new()),
            now,
            moment,
            replay: RwSignal::new(None),
            slower: RwSignal::new(1),
            clock,
            fault_then,
            present: RwSignal::new(address.present),
            selected: RwSignal::new(address.bar.as_deref().and_then(|bar| bar.parse().ok())),
            said: RwSignal::new(String::new()),
            speech: RwSignal::default(),
            typed: RwSignal::new(typed),
            error: RwSignal::new(error),
            busy: RwSignal::new(None),
            opened: RwSignal::new(next_check),
            mounted: RwSignal::new(false),
        }
    }

    /// The actor's id as the server functions take it.
    pub fn actor_id(self) -> String {
        self.actor.with_untracked(ToString::to_string)
    }

    /// A check as it was last judged.
    pub fn check(self, number: u8) -> Check {
        self.panels.with(|panels| check_of(panels, number))
    }

    /// The same without following it.
    pub fn check_untracked(self, number: u8) -> Check {
        self.panels.with_untracked(|panels| check_of(panels, number))
    }

    /// Selects a bar, or none; the browser's back button comes back to the one before.
    pub fn select(self, bar: Option<BarId>) {
        if self.selected.get_untracked() != bar {
            dom::remember_address();
            self.selected.set(bar);
        }
    }

    /// Whether a button that sends to `path` has to wait.
    pub fn waits_for(self, path: &str) -> bool {
        self.running_all.get() || self.busy.get() == Some(path)
    }

    /// How many checks are proven.
    pub fn passed(self) -> usize {
        self.panels.with(|panels| panels.checks.iter().filter(|check| check.is_passed()).count())
    }

    /// Whether nobody has sent anything yet.
    pub fn is_untouched(self) -> bool {
        self.panels.with(|panels| panels.before.is_empty())
            && self.turns.with(|turns| turns.iter().all(|turn| turn.content.is_none()))
            && self.unsent.with(Vec::is_empty)
    }

    /// The text of the next message, as far as it is known: what stands in the field, else a failed message that has
    /// not been sent again.
    pub fn next_content(self) -> Option<String> {
        let draft = self.draft.with(|draft| draft.trim().to_owned());
        if !draft.is_empty() {
            return Some(draft);
        }
        self.turns.with(|turns| {
            let last = turns.iter().rfind(|turn| turn.content.is_some())?;
            matches!(last.outcome, Outcome::Failed { .. }).then(|| last.content.clone())?
        })
    }

    /// Whether the next message, as far as it is known, is one that failed.
    pub fn sends_again(self) -> bool {
        self.draft.with(|draft| draft.trim().is_empty()) && self.next_content().is_some()
    }

    /// The id for one more message, made after those before it.
    pub fn next_message_id(self) -> String {
        let id = self.message_id.get_untracked();
        self.message_id.set(dom::new_message_id());
        id
    }

    /// The number of the last turn that the timeline knows of; 0 if there is none.
    pub fn last_turn(self) -> u64 {
        self.turns.with_untracked(|turns| turns.last().map_or(0, |turn| turn.number))
    }

    /// Whether a turn after this one runs the message with this id, drawn or not.
    pub fn knows(self, id: &str, after_turn: u64) -> bool {
        self.events.with_untracked(|events| knows(events, id, after_turn))
    }
}

fn knows(events: &[Event], id: &str, after_turn: u64) -> bool {
    events.iter().any(|event| match &event.step {
        Step::TurnQueued { turn, message_id, .. } | Step::TurnStarted { turn, message_id, .. } => {
            *turn > after_turn && message_id.as_ref().is_some_and(|message_id| message_id.as_str() == id)
        }
        _ => false,
    })
}

fn check_of(panels: &Panels, number: u8) -> Check {
    let check = panels.checks.iter().find(|check| check.number == number).cloned();
    check.unwrap_or_else(|| Check {
        number,
        state: CheckState::NotYet,
        progress: "not yet".to_owned(),
        missing: None,
        evidence: Vec::new(),
    })
}

/// Adds the lines of these events, and drops the oldest of what is too much. Says whether there were any.
fn add_log_lines(lines: &mut Vec<LogLine>, events: &[Event], actor: &ActorId) -> bool {
    let newest_first = events.iter().rev().filter_map(|event| event.log_line(actor));
    let mut new: Vec<LogLine> = newest_first.take(MAX_LOG_LINES).collect();
    new.reverse();
    let changed = !new.is_empty();
    lines.append(&mut new);
    lines.drain(..lines.len().saturating_sub(MAX_LOG_LINES));
    changed
}

/// The turn that holds the actor now.
pub fn running_turn(turns: &[Turn]) -> Option<&Turn> {
    turns.iter().find(|turn| turn.outcome == Outcome::Running)
}

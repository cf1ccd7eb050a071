//! The reactive state of one lab: every panel reads from here, and from nowhere else. What events do to it is in
//! [`super::news`].

use leptos::prelude::*;

use super::{
    actions::SEND,
    controls::Changes,
    moment::{self, Moment},
    outlook::{Now, Outlook, outlook},
    speech::Speech,
    travel::{drawn, read_on},
};
use crate::{
    dom,
    island::Opening,
    panels::switch::rows::first_rows,
    state::{
        form::FormState,
        lab::{LabFacts, LabState},
        view::ViewState,
    },
};
use model::{
    actor_id::ActorId,
    error::{ErrorCode, LabError},
    fault::{FaultStatus, form::FaultForm},
    lab::LabSnapshot,
    lesson::steps::FIRST_MESSAGE,
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

/// The state of one lab.
#[derive(Clone, Copy)]
pub struct Store {
    /// The lab beside its timeline.
    pub lab: LabState,
    /// What a reader has chosen to see.
    pub view: ViewState,
    /// The forms.
    pub form: FormState,
    /// The timeline, oldest first.
    pub events: RwSignal<Vec<Event>>,
    /// How often events were taken out of the timeline: what has read the others begins anew.
    pub taken_out: RwSignal<u64>,
    /// Where the stream goes on.
    pub last: RwSignal<EventId>,
    /// The turns that the events tell of.
    pub turns: Memo<Vec<Turn>>,
    /// The last lines of the log.
    pub log: Memo<Vec<LogLine>>,
    /// Whether the actor is in memory.
    pub active: Memo<bool>,
    /// What the next message is going to meet, and how far the last one kept to what was predicted for it.
    pub outlook: Memo<Outlook>,
    /// Whether anything moves: a turn that runs or waits its turn.
    pub running: Memo<bool>,
    /// The faults as they stand in the switch's fields, one row each. A row without an operation is no fault yet, unless
    /// it is on the wire; there is one at most when the script runs, the last.
    pub rows: RwSignal<Vec<FaultForm>>,
    /// The plans that this page has asked for from its rows and not heard of yet, in that order.
    pub asked: RwSignal<Vec<Vec<FaultForm>>>,
    /// The changes of switch and policy that wait.
    pub changes: RwSignal<Changes>,
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
    /// The last outcome as a sentence, for those who hear the page.
    pub said: RwSignal<String>,
    /// What is to be said next.
    pub speech: RwSignal<Speech>,
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
        let reused = error.as_ref().is_some_and(|error| error.error.code == ErrorCode::IdReused);
        let typed_message = typed.text(SEND, "message_id").filter(|id| reused || !knows(&timeline.events, id, 0));
        let typed_message = typed_message.and_then(|_| typed.text(SEND, "content")).map(str::to_owned);
        let next_check = panels.checks.iter().find(|check| !check.is_passed()).map_or(0, |check| check.number);
        let rows = first_rows(&typed, &panels.fault);
        let nothing_before = panels.before.is_empty();

        let moment = RwSignal::new(address.at.and_then(|seq| moment::at(&timeline.events, seq)));
        let events = RwSignal::new(timeline.events);
        let facts = LabFacts { actor: actor.clone(), runtime, utc_offset_min, registered_at };
        let lab = LabState::new(facts, panels);
        provide_context(lab);
        let view = ViewState::new(&address);
        provide_context(view);
        let form = FormState::new(typed, error);
        provide_context(form);
        let now = RwSignal::new(now);
        let clock = Memo::new(move |_| moment.get().map_or_else(|| now.get(), |moment| moment.now));
        let taken_out = RwSignal::new(0);
        let turns = read_on(events, taken_out, moment, timeline::read_on);
        let active = Memo::new(move |_| drawn(events, moment, in_memory));
        let log = read_on(events, taken_out, moment, move |lines, events, from| {
            add_log_lines(lines, &events[from..], &actor)
        });
        let fault_then = Memo::new(move |_| {
            let then = moment.get().and_then(|_| drawn(events, moment, |events| moment::fault(events).cloned()));
            then.unwrap_or_else(|| lab.fault.get())
        });
        let outlook = Memo::new(move |_| {
            let (policy, messages, held) =
                lab.panels.with(|panels| (panels.policy, panels.history.as_ref().map_or(0, Vec::len), panels.hold));
            let wire = lab.panels.with(|panels| panels.wire.as_ref().and_then(|wire| wire.fault));
            let fault = fault_then.read();
            let now = Now { fault: &fault, wire, policy, active: active.get(), messages, held };
            drawn(events, moment, |events| turns.with(|turns| outlook(events, turns, now)))
        });
        let running = Memo::new(move |_| turns.with(|turns| turns.iter().any(|turn| !turn.ended())));
        let untouched = nothing_before && turns.with_untracked(|turns| turns.iter().all(|t| t.content.is_none()));
        let draft = typed_message.unwrap_or_else(|| if untouched { FIRST_MESSAGE.to_owned() } else { String::new() });
        Self {
            lab,
            view,
            form,
            events,
            taken_out,
            last: RwSignal::new(timeline.last),
            turns,
            log,
            active,
            outlook,
            running,
            rows: RwSignal::new(rows),
            asked: RwSignal::default(),
            changes: RwSignal::new(None),
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
            said: RwSignal::new(String::new()),
            speech: RwSignal::default(),
            opened: RwSignal::new(next_check),
        }
    }

    /// Whether a button that sends to `path` has to wait.
    pub fn waits_for(self, path: &str) -> bool {
        self.running_all.get() || self.form.busy.get() == Some(path)
    }

    /// Whether nobody has sent anything yet.
    pub fn is_untouched(self) -> bool {
        self.lab.panels.with(|panels| panels.before.is_empty())
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

//! What is heard of a lab, from the stream and in answers, and what it does to the lab's state.

use std::time::Duration;

use leptos::prelude::*;

use super::store::{Store, Unsent, UnsentState};
use model::{
    error::{ErrorCode, LabError},
    lesson::steps,
    timeline::{Event, EventId, Outcome, ReleasedBy, Step, TimelineSnapshot, Turn},
};

/// How many turns the page keeps at most, as the server does.
const MAX_TURNS: u64 = 300;
/// How many more there are before the oldest go, all of these at once.
const TURNS_AT_ONCE: u64 = 30;
/// How many events it keeps at most, whatever they tell of; the oldest sixth goes at once.
const MAX_EVENTS: usize = 9_000;

impl Store {
    /// Takes in what came from the stream since the last time, in its order. What is known already changes nothing.
    pub fn take(self, news: Vec<(EventId, Event)>) {
        let last = self.last.get_untracked();
        let is_new = |(id, _): &(EventId, Event)| id.epoch != last.epoch || id.seq > last.seq;
        let news: Vec<(EventId, Event)> = news.into_iter().filter(is_new).collect();
        let Some((last, newest)) = news.last() else { return };
        self.last.set(*last);
        let newest = newest.at;
        self.now.update(|now| *now = (*now).max(newest));
        let events: Vec<Event> = news.into_iter().map(|(_, event)| event).collect();
        for event in &events {
            self.hear(&event.step);
        }
        // Told from the turns as they are with all of it.
        let told: Vec<Step> = events.iter().map(|event| &event.step).filter(|step| is_told(step)).cloned().collect();
        let changes_panels = events.iter().any(|event| changes_panels(&event.step));
        self.keep(events);
        for step in told {
            if let Some(sentence) = self.sentence(&step) {
                self.say(sentence);
            }
        }
        if changes_panels {
            // The frame in which the timeline shows it comes first.
            set_timeout(move || self.lab.refresh(), Duration::ZERO);
        }
    }

    /// What a step changes beside the timeline.
    fn hear(self, step: &Step) {
        self.lab.apply(step);
        match step {
            Step::LabReset => {
                self.view.selected.set(None);
                self.go(None);
            }
            Step::TurnQueued { turn, message_id: Some(message_id), .. }
            | Step::TurnStarted { turn, message_id: Some(message_id), .. } => {
                let (turn, id) = (*turn, message_id.as_str());
                if self.unsent.with_untracked(|unsent| unsent.iter().any(|unsent| unsent.id == id)) {
                    self.unsent.update(|unsent| unsent.retain(|unsent| unsent.id != id || turn <= unsent.after_turn));
                }
            }
            _ => {}
        }
    }

    /// Keeps new events, and forgets what was before a reset, and the oldest of too many.
    fn keep(self, new: Vec<Event>) {
        self.events.update(|events| {
            let known = events.len();
            events.extend(new);
            let reset = events[known..].iter().rposition(|event| matches!(event.step, Step::LabReset));
            let gone = reset.map_or_else(|| too_many(events), |place| known + place);
            if gone > 0 {
                events.drain(..gone);
                self.taken_out.update(|times| *times += 1);
            }
        });
    }

    /// Takes a whole timeline in place of what is known: the stream could not go on where it broke.
    pub fn replace(self, timeline: TimelineSnapshot) {
        // First: a paused page draws turns as they were then, and what was stored since would count as lost.
        self.go(None);
        if timeline.last.epoch != self.last.get_untracked().epoch {
            self.keep_unstored();
        }
        self.last.set(timeline.last);
        self.taken_out.update(|times| *times += 1);
        self.events.set(timeline.events);
        self.unsent.update(|unsent| unsent.retain(|unsent| !self.knows(&unsent.id, 0)));
        self.lab.refresh();
    }

    /// Puts the messages that no turn has stored beside the timeline, to be sent again: the lab was started anew, and
    /// its new timeline does not tell of them.
    fn keep_unstored(self) {
        let unstored = self.turns.with_untracked(|turns| unstored(turns));
        self.unsent.update(|unsent| {
            unsent.retain(|message| unstored.iter().all(|other| other.id != message.id));
            // The turns are numbered anew.
            unsent.iter_mut().for_each(|message| message.after_turn = 0);
            unsent.splice(0..0, unstored);
        });
    }

    /// What a step means to somebody who hears the page: outcomes, and what waits for a person.
    fn sentence(self, step: &Step) -> Option<String> {
        match step {
            Step::TurnCompleted { turn, .. } => self.turns.with_untracked(|turns| {
                let turn = turns.iter().find(|other| other.number == *turn)?;
                turn.content.as_ref()?;
                let n = turn.number;
                Some(match turn.attempts.iter().find(|a| a.attempt > 1 && a.succeeded()) {
                    Some(a) => format!("Turn {n} recovered on attempt {} of {}.", a.attempt, a.max),
                    None => format!("Turn {n} was answered."),
                })
            }),
            Step::TurnFailed { turn, error, .. } => Some(format!("Turn {turn} failed: {error}")),
            Step::CheckPassed { check } => {
                let title = steps::step(*check)?.title;
                Some(format!("Check {check}, {title}, is proven."))
            }
            Step::AttemptHeld { operation, attempt, max, .. } => {
                Some(format!("Attempt {attempt} of {max} to {} is held.", operation.as_str()))
            }
            Step::AttemptReleased { attempt, by: ReleasedBy::Limit, .. } => {
                Some(format!("Nobody released attempt {attempt}: it has gone, for the turn to end in time."))
            }
            Step::HoldChanged { on: true } => Some("Each attempt is held before it begins.".to_owned()),
            Step::HoldChanged { on: false } => Some("Attempts are not held any more.".to_owned()),
            Step::LabReset => Some("The lab was reset.".to_owned()),
            _ => None,
        }
    }
}

/// Whether the panels beside the timeline have to be read anew after this step.
const fn changes_panels(step: &Step) -> bool {
    matches!(
        step,
        Step::TurnCompleted { .. }
            | Step::TurnFailed { .. }
            | Step::HistoryReturned { .. }
            | Step::WireChanged { .. }
            | Step::SidecarRetriesChanged { .. }
            | Step::StoreRead { .. }
            | Step::CheckPassed { .. }
            | Step::EventDelivered { .. }
            | Step::LabReset
    )
}

/// Whether a step means something to somebody who hears the page.
const fn is_told(step: &Step) -> bool {
    matches!(
        step,
        Step::TurnCompleted { .. }
            | Step::TurnFailed { .. }
            | Step::CheckPassed { .. }
            | Step::AttemptHeld { .. }
            | Step::AttemptReleased { .. }
            | Step::HoldChanged { .. }
            | Step::LabReset
    )
}

/// The messages of these turns that nobody was told are stored, each once. Of one that was under way nobody knows.
fn unstored(turns: &[Turn]) -> Vec<Unsent> {
    let id_of = |turn: &Turn| turn.message_id.as_ref().map(|id| id.as_str().to_owned());
    let mut messages: Vec<Unsent> = Vec::new();
    for turn in turns {
        let (Some(id), Some(content)) = (id_of(turn), &turn.content) else { continue };
        // Another text with the same id is another message.
        messages.retain(|message| message.id != id || message.content != *content);
        let error = match &turn.outcome {
            Outcome::Completed { .. } => continue,
            Outcome::Failed { error, .. } => error.clone(),
            Outcome::Queued | Outcome::Running => {
                LabError::new(ErrorCode::ServerUnreachable, "The lab was started anew before it answered.")
            }
        };
        messages.push(Unsent { id, content: content.clone(), after_turn: 0, state: UnsentState::Failed(error) });
    }
    messages
}

/// How many events at the beginning are to go. A turn whose first events are gone is left out by
/// [`turns`](model::timeline::turns), so nothing half remains.
fn too_many(events: &[Event]) -> usize {
    if events.len() > MAX_EVENTS {
        return MAX_EVENTS / 6;
    }
    let number = |event: &Event| event.step.turn();
    let ends = events.iter().find_map(number).zip(events.iter().rev().find_map(number));
    match ends {
        Some((first, last)) if last >= first + MAX_TURNS + TURNS_AT_ONCE => {
            let of_kept = |event: &Event| number(event).is_some_and(|turn| turn > last - MAX_TURNS);
            events.iter().position(of_kept).unwrap_or_default()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{message::MessageId, operation::Method, timeline::turns};

    fn turns_of(numbers: std::ops::RangeInclusive<u64>) -> Vec<Event> {
        let steps = numbers.flat_map(|turn| {
            let (method, message_id, content) = (Method::ProcessMessage, None, None);
            [
                Step::TurnStarted { turn, method, message_id, content },
                Step::TurnCompleted { turn, took_us: 1, repeated: false },
                Step::EventDelivered { turn: Some(turn), input: String::new(), output: String::new() },
            ]
        });
        (1..).zip(steps).map(|(seq, step)| Event { seq, at: seq, step }).collect()
    }

    #[test]
    fn the_page_keeps_as_many_turns_as_the_server() {
        assert_eq!(too_many(&turns_of(1..=330)), 0);
        let mut events = turns_of(1..=331);
        events.drain(..too_many(&events));
        let kept = turns(&events);
        assert_eq!((kept[0].number, kept.len()), (32, 300));
    }

    #[test]
    fn what_no_turn_has_stored_is_kept_once_in_its_order() {
        let id = |id: &str| MessageId::try_from(id.to_owned()).ok();
        let started = |turn, message| Step::TurnStarted {
            turn,
            method: Method::ProcessMessage,
            message_id: id(message),
            content: Some(format!("text of {message}")),
        };
        let failed = |turn, code| Step::TurnFailed {
            turn,
            method: Method::ProcessMessage,
            took_us: 1,
            error: LabError::new(code, "The words of the failure."),
        };
        let steps = [
            started(1, "stored"),
            Step::TurnCompleted { turn: 1, took_us: 1, repeated: false },
            started(2, "stored-later"),
            failed(2, ErrorCode::RetriesExhausted),
            started(3, "failed-twice"),
            failed(3, ErrorCode::RetriesExhausted),
            started(4, "stored-later"),
            Step::TurnCompleted { turn: 4, took_us: 1, repeated: false },
            started(5, "failed-twice"),
            failed(5, ErrorCode::OutcomeUnknown),
            started(6, "under-way"),
        ];
        let events: Vec<Event> = (1..).zip(steps).map(|(seq, step)| Event { seq, at: seq, step }).collect();
        let kept = unstored(&turns(&events));
        let told = kept.iter().map(|message| match &message.state {
            UnsentState::Failed(error) => (message.id.as_str(), message.content.as_str(), error.code),
            other => panic!("{other:?}"),
        });
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                ("failed-twice", "text of failed-twice", ErrorCode::OutcomeUnknown),
                ("under-way", "text of under-way", ErrorCode::ServerUnreachable),
            ]
        );
    }

    #[test]
    fn events_that_tell_of_no_turn_are_bounded_too() {
        let step = Step::HoldChanged { on: true };
        let many: Vec<Event> = (0..9_001).map(|seq| Event { seq, at: seq, step: step.clone() }).collect();
        assert_eq!(too_many(&many), 1_500);
    }
}

//! What the page tells those who hear it. A sentence that stands for less than a moment is not spoken by a screen reader:
//! what happens at once is announced one after the other.

use std::{collections::VecDeque, time::Duration};

use leptos::prelude::*;

use model::{
    lesson::steps,
    timeline::{ReleasedBy, Step, Turn},
};

/// How long a sentence stands before the next.
const PAUSE: Duration = Duration::from_millis(150);
/// How many sentences may wait. Of more the oldest are left out: nobody wants to hear what happened a minute ago.
const MOST: usize = 5;

/// The sentences that wait.
#[derive(Default)]
struct Queue {
    due: VecDeque<String>,
    /// Whether one was just taken out.
    speaks: bool,
}

impl Queue {
    /// Adds a sentence; says whether it can be taken out at once.
    fn push(&mut self, sentence: String) -> bool {
        self.due.push_back(sentence);
        if self.due.len() > MOST {
            self.due.pop_front();
        }
        !std::mem::replace(&mut self.speaks, true)
    }

    fn next(&mut self) -> Option<String> {
        let next = self.due.pop_front();
        self.speaks = next.is_some();
        next
    }
}

/// The announcements of this page.
#[derive(Clone, Copy)]
pub struct Announcer {
    /// The sentence that is announced.
    text: RwSignal<String>,
    queue: StoredValue<Queue>,
}

impl Announcer {
    /// Nothing to announce.
    pub fn new() -> Self {
        Self { text: RwSignal::default(), queue: StoredValue::default() }
    }

    /// The sentence that is announced.
    pub fn text(self) -> Signal<String> {
        self.text.into()
    }

    /// Announces a sentence in place of the one that stands.
    pub fn announce_now(self, sentence: impl Into<String>) {
        self.text.set(sentence.into());
    }

    /// Announces a sentence after those that wait.
    pub fn announce(self, sentence: String) {
        if self.queue.try_update_value(|queue| queue.push(sentence)) == Some(true) {
            self.announce_next();
        }
    }

    fn announce_next(self) {
        if let Some(Some(sentence)) = self.queue.try_update_value(Queue::next) {
            self.text.set(sentence);
            set_timeout(move || self.announce_next(), PAUSE);
        }
    }
}

impl Default for Announcer {
    fn default() -> Self {
        Self::new()
    }
}

/// What a step means to somebody who hears the page: outcomes, and what waits for a person. `turns` are those after it.
pub(super) fn sentence(step: &Step, turns: &[Turn]) -> Option<String> {
    match step {
        Step::TurnCompleted { turn, .. } => {
            let turn = turns.iter().find(|other| other.number == *turn)?;
            turn.content.as_ref()?;
            let n = turn.number;
            Some(match turn.attempts.iter().find(|a| a.attempt > 1 && a.succeeded()) {
                Some(a) => format!("Turn {n} recovered on attempt {} of {}.", a.attempt, a.max),
                None => format!("Turn {n} was answered."),
            })
        }
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

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};
    use model::{
        operation::{Method, Operation},
        timeline::turns,
    };

    #[test]
    fn sentences_wait_for_each_other_and_of_too_many_the_oldest_are_left_out() {
        let mut queue = Queue::default();
        assert!(queue.push("a".to_owned()), "nobody speaks");
        assert_eq!(queue.next().as_deref(), Some("a"));
        assert!((1..=7).all(|n| !queue.push(n.to_string())), "they wait for the first");
        let rest: Vec<_> = std::iter::from_fn(|| queue.next()).collect();
        assert_eq!(rest, ["3", "4", "5", "6", "7"]);
        assert!(queue.push("b".to_owned()), "all have been spoken");
    }

    #[test]
    fn what_is_announced_now_takes_the_place_of_what_stands() {
        let _owner = fixture::owner();
        let announcer = Announcer::new();
        announcer.announce_now("Copied.");
        assert_eq!(announcer.text().get_untracked(), "Copied.");
    }

    #[test]
    fn a_turn_that_recovered_says_on_which_attempt() {
        let (turn, operation, max, method) = (1, Operation::Load, 3, Method::ProcessMessage);
        let content = Some("Hi there".to_owned());
        let events = fixture::events([
            Step::TurnStarted { turn, method, message_id: None, content },
            Step::AttemptStarted { turn, operation, attempt: 2, max },
            Step::AttemptSucceeded { turn, operation, attempt: 2, max, took_us: 1 },
            Step::TurnCompleted { turn, took_us: 1, repeated: false },
        ]);
        let end = &events[3].step;
        assert_eq!(sentence(end, &turns(&events)).as_deref(), Some("Turn 1 recovered on attempt 2 of 3."));
        assert_eq!(sentence(end, &[]), None, "of a turn that is not known there is nothing to say");
        assert_eq!(sentence(&events[1].step, &turns(&events)), None);
    }
}

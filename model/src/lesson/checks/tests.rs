//! Each check on small stories, with the evidence whole, missing, and speaking against it.

use super::*;
use crate::{
    error::{ErrorCode, LabError},
    fault::SIMULATED_ERROR,
    message::MessageId,
    operation::{Cause, Layer, Method},
};

/// Events as the actor would record them.
#[derive(Default)]
struct Story {
    before: Vec<Message>,
    events: Vec<Event>,
    turn: u64,
}

impl Story {
    fn tell(&mut self, step: Step) {
        let seq = self.events.len() as u64 + 1;
        self.events.push(Event { seq, at: 1_000 + seq, step });
    }

    fn start(&mut self, method: Method, content: Option<&str>) -> u64 {
        self.turn += 1;
        let message_id = content.map(|content| MessageId::try_from(content.replace(' ', "-")).unwrap());
        let content = content.map(str::to_owned);
        self.tell(Step::TurnStarted { turn: self.turn, method, message_id, content });
        self.turn
    }

    fn attempts(&mut self, operation: Operation, failures: u8) {
        let (turn, max) = (self.turn, 3);
        for attempt in 1..=failures.min(max) {
            self.tell(Step::AttemptStarted { turn, operation, attempt, max });
            let cause = Cause { simulated: true, layer: Layer::Actor };
            let error = SIMULATED_ERROR.to_owned();
            self.tell(Step::AttemptFailed { turn, operation, attempt, max, error, cause, transient: true, took_us: 9 });
        }
        if failures < max {
            self.tell(Step::AttemptStarted { turn, operation, attempt: failures + 1, max });
            self.tell(Step::AttemptSucceeded { turn, operation, attempt: failures + 1, max, took_us: 9 });
        }
    }

    /// A message whose first loads fail; with three failures the turn does.
    fn message(&mut self, content: &str, failed_loads: u8) {
        let turn = self.start(Method::ProcessMessage, Some(content));
        self.attempts(Operation::Load, failed_loads);
        if failed_loads >= 3 {
            let error = LabError::new(ErrorCode::RetriesExhausted, "no");
            return self.tell(Step::TurnFailed { turn, method: Method::ProcessMessage, took_us: 9, error });
        }
        self.attempts(Operation::Save, 0);
        let reply = Message::reply_to(content).content;
        self.tell(Step::ReplyReady { turn, content: content.to_owned(), reply });
        self.tell(Step::TurnCompleted { turn, took_us: 9, repeated: false });
    }

    fn history(&mut self, messages: Vec<Message>) {
        let turn = self.start(Method::GetConversationHistory, None);
        self.tell(Step::HistoryReturned { turn, messages });
        self.tell(Step::TurnCompleted { turn, took_us: 9, repeated: false });
    }

    fn store(&mut self, value: Option<&str>) {
        self.tell(Step::StoreRead { key: "key".into(), value: value.map(str::to_owned) });
    }

    /// The history as it really is.
    fn true_history(&self) -> Vec<Message> {
        expected(&self.before, &self.events)
    }

    fn check(&self, number: u8) -> Check {
        let actor = ActorId::lesson();
        let checks = judge(&Evidence { actor: &actor, before: &self.before, events: &self.events });
        assert_eq!(checks.iter().map(|check| check.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        checks.into_iter().find(|check| check.number == number).unwrap()
    }

    fn state(&self, number: u8) -> CheckState {
        self.check(number).state
    }
}

#[test]
fn nothing_is_proven_on_an_untouched_lab_or_by_looking_at_it() {
    let mut story = Story::default();
    for _ in 0..2 {
        for number in 1..=5 {
            assert_eq!(story.state(number), CheckState::NotYet, "check {number}");
        }
        story.history(Vec::new());
        story.store(None);
        story.history(Vec::new());
    }
}

#[test]
fn a_recovered_message_proves_the_first_and_the_third_with_the_lesson_s_lines() {
    let mut story = Story::default();
    story.message("Hi there", 0);
    assert_eq!(story.state(1), CheckState::NotYet, "no attempt failed");
    assert_eq!(story.state(3), CheckState::NotYet);
    story.message("Again", 1);
    let lines: Vec<_> = story.check(3).evidence.into_iter().map(|proof| proof.text).collect();
    assert_eq!(lines[0], "Retry 1 for history load: Simulated state store failure");
    assert_eq!(lines.last().unwrap(), "Processed message for history-user1: Again");
    assert_eq!(story.state(1), CheckState::Passed);
}

#[test]
fn a_failed_turn_proves_nothing() {
    let mut story = Story::default();
    story.message("Hi there", 3);
    assert_eq!(story.state(1), CheckState::NotYet);
    assert!(story.check(1).missing.is_some());
    assert_eq!(story.state(3), CheckState::NotYet);
    assert_eq!(story.state(5), CheckState::Failed);
    assert!(story.check(5).missing.unwrap().contains("“Hi there” is not in the history"));
}

#[test]
fn a_save_that_recovered_proves_the_first_and_not_the_third() {
    let mut story = Story::default();
    let turn = story.start(Method::ProcessMessage, Some("Hi"));
    story.attempts(Operation::Load, 0);
    story.attempts(Operation::Save, 1);
    story.tell(Step::ReplyReady { turn, content: "Hi".into(), reply: "Got your message: Hi".into() });
    story.tell(Step::TurnCompleted { turn, took_us: 9, repeated: false });
    assert_eq!((story.state(1), story.state(3)), (CheckState::Passed, CheckState::NotYet));
}

#[test]
fn the_returned_history_has_to_be_what_was_acknowledged() {
    let mut story = Story { before: vec![Message::user("from yesterday")], ..Story::default() };
    story.message("Hi there", 1);
    assert_eq!(story.state(2), CheckState::NotYet);
    let mut lost = story.true_history();
    lost.pop();
    story.history(lost);
    assert_eq!(story.state(2), CheckState::Failed);
    story.history(story.true_history());
    assert_eq!(story.state(2), CheckState::Passed);
    assert!(story.check(2).evidence[0].text.contains("from yesterday"));
}

#[test]
fn the_store_has_to_hold_what_the_actor_returned_last() {
    let mut story = Story::default();
    story.message("Hi there", 1);
    story.history(story.true_history());
    let stored = json(&story.true_history());
    story.store(None);
    assert_eq!(story.state(4), CheckState::Failed, "the key is missing");
    story.store(Some("[]"));
    assert_eq!(story.state(4), CheckState::Failed, "something else is stored");
    story.message("Again", 0);
    story.store(Some(&json(&story.true_history())));
    assert_eq!(story.state(4), CheckState::NotYet, "a message was stored between the two readings");
    story.history(story.true_history());
    story.store(Some(&stored));
    assert_eq!(story.state(4), CheckState::Failed, "an old value is stored");
    story.store(Some(&json(&story.true_history())));
    assert_eq!(story.state(4), CheckState::Passed);
}

#[test]
fn recovery_asks_for_three_messages_two_failures_and_none_lost() {
    let mut story = Story::default();
    story.message("one", 1);
    assert_eq!(story.check(5).progress.to_string(), "1 of 3 sent");
    story.message("two", 0);
    story.message("three", 0);
    assert_eq!(story.check(5).progress.to_string(), "1 of 2 failed first");
    story.message("four", 2);
    assert_eq!(story.check(5).progress.to_string(), "read history");
    let mut lost = story.true_history();
    lost.remove(1);
    story.history(lost);
    assert_eq!(story.state(5), CheckState::Failed);
    story.history(story.true_history());
    let proven = story.check(5);
    assert_eq!(proven.state, CheckState::Passed);
    assert!(proven.evidence.iter().any(|proof| proof.text == "Processed message for history-user1: one"));
}

#[test]
fn a_failed_message_that_was_sent_again_is_not_missing() {
    let mut story = Story::default();
    story.message("one", 3);
    assert_eq!(story.state(5), CheckState::Failed);
    story.message("one", 1);
    assert_eq!(story.check(5).progress.to_string(), "1 of 3 sent");
}

#[test]
fn another_message_with_its_id_does_not_stand_for_one_that_failed() {
    let mut story = Story::default();
    story.message("one", 3);
    let (method, message_id) = (Method::ProcessMessage, MessageId::try_from("one".to_owned()).ok());
    story.tell(Step::TurnStarted { turn: 2, method, message_id, content: Some("other".into()) });
    story.tell(Step::ReplyReady { turn: 2, content: "other".into(), reply: "Got your message: other".into() });
    story.tell(Step::TurnCompleted { turn: 2, took_us: 9, repeated: false });
    assert!(story.check(5).missing.is_some_and(|missing| missing.contains("“one” is not in the history")));
}

#[test]
fn a_message_that_was_refused_for_its_id_is_found_again_with_one_of_its_own() {
    let mut story = Story::default();
    story.message("one", 0);
    let (method, message_id) = (Method::ProcessMessage, MessageId::try_from("one".to_owned()).ok());
    story.turn = 2;
    story.tell(Step::TurnStarted { turn: 2, method, message_id, content: Some("two".into()) });
    story.tell(Step::TurnFailed {
        turn: 2,
        method: Method::ProcessMessage,
        took_us: 9,
        error: LabError::new(ErrorCode::IdReused, "another has it"),
    });
    assert_eq!(story.state(5), CheckState::Failed);
    story.message("two", 0);
    assert_eq!(story.check(5).progress.to_string(), "2 of 3 sent");
}

#[test]
fn a_save_that_was_settled_as_stored_is_not_missing() {
    let mut story = Story::default();
    let turn = story.start(Method::ProcessMessage, Some("one"));
    story.tell(Step::TurnFailed {
        turn,
        method: Method::ProcessMessage,
        took_us: 9,
        error: LabError::new(ErrorCode::OutcomeUnknown, "who knows"),
    });
    assert_eq!(story.state(5), CheckState::Failed);
    story.tell(Step::ReplyReady { turn, content: "one".into(), reply: "Got your message: one".into() });
    assert_eq!(story.state(5), CheckState::NotYet);
}

#[test]
fn a_pass_keeps_its_evidence_and_a_reset_history_starts_empty() {
    let mut story = Story::default();
    story.message("Hi there", 1);
    let before = vec![story.check(1)];
    let kept = keep_passes(&before, judge(&Evidence { actor: &ActorId::lesson(), before: &[], events: &[] }));
    assert_eq!(kept[0], before[0]);
    assert_eq!(kept[1].state, CheckState::NotYet);
    story.tell(Step::LabReset);
    assert_eq!(story.true_history(), []);
}

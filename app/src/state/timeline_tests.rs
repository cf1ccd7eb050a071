//! What the timeline takes in, and what it keeps.

use super::{super::fixture, *};
use model::{
    operation::{Method, Operation},
    timeline::{ReleasedBy, turns},
};

fn ended(numbers: std::ops::RangeInclusive<u64>) -> Vec<Event> {
    let steps = numbers.flat_map(|turn| {
        let (method, message_id, content) = (Method::ProcessMessage, None, None);
        [
            Step::TurnStarted { turn, method, message_id, content },
            Step::TurnCompleted { turn, took_us: 1, repeated: false },
            Step::EventDelivered { turn: Some(turn), input: String::new(), output: String::new() },
        ]
    });
    fixture::events(steps)
}

fn numbers(timeline: TimelineState) -> Vec<u64> {
    timeline.turns.with_untracked(|turns| turns.iter().map(|turn| turn.number).collect())
}

#[test]
fn what_is_known_already_changes_nothing() {
    let _owner = fixture::owner();
    let (timeline, _) = fixture::timeline(&[]);
    let batch = fixture::batch(&fixture::two_turns());
    assert_eq!(timeline.apply(batch[..5].to_vec()).len(), 5);
    assert_eq!(timeline.apply(batch.clone()).len(), 3, "five of them came before");
    assert_eq!(timeline.apply(batch).len(), 0);
    assert_eq!((numbers(timeline), timeline.last().seq, timeline.last_turn_untracked()), (vec![1, 2], 8, 2));
}

#[test]
fn a_server_that_was_started_anew_counts_from_one_again() {
    let _owner = fixture::owner();
    let (timeline, _) = fixture::timeline(&fixture::two_turns());
    let epoch = timeline.last().epoch + 1;
    let event = fixture::events([Step::HoldChanged { on: true }]).remove(0);
    assert_eq!(timeline.apply(vec![(EventId { epoch, seq: 1 }, event)]).len(), 1);
}

#[test]
fn a_reset_takes_out_what_was_before_it() {
    let _owner = fixture::owner();
    let (timeline, _) = fixture::timeline(&fixture::two_turns());
    let reset = Event { seq: 9, at: 2_000, step: Step::LabReset };
    assert_eq!(timeline.apply(fixture::batch(&[reset])).len(), 1);
    assert_eq!((timeline.events.with_untracked(Vec::len), numbers(timeline)), (1, vec![]));
}

#[test]
fn turns_and_log_are_those_of_the_moment_that_is_shown_while_events_go_on_being_taken_in() {
    let _owner = fixture::owner();
    let two = fixture::two_turns();
    let (timeline, playback) = fixture::timeline(&two[..6]);
    playback.show_turn(1);
    let lines = timeline.log.with_untracked(Vec::len);
    timeline.apply(fixture::batch(&two));
    assert_eq!((numbers(timeline), timeline.log.with_untracked(Vec::len)), (vec![1], lines));
    assert!(!timeline.running.get_untracked());
    playback.go_live();
    assert_eq!(numbers(timeline), [1, 2]);
    assert!(timeline.log.with_untracked(Vec::len) > lines);
}

#[test]
fn a_whole_timeline_takes_the_place_of_what_was_known() {
    let _owner = fixture::owner();
    let (timeline, _) = fixture::timeline(&fixture::two_turns());
    assert_eq!(numbers(timeline), [1, 2]);
    let last = EventId { epoch: 9, seq: 1 };
    timeline.replace(TimelineSnapshot { last, events: ended(7..=7) });
    assert_eq!((numbers(timeline), timeline.last()), (vec![7], last));
}

#[test]
fn a_message_is_known_by_a_turn_after_the_one_that_was_the_last_when_it_was_sent() {
    let _owner = fixture::owner();
    let (timeline, _) = fixture::timeline(&fixture::two_turns());
    assert!(timeline.knows_untracked("id-2", 0) && timeline.knows_untracked("id-2", 1));
    assert!(!timeline.knows_untracked("id-2", 2) && !timeline.knows_untracked("id-3", 0));
}

#[test]
fn an_attempt_is_held_until_it_is_released_whatever_else_happens() {
    let (turn, operation, attempt, max, by) = (1, Operation::Load, 1, 3, ReleasedBy::Person);
    let events = fixture::events([
        Step::AttemptHeld { turn, operation, attempt, max, due_at: 40_000 },
        Step::HoldChanged { on: false },
        Step::AttemptReleased { turn, operation, attempt, max, by },
    ]);
    assert!(held(&events[..1]) && held(&events[..2]) && !held(&events) && !held(&[]));
}

#[test]
fn the_page_keeps_as_many_turns_as_the_server() {
    assert_eq!(too_many(&ended(1..=330)), 0);
    let mut events = ended(1..=331);
    events.drain(..too_many(&events));
    let kept = turns(&events);
    assert_eq!((kept[0].number, kept.len()), (32, 300));
}

#[test]
fn events_that_tell_of_no_turn_are_bounded_too() {
    let step = Step::HoldChanged { on: true };
    let many: Vec<Event> = (0..9_001).map(|seq| Event { seq, at: seq, step: step.clone() }).collect();
    assert_eq!(too_many(&many), 1_500);
}

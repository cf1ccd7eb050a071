//! What becomes of a message, as the page shows it.

use super::{
    super::fixture::{self, message_id as id},
    *,
};
use model::{
    operation::Method,
    timeline::{Event, turns},
};

fn messages(events: &[Event], draft: Option<&str>) -> MessagesState {
    let (timeline, playback) = fixture::timeline(events);
    MessagesState::new(fixture::lab(), timeline, playback, id("id-next"), draft.map(str::to_owned))
}

#[test]
fn an_untouched_lab_proposes_the_first_message_and_another_does_not() {
    let _owner = fixture::owner();
    let new = messages(&[], None);
    assert_eq!(new.draft.get_untracked(), FIRST_MESSAGE);
    assert!(untrack(|| new.is_untouched() && !new.sends_again()));
    let used = messages(&fixture::two_turns(), None);
    assert_eq!(used.draft.get_untracked(), "");
    assert!(untrack(|| !used.is_untouched() && used.next_content().is_none()));
    assert_eq!(messages(&[], Some("What I typed")).draft.get_untracked(), "What I typed");
}

#[test]
fn a_failed_message_is_the_next_one_unless_something_else_was_typed() {
    let _owner = fixture::owner();
    let error = LabError::new(ErrorCode::RetriesExhausted, "gave up");
    let mut events = fixture::two_turns();
    events[7].step = Step::TurnFailed { turn: 2, method: Method::ProcessMessage, took_us: 1, error };
    let messages = messages(&events, None);
    assert_eq!(untrack(|| messages.next_content()).as_deref(), Some("two"));
    assert!(untrack(|| messages.sends_again()));
    messages.draft.set(" three ".to_owned());
    assert_eq!(untrack(|| messages.next_content()).as_deref(), Some("three"));
    assert!(untrack(|| !messages.sends_again()));
}

#[test]
fn a_message_that_is_on_its_way_is_the_timelines_when_its_turn_is_known() {
    let _owner = fixture::owner();
    let messages = messages(&[], None);
    let sending = |after_turn| {
        let (id, content) = (id("id-1"), FIRST_MESSAGE.to_owned());
        messages.unsent.set(vec![Unsent { id, content, after_turn, state: UnsentState::Sending }]);
    };
    let known = fixture::two_turns();
    let left = |step| {
        messages.apply(step);
        messages.unsent.with_untracked(Vec::len)
    };
    sending(0);
    assert_eq!(left(&known[4].step), 1, "that is the turn of another");
    assert_eq!(left(&known[0].step), 0);
    sending(1);
    assert_eq!(left(&known[0].step), 1, "that is an earlier turn with the same id");
}

#[test]
fn a_message_is_shown_at_once_and_then_what_became_of_it() {
    let _owner = fixture::owner();
    let messages = messages(&[], None);
    let state = || messages.unsent.with_untracked(|unsent| unsent.iter().map(|m| m.state.clone()).collect::<Vec<_>>());
    messages.begin(FIRST_MESSAGE, &id("id-3"));
    assert_eq!((messages.draft.get_untracked(), state()), (String::new(), vec![UnsentState::Sending]));
    let away = UnsentState::Failed(LabError::new(ErrorCode::ServerUnreachable, "away"));
    messages.end(FIRST_MESSAGE.to_owned(), &id("id-3"), 0, Some(away.clone()));
    assert_eq!(state(), [away]);
    messages.begin(FIRST_MESSAGE, &id("id-3"));
    assert_eq!(state(), [UnsentState::Sending], "sent again it is the same message");
    messages.end(FIRST_MESSAGE.to_owned(), &id("id-3"), 0, Some(UnsentState::Answered));
    assert_eq!(state(), [UnsentState::Answered]);
}

#[test]
fn a_refused_message_goes_back_to_the_field_and_one_whose_turn_is_known_is_the_timelines() {
    let _owner = fixture::owner();
    let messages = messages(&fixture::two_turns(), None);
    let after = messages.begin("too long", &id("id-3"));
    messages.end("too long".to_owned(), &id("id-3"), after, None);
    assert_eq!((after, messages.draft.get_untracked()), (2, "too long".to_owned()));
    messages.begin("two", &id("id-2"));
    messages.end("two".to_owned(), &id("id-2"), 1, Some(UnsentState::Answered));
    assert_eq!(messages.unsent.get_untracked(), []);
}

#[test]
fn what_no_turn_has_stored_is_taken_over_once_in_its_order() {
    let started = |turn, message| Step::TurnStarted {
        turn,
        method: Method::ProcessMessage,
        message_id: Some(id(message)),
        content: Some(format!("text of {message}")),
    };
    let failed = |turn, code| {
        let error = LabError::new(code, "The words of the failure.");
        Step::TurnFailed { turn, method: Method::ProcessMessage, took_us: 1, error }
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
    let unstored = unstored(&turns(&fixture::events(steps)));
    let codes = unstored.iter().map(|message| match &message.state {
        UnsentState::Failed(error) => (message.id.as_str(), message.content.as_str(), error.code),
        other => panic!("{other:?}"),
    });
    assert_eq!(
        codes.collect::<Vec<_>>(),
        [
            ("failed-twice", "text of failed-twice", ErrorCode::OutcomeUnknown),
            ("under-way", "text of under-way", ErrorCode::ServerUnreachable),
        ]
    );
}

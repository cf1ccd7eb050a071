use model::{error::ErrorCode, operation::Operation};

use super::*;
use crate::timeline::Behind;

fn user1() -> ActorId {
    ActorId::lesson()
}

fn small(turns: usize, bytes: usize) -> Timelines {
    Timelines::with_limits(Limits { turns, bytes }, usize::MAX)
}

/// A turn that stores `content`.
fn store(timelines: &Timelines, content: &str) -> u64 {
    let id = MessageId::try_from(format!("id-{}", &content[..content.len().min(8)])).unwrap();
    let turn = timelines.start_turn(&user1(), None, Method::ProcessMessage, Some(id), Some(content.into()));
    let reply = Message::reply_to(content).content;
    timelines.record(&user1(), Step::ReplyReady { turn, content: content.into(), reply });
    timelines.record(&user1(), Step::TurnCompleted { turn, took_us: 1, repeated: false });
    turn
}

fn seqs(events: &[Event]) -> Vec<u64> {
    events.iter().map(|event| event.seq).collect()
}

fn missed(timelines: &Timelines, follow: &mut Follow) -> Vec<u64> {
    assert!(!follow.missed.is_gap());
    timelines.read_all_missed(&user1(), follow).unwrap().iter().map(|event| event.seq).collect()
}

#[test]
fn events_are_numbered_from_one_without_gaps() {
    let timelines = Timelines::new();
    store(&timelines, "one");
    store(&timelines, "two");
    let snapshot = timelines.snapshot(&user1());
    assert_eq!(seqs(&snapshot.events), [1, 2, 3, 4, 5, 6]);
    assert_eq!(snapshot.last.seq, 6);
}

#[test]
fn a_follower_gets_what_it_missed_and_then_what_comes() {
    let timelines = Timelines::new();
    store(&timelines, "one");
    let epoch = timelines.snapshot(&user1()).last.epoch;
    let mut follow = timelines.follow(&user1(), Some(EventId { epoch, seq: 1 }));
    timelines.record(&user1(), Step::Deactivated);
    assert_eq!(missed(&timelines, &mut follow), [2, 3]);
    assert_eq!(follow.live.try_next().unwrap().unwrap().seq, 4);
    assert!(follow.live.try_next().unwrap().is_none());
    assert!(missed(&timelines, &mut timelines.follow(&user1(), None)).is_empty());
    assert!(missed(&timelines, &mut timelines.follow(&user1(), Some(EventId { epoch, seq: 4 }))).is_empty());
}

#[test]
fn a_point_that_is_not_known_is_a_gap() {
    let timelines = small(1, usize::MAX);
    for content in ["one", "two", "three"] {
        store(&timelines, content);
    }
    let last = timelines.snapshot(&user1()).last;
    for after in [
        EventId { seq: last.seq + 1, ..last },
        EventId { epoch: last.epoch - 1, ..last },
        EventId { seq: 5, ..last },
        EventId { seq: 0, ..last },
    ] {
        let mut follow = timelines.follow(&user1(), Some(after));
        assert!(follow.missed.is_gap(), "{after} was taken for known");
        let known = timelines.read_all_missed(&user1(), &mut follow).unwrap();
        assert_eq!(known.iter().map(|event| event.seq).collect::<Vec<_>>(), [7, 8, 9]);
        assert_eq!((follow.epoch, follow.missed.last()), (last.epoch, last.seq));
    }
    let mut known = timelines.follow(&user1(), Some(EventId { seq: 6, ..last }));
    assert_eq!(missed(&timelines, &mut known), [7, 8, 9]);
}

#[test]
fn whoever_reads_all_that_is_known_piece_by_piece_has_each_turn_whole_or_not_at_all() {
    let timelines = small(3, usize::MAX);
    // The three events of a turn are no one piece.
    let large = |n: u32| format!("{n}{}", "x".repeat(40_000));
    for n in 1..=3 {
        store(&timelines, &large(n));
    }
    let unknown = EventId { epoch: 1, seq: 1 };
    let mut follow = timelines.follow(&user1(), Some(unknown));
    let read = |follow: &mut Follow| {
        let piece = timelines.read_missed(&user1(), follow);
        piece.map(|piece| piece.iter().map(|event| event.seq).collect::<Vec<_>>())
    };
    let mut half = timelines.follow(&user1(), Some(unknown));
    let mut resumed = timelines.follow(&user1(), Some(EventId { epoch: half.epoch, seq: 1 }));
    assert_eq!(read(&mut half).unwrap(), [1]);
    for piece in [&[1][..], &[2], &[3, 4]] {
        assert_eq!(read(&mut follow).unwrap(), piece);
    }
    store(&timelines, &large(4));
    assert_eq!(read(&mut half), Err(Behind), "the rest of the turn is gone");
    assert_eq!(read(&mut resumed), Err(Behind), "it was told of no gap");
    let rest: Vec<u64> =
        std::iter::from_fn(|| read(&mut follow).ok().filter(|piece| !piece.is_empty())).flatten().collect();
    assert_eq!(rest, [5, 6, 7, 8, 9]);
    assert_eq!(follow.live.try_next().unwrap().unwrap().seq, 10);
}

#[test]
fn no_event_is_lost_or_doubled_between_what_was_missed_and_what_comes() {
    const TURNS: u64 = 200;
    let timelines = Timelines::new();
    let epoch = timelines.snapshot(&user1()).last.epoch;
    let writer = std::thread::spawn({
        let timelines = timelines.clone();
        move || {
            (0..TURNS).for_each(|n| {
                store(&timelines, &n.to_string());
            })
        }
    });
    for _ in 0..200 {
        let mut follow = timelines.follow(&user1(), Some(EventId { epoch, seq: 0 }));
        let mut seqs = missed(&timelines, &mut follow);
        if let Ok(Some(next)) = follow.live.try_next() {
            seqs.push(next.seq);
        }
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    }
    writer.join().unwrap();
    assert_eq!(timelines.snapshot(&user1()).last.seq, TURNS * 3);
}

#[test]
fn whole_turns_are_forgotten_and_their_messages_become_the_history_before() {
    let timelines = small(2, usize::MAX);
    timelines.first_load(&user1(), &[Message::user("earlier")]);
    timelines.record(&user1(), Step::Activated);
    for content in ["one", "two", "three"] {
        store(&timelines, content);
    }
    let snapshot = timelines.snapshot(&user1());
    let kept: Vec<u64> = model::timeline::turns(&snapshot.events).iter().map(|turn| turn.number).collect();
    assert_eq!(kept, [2, 3]);
    assert!(snapshot.events.iter().all(|event| event.step.turn().is_some()), "the older activation went first");
    let before = [Message::user("earlier"), Message::user("one"), Message::reply_to("one")];
    assert_eq!(timelines.before(&user1()).unwrap(), before);
    timelines.first_load(&user1(), &[]);
    assert_eq!(timelines.before(&user1()).unwrap(), before, "only the first load tells what was before");
}

#[test]
fn bytes_are_bounded_too_and_an_open_turn_stays() {
    let timelines = small(usize::MAX, 20_000);
    let open = timelines.start_turn(&user1(), None, Method::GetConversationHistory, None, None);
    for n in 0..100 {
        store(&timelines, &format!("{n}{}", "x".repeat(1_000)));
    }
    for _ in 0..1_000 {
        timelines.record(&user1(), Step::Deactivated);
    }
    let snapshot = timelines.snapshot(&user1());
    assert!(serde_json::to_vec(&snapshot.events).unwrap().len() < 25_000);
    assert_eq!(snapshot.events[0].step.turn(), Some(open));
}

#[test]
fn a_queued_call_keeps_its_number_whatever_starts_before_it() {
    let timelines = Timelines::new();
    let queue =
        |content: &str| timelines.queue_turn(&user1(), Method::ProcessMessage, None, Some(content.into())).unwrap();
    let (first, second) = (queue("same"), queue("same"));
    let start = |ticket| timelines.start_turn(&user1(), ticket, Method::ProcessMessage, None, Some("same".into()));
    assert_eq!(start(Some(&second)), 2);
    assert_eq!(start(None), 3, "a call past the lab");
    assert_eq!(start(Some(&second)), 4, "a call that the sidecar sent again");
    timelines.turn_never_started(&user1(), &second, &LabError::new(ErrorCode::Internal, "no"));
    timelines.turn_never_started(&user1(), &first, &LabError::new(ErrorCode::Internal, "no"));
    let failed = |event: &Event| matches!(event.step, Step::TurnFailed { .. }).then(|| event.step.turn().unwrap());
    assert_eq!(timelines.snapshot(&user1()).events.iter().filter_map(failed).collect::<Vec<_>>(), [1]);
}

#[test]
fn a_reset_forgets_what_was_numbers_turns_anew_and_keeps_those_that_wait() {
    let timelines = Timelines::new();
    store(&timelines, "one");
    let waiting = timelines.queue_turn(&user1(), Method::ProcessMessage, None, Some("later".into())).unwrap();
    timelines.labs().write(&user1(), Contents::reset_timeline);
    let snapshot = timelines.snapshot(&user1());
    assert_eq!(seqs(&snapshot.events), [5, 6]);
    assert_eq!(snapshot.events[0].step, Step::LabReset);
    assert_eq!(timelines.before(&user1()), Some(Vec::new()));
    assert_eq!(timelines.start_turn(&user1(), Some(&waiting), Method::ProcessMessage, None, Some("later".into())), 1);
    assert_eq!(store(&timelines, "next"), 2);
}

#[test]
fn a_stored_message_is_found_by_its_id() {
    let timelines = Timelines::new();
    let turn = store(&timelines, "one");
    assert_eq!(timelines.turn_of_message(&user1(), "id-one"), Some(turn));
    assert_eq!(timelines.turn_of_message(&user1(), "id-two"), None);
}

#[test]
fn a_slow_follower_lags_and_slows_nobody() {
    let timelines = Timelines::new();
    let mut follow = timelines.follow(&user1(), None);
    for attempt in 1..=200 {
        timelines.record(&user1(), Step::AttemptStarted { turn: 1, operation: Operation::Load, attempt, max: 3 });
        timelines.record(&user1(), Step::Deactivated);
    }
    assert_eq!(follow.live.try_next().err(), Some(Behind));
}

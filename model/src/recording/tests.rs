use serde_json::{Value, json};

use super::{
    cut::{Cut, InForce, cut},
    *,
};
use crate::{
    error::ErrorCode,
    operation::{Cause, Layer, Method, Operation},
    timeline::Step,
};

fn lesson() -> InForce {
    InForce { policy: RetryPolicy::LESSON, fault: FaultStatus::lesson() }
}

fn patient() -> RetryPolicy {
    RetryPolicy { attempts: 5, ..RetryPolicy::LESSON }
}

fn started(turn: u64) -> Step {
    Step::TurnStarted {
        turn,
        method: Method::ProcessMessage,
        message_id: None,
        content: Some(format!("message {turn}")),
    }
}

fn queued(turn: u64) -> Step {
    Step::TurnQueued {
        turn,
        method: Method::ProcessMessage,
        message_id: None,
        content: Some(format!("message {turn}")),
    }
}

fn completed(turn: u64) -> Step {
    Step::TurnCompleted { turn, took_us: 1_000, repeated: false }
}

fn load(turn: u64, attempt: u8, fails: bool) -> [Step; 2] {
    let (operation, max, took_us) = (Operation::Load, 3, 400);
    let cause = Cause { simulated: true, layer: Layer::Actor };
    let end = if fails {
        Step::AttemptFailed { turn, operation, attempt, max, error: "away".into(), cause, transient: true, took_us }
    } else {
        Step::AttemptSucceeded { turn, operation, attempt, max, took_us }
    };
    [Step::AttemptStarted { turn, operation, attempt, max }, end]
}

fn wait(turn: u64, attempt: u8) -> Step {
    Step::RetryScheduled { turn, operation: Operation::Load, attempt, max: 3, delay_ms: 1_000, due_at: 2_000 }
}

fn told(steps: impl IntoIterator<Item = Step>) -> Vec<Event> {
    (1..).zip(steps).map(|(seq, step)| Event { seq, at: 1_000 + seq, step }).collect()
}

/// Turn 1, whose second load succeeds; turn 2 waits for it meanwhile, and somebody switches.
fn two_turns() -> Vec<Event> {
    let first = [queued(1), Step::Activated, started(1)].into_iter().chain(load(1, 1, true)).chain([wait(1, 2)]);
    let meanwhile = [queued(2), Step::PolicyChanged { policy: patient() }, Step::WireChanged { wire: None }];
    let ends = load(1, 2, false).into_iter().chain([completed(1), started(2)]);
    let second = load(2, 1, false).into_iter().chain([Step::CheckPassed { check: 1 }, completed(2)]);
    told(first.chain(meanwhile).chain(ends).chain(second))
}

fn recording(cut: Cut, turn: u64) -> Recording {
    Recording {
        format: Format::Turn,
        version: 1,
        actor: ActorId::lesson(),
        runtime: RecordedRuntime { sidecar: "embedded sidecar".into(), store: "SQLite".into() },
        utc_offset_min: 60,
        turn,
        policy: cut.policy,
        fault: cut.fault,
        events: cut.events,
    }
}

fn first_turn() -> Recording {
    recording(cut(&two_turns(), 1, lesson(), Some(lesson())).unwrap(), 1)
}

fn kinds(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| serde_json::to_value(event).unwrap()["type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_turn_is_taken_out_with_what_was_set_when_it_began_and_while_it_ran() {
    let first = first_turn();
    let due = [
        "turn_queued",
        "activated",
        "turn_started",
        "attempt_started",
        "attempt_failed",
        "retry_scheduled",
        "policy_changed",
        "wire_changed",
        "attempt_started",
        "attempt_succeeded",
        "turn_completed",
    ];
    assert_eq!(kinds(&first.events), due);
    assert_eq!(first.policy, Some(RetryPolicy::LESSON), "the change came later");
    assert_eq!(first.fault, Some(FaultStatus::lesson()));
    let now = InForce { policy: patient(), ..lesson() };
    let second = cut(&two_turns(), 2, now, None).unwrap();
    assert_eq!(
        kinds(&second.events),
        ["turn_queued", "turn_started", "attempt_started", "attempt_succeeded", "turn_completed"]
    );
    assert_eq!(second.policy, Some(patient()));
    assert_eq!(second.fault, Some(FaultStatus::lesson()), "nobody has changed it since");
    for recording in [first, recording(second, 2)] {
        recording.check().unwrap();
    }
}

#[test]
fn what_was_set_is_not_known_where_it_changed_since_and_the_beginning_is_gone() {
    let cut = cut(&two_turns()[2..], 1, lesson(), None).unwrap();
    assert_eq!((cut.policy, cut.fault), (None, Some(FaultStatus::lesson())));
}

#[test]
fn a_turn_that_is_not_there_or_has_not_ended_is_refused() {
    let events = two_turns();
    let refused = |events: &[Event], turn| cut(events, turn, lesson(), None).unwrap_err();
    let gone = refused(&events, 7);
    assert_eq!(gone.code, ErrorCode::NotFound);
    assert!(gone.message.contains("knows turns 1 to 2"), "{gone}");
    assert!(refused(&[], 1).message.contains("knows no turn yet"));
    assert_eq!(refused(&events[..events.len() - 1], 2).code, ErrorCode::Busy);
    assert_eq!(refused(&events, 0).code, ErrorCode::NotFound);
}

#[test]
fn a_recording_is_read_as_it_was_written() {
    let recording = first_turn();
    let text = serde_json::to_string(&recording).unwrap();
    assert_eq!(Recording::parse(text.as_bytes()).unwrap(), recording);
    // What is null may be left out.
    let mut short = serde_json::to_value(&recording).unwrap();
    short["events"][0].as_object_mut().unwrap().remove("message_id");
    assert_eq!(Recording::parse(short.to_string().as_bytes()).unwrap(), recording);
}

#[test]
fn what_is_wrong_is_named_by_its_field() {
    let whole = serde_json::to_value(first_turn()).unwrap();
    type Change = fn(&mut Value);
    let cases: &[(&str, Change)] = &[
        ("format", |d| d["format"] = json!("song")),
        ("format", |d| drop(d.as_object_mut().unwrap().remove("format"))),
        ("version", |d| d["version"] = json!(2)),
        ("actor", |d| d["actor"] = json!("a b")),
        ("runtime.store", |d| d["runtime"]["store"] = json!("")),
        ("runtime.colour", |d| d["runtime"]["colour"] = json!("red")),
        ("runtime", |d| d["runtime"] = json!(["embedded", "SQLite"])),
        ("utc_offset_min", |d| d["utc_offset_min"] = json!(1_441)),
        ("turn", |d| d["turn"] = json!(0)),
        ("policy.attempts", |d| d["policy"]["attempts"] = json!(11)),
        ("fault.counts", |d| d["fault"]["counts"] = json!([])),
        ("mood", |d| d["mood"] = json!("good")),
        ("events", |d| d["events"] = json!([])),
        ("events", |d| d["events"].as_array_mut().unwrap().truncate(4)),
        ("events[0].type", |d| drop(d["events"].as_array_mut().unwrap().drain(..3))),
        ("events[3].seq", |d| d["events"][3]["seq"] = json!(3)),
        ("events[0].seq", |d| d["events"][0]["seq"] = json!(0)),
        ("events[4].turn", |d| d["events"][4]["turn"] = json!(2)),
        ("events[4].type", |d| d["events"][4]["type"] = json!("sings")),
        ("events[4].mood", |d| d["events"][4]["mood"] = json!("bad")),
        ("events[4].cause.mood", |d| d["events"][4]["cause"]["mood"] = json!("bad")),
        ("events[4].took_us", |d| d["events"][4]["took_us"] = json!(u64::MAX)),
        ("events[4].attempt", |d| d["events"][4]["attempt"] = json!(300)),
        ("events[9].type", |d| d["events"][9]["attempt"] = json!(1)),
        ("events[8].attempt", |d| d["events"][8]["attempt"] = json!(1)),
        ("events[5].due_at", |d| d["events"][5]["due_at"] = json!(9_000_000_000_u64)),
        ("events[5].delay_ms", |d| d["events"][5]["delay_ms"] = json!(60_001)),
        ("events[6].policy.attempts", |d| d["events"][6]["policy"]["attempts"] = json!(0)),
        ("events[10].at", |d| d["events"][10]["at"] = json!(u64::MAX)),
        ("events[11].type", |d| {
            let again = d["events"][10].clone();
            d["events"].as_array_mut().unwrap().push(again);
            d["events"][11]["seq"] = json!(100);
        }),
        ("events[11].type", |d| {
            let stray = json!({"seq": 100, "at": 1_100, "type": "check_passed", "check": 1});
            d["events"].as_array_mut().unwrap().push(stray);
        }),
    ];
    for (n, (field, change)) in cases.iter().enumerate() {
        let mut wrong = whole.clone();
        change(&mut wrong);
        let error = Recording::parse(wrong.to_string().as_bytes()).unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::InvalidField, Some(*field)), "case {n}: {error}");
        assert!(error.message.len() > 10, "{error}");
    }
    // What every field of it could be, in one list.
    let list: Vec<_> = whole.as_object().unwrap().values().cloned().collect();
    assert!(Recording::parse(json!(list).to_string().as_bytes()).is_err());
    for text in ["", "{", "nonsense"] {
        assert_eq!(Recording::parse(text.as_bytes()).unwrap_err().code, ErrorCode::InvalidRequest, "{text}");
    }
    assert_eq!(Recording::parse(b"[]").unwrap_err().code, ErrorCode::InvalidField);
}

use super::*;
use model::{
    timeline::{Event, Step, turns},
    wire::WireStatus,
};

fn panels() -> Panels {
    Panels {
        history: Ok(Vec::new()),
        stored: Err(model::error::LabError::new(ErrorCode::Internal, "not read")),
        before: Vec::new(),
        checks: Vec::new(),
        fault: FaultStatus::lesson(),
        layers: Vec::new(),
        sidecar_retries: None,
        hold: false,
        policy: model::policy::RetryPolicy::LESSON,
        wire: None,
    }
}

fn path(turns: &[Turn], panels: &Panels, connection: Connection) -> Flow {
    let mut used = FaultStatus::lesson();
    used.counts[0].left = Some(0);
    flow(turns, &used, true, panels, connection, 1_600)
}

fn waiting(simulated: bool) -> Vec<Turn> {
    let (turn, operation, max) = (1, Operation::Load, 3);
    let cause = Cause { simulated, layer: if simulated { Layer::Actor } else { Layer::Store } };
    let steps = [
        Step::TurnStarted { turn, method: Method::ProcessMessage, message_id: None, content: Some("Hi".into()) },
        Step::AttemptStarted { turn, operation, attempt: 1, max },
        Step::AttemptFailed {
            turn,
            operation,
            attempt: 1,
            max,
            error: "away".into(),
            cause,
            transient: true,
            took_us: 1,
        },
        Step::RetryScheduled { turn, operation, attempt: 2, max, delay_ms: 1_000, due_at: 2_000 },
    ];
    turns(&(1..).zip(steps).map(|(seq, step)| Event { seq, at: 1_000, step }).collect::<Vec<_>>())
}

#[test]
fn while_a_retry_waits_the_callers_are_held_and_the_last_hop_is_open() {
    let path = path(&waiting(true), &panels(), Connection::Live);
    assert_eq!(path.hops, [HopState::Held, HopState::Held, HopState::Held, HopState::Broken]);
    assert_eq!((path.nodes[3], path.nodes[4]), (StationState::Waits, StationState::Off));
    assert_eq!(path.knife, Some("knife broken"));
    assert!(path.sentence.contains("load attempt 1 failed on purpose"), "{}", path.sentence);
}

#[test]
fn a_failure_that_nobody_asked_for_does_not_wear_the_colour_of_the_switch() {
    let path = path(&waiting(false), &panels(), Connection::Live);
    assert_eq!(path.knife, Some("knife torn"));
    assert!(path.sentence.contains("failed in the state store"), "{}", path.sentence);
}

#[test]
fn a_wire_that_fails_on_purpose_is_seen_before_anything_meets_it_and_when_something_does() {
    let mut panels = panels();
    let status = |fault| WireStatus { fault, listens: "127.0.0.1:1".into(), redis: "127.0.0.1:2".into() };
    panels.wire = Some(status(Some(WireFault::Stall)));
    let resting = path(&[], &panels, Connection::Live);
    assert_eq!(resting.knife, Some("knife armed"));
    assert!(resting.sentence.contains("stalls on purpose"), "{}", resting.sentence);
    panels.history = Err(model::error::LabError::new(ErrorCode::StoreUnreachable, "no answer"));
    let met = path(&[], &panels, Connection::Live);
    assert_eq!((met.hops[3], met.knife), (HopState::Broken, Some("knife broken")));
    panels.wire = Some(status(None));
    assert_eq!(path(&[], &panels, Connection::Live).knife, Some("knife torn"), "a real outage is red");
}

#[test]
fn what_does_not_answer_is_named_and_its_hop_is_broken() {
    let mut away = panels();
    away.history = Err(model::error::LabError::new(ErrorCode::SidecarUnreachable, "no answer"));
    let path = path(&[], &away, Connection::Lost);
    assert_eq!((path.hops[0], path.hops[1]), (HopState::Dead, HopState::Broken));
    assert!(path.sentence.contains("connection") && path.sentence.contains("The sidecar does not answer."));
}

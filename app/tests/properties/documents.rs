//! Documents from outside: scenario files and recordings. Whatever is wrong with one is named by its place, nothing
//! panics, and what is taken comes back as it was and can be shown.

use app::pages::{
    document::{Frame, Style},
    recording::{Refused, open, recording as page},
};
use model::{
    actor_id::ActorId,
    error::{ErrorCode, LabError},
    fault::{FaultSetting, FaultStatus, Hit, HitEnd},
    operation::{Cause, Layer, Method, Operation},
    recording::{Format, RecordedRuntime, Recording},
    scenario::{self, Awaited, Ending, Need, Scenario, ScenarioStep, TurnEnd, TurnOutcome},
    timeline::{BarId, Event, ReleasedBy, Step},
    wire::WireSetting,
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};

use super::strategies::{call, error, json as any_json, message, message_id, plan, policy, wire};

const FRAME: Frame<'static> = Frame { style: Style::Linked("/pkg/app.css"), theme: None };

fn setting() -> impl Strategy<Value = FaultSetting> {
    (any::<bool>(), option::of(plan())).prop_map(|(on, plan)| FaultSetting { on, plan })
}

fn step() -> impl Strategy<Value = ScenarioStep> {
    let text = || "\\PC{1,12}";
    let awaited = [Awaited::RetryScheduled, Awaited::AttemptFailed, Awaited::Deactivated, Awaited::EventDelivered];
    let alone = [
        ScenarioStep::SendAgain,
        ScenarioStep::Finish,
        ScenarioStep::ReadHistory,
        ScenarioStep::Compare,
        ScenarioStep::DeleteHistory,
    ];
    prop_oneof![
        text().prop_map(ScenarioStep::Send),
        vec(text(), 1..4).prop_map(ScenarioStep::SendAtOnce),
        text().prop_map(ScenarioStep::Begin),
        select(alone.to_vec()),
        select(awaited.to_vec()).prop_map(ScenarioStep::Await),
        setting().prop_map(ScenarioStep::Switch),
        option::of(wire()).prop_map(|fault| ScenarioStep::Wire(WireSetting { fault })),
    ]
}

fn ending() -> impl Strategy<Value = Ending> {
    use TurnOutcome::{Failed, Open, Repeated, Returned, Stored, Unknown};
    let outcome = select(vec![Stored, Repeated, Returned, Failed, Unknown, Open]);
    let count = || option::of(0_usize..20);
    let turn = (outcome, count(), count(), count(), count())
        .prop_map(|(outcome, load, save, save_calls, publish)| TurnEnd { outcome, load, save, save_calls, publish });
    (vec(turn, 0..5), 0_usize..=5, count()).prop_map(|(turns, messages, events)| Ending { turns, messages, events })
}

fn any_scenario() -> impl Strategy<Value = Scenario> {
    let needs = select(vec![vec![], vec![Need::Wire], vec![Need::StoreLayer, Need::Wire]]);
    (vec("\\PC{1,20}", 5), needs, policy(), any::<bool>(), setting(), vec(step(), 1..6), ending()).prop_map(
        |(texts, needs, policy, sidecar_retries, switch, steps, ends)| {
            let [title, brief, action, watch, teaches] = <[String; 5]>::try_from(texts).unwrap();
            let name = "any".to_owned();
            Scenario { name, title, brief, action, watch, teaches, needs, policy, sidecar_retries, switch, steps, ends }
        },
    )
}

/// The attempts of one operation, each held or not, met by a fault or not, with what the sidecar did meanwhile.
fn operation(operation: Operation, turn: u64) -> impl Strategy<Value = Vec<Step>> {
    let most = if operation == Operation::Publish { 1 } else { 10_u8 };
    let attempt = (any::<[bool; 4]>(), 0..50_000_000_u64, 0..60_000_u64, vec(call(), 0..3), any::<String>());
    let fault = plan().prop_map(FaultStatus::armed);
    (vec(attempt, 1..=usize::from(most)), fault).prop_map(move |(attempts, fault)| {
        let max = most;
        let mut steps = Vec::new();
        let last = attempts.len();
        for (nth, ([held, met, seen, fails], took_us, delay_ms, calls, error)) in (1..).zip(attempts) {
            let attempt = nth;
            if attempt > 1 {
                steps.push(Step::RetryScheduled {
                    turn,
                    operation,
                    attempt,
                    max,
                    delay_ms,
                    due_at: 1_000_000 + delay_ms,
                });
            }
            if held {
                steps.push(Step::AttemptHeld { turn, operation, attempt, max, due_at: 1_000_000 + delay_ms });
                steps.push(Step::AttemptReleased { turn, operation, attempt, max, by: ReleasedBy::Person });
            }
            steps.push(Step::AttemptStarted { turn, operation, attempt, max });
            if met {
                let end = Some(HitEnd { layer: Layer::Store, hangs: fails });
                let hit = Hit { actor_delay_ms: delay_ms, store_delay_ms: 1, wire_delay_ms: 0, end };
                steps.push(Step::FaultFired { turn, operation, attempt, hit, fault: fault.clone() });
            }
            for mut call in calls.into_iter().filter(|_| seen) {
                call.took_us %= 1_000_000;
                let (operation, attempt) = (Some(operation), Some(attempt));
                steps.push(Step::StoreCall { turn: Some(turn), operation, attempt, call });
            }
            if usize::from(attempt) < last || fails {
                let cause = Cause { simulated: met, layer: Layer::Store };
                let transient = !met;
                steps.push(Step::AttemptFailed { turn, operation, attempt, max, error, cause, transient, took_us });
            } else {
                steps.push(Step::AttemptSucceeded { turn, operation, attempt, max, took_us });
                steps.push(Step::Recovered { turn, operation, attempt, max, lost_us: took_us });
            }
        }
        steps
    })
}

/// The steps of a whole turn, more of them than any real one has.
fn course(turn: u64) -> impl Strategy<Value = Vec<Step>> {
    use Operation::{Load, Publish, Save};
    let method = select(vec![Method::ProcessMessage, Method::GetConversationHistory]);
    let begins = (any::<[bool; 3]>(), method, option::of(message_id()), option::of(any::<String>()));
    let set = prop_oneof![
        policy().prop_map(|policy| Step::PolicyChanged { policy }),
        plan().prop_map(|plan| Step::FaultChanged { fault: FaultStatus::armed(plan) }),
        option::of(wire()).prop_map(|wire| Step::WireChanged { wire }),
        Just(Step::HoldChanged { on: true }),
        Just(Step::Deactivated),
    ];
    let tried = (operation(Load, turn), vec(set, 0..3), operation(Save, turn), operation(Publish, turn));
    let ends = (option::of(error()), vec(message(), 0..6), any::<[String; 2]>(), 0..45_000_000_u64);
    (begins, tried, ends).prop_map(move |(begins, (load, set, save, publish), ends)| {
        let ([queued, starts, delivered], method, message_id, content) = begins;
        let (failed, messages, [reply, input], took_us) = ends;
        let mut steps = Vec::new();
        if queued || !starts {
            let (message_id, content) = (message_id.clone(), content.clone());
            steps.push(Step::TurnQueued { turn, method, message_id, content });
        }
        if starts {
            steps.extend([Step::Activated, Step::TurnStarted { turn, method, message_id, content }]);
            steps.extend(load.into_iter().chain(set).chain(save).chain(publish));
            steps.push(Step::ReplyReady { turn, content: input.clone(), reply: reply.clone() });
            steps.push(Step::HistoryReturned { turn, messages });
        }
        steps.push(match failed {
            Some(error) => Step::TurnFailed { turn, method, took_us, error },
            None if starts => Step::TurnCompleted { turn, took_us, repeated: queued },
            None => {
                Step::TurnFailed { turn, method, took_us, error: LabError::new(ErrorCode::Internal, "never began") }
            }
        });
        if delivered && starts {
            steps.push(Step::EventDelivered { turn: Some(turn), input, output: reply });
        }
        steps
    })
}

fn any_recording() -> impl Strategy<Value = Recording> {
    let turn = prop_oneof![1_u64..20, Just(u64::MAX)];
    let events = turn.prop_flat_map(|turn| (Just(turn), course(turn), vec((1_u64..9, 0_u64..3_600_000), 300)));
    let set = (option::of(policy()), option::of(plan().prop_map(FaultStatus::armed)));
    (events, set, "[A-Za-z0-9_~-]{1,64}", -1_440_i32..=1_440).prop_map(
        |((turn, steps, times), (policy, fault), actor, utc_offset_min)| {
            let mut seq = 0;
            let first = times[0].1;
            let event = |(step, (gap, at)): (Step, (u64, u64))| {
                seq += gap;
                Event { seq, at: 1_000_000 + if seq == gap { first } else { at }, step }
            };
            Recording {
                format: Format::Turn,
                version: Recording::VERSION,
                actor: actor.parse::<ActorId>().unwrap(),
                runtime: RecordedRuntime { sidecar: "daprd 1.18.2".into(), store: "state.redis".into() },
                utc_offset_min,
                turn,
                policy,
                fault,
                events: steps.into_iter().zip(times).map(event).collect(),
            }
        },
    )
}

/// What somebody does to a document by hand.
#[derive(Clone, Debug)]
enum Edit {
    Remove,
    Replace(Value),
    Add(String, Value),
    Repeat,
}

fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, Edit)>> {
    let edit = prop_oneof![
        Just(Edit::Remove),
        any_json().prop_map(Edit::Replace),
        prop_oneof![any::<u64>(), 0_u64..20].prop_map(|number| Edit::Replace(number.into())),
        ("[a-z_]{1,8}", any_json()).prop_map(|(name, value)| Edit::Add(name, value)),
        Just(Edit::Repeat),
    ];
    vec((any::<prop::sample::Index>(), edit), 1..4)
}

/// The places of everything in a document, as JSON pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| places(value, &format!("{at}/{name}"), found)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| places(item, &format!("{at}/{n}"), found));
        }
        _ => {}
    }
}

fn edited(mut document: Value, edits: &[(prop::sample::Index, Edit)]) -> Value {
    for (place, edit) in edits {
        let mut found = Vec::new();
        places(&document, "", &mut found);
        let place = place.get(&found).clone();
        let (outer, name) = place.rsplit_once('/').unwrap_or(("", ""));
        match edit {
            Edit::Replace(value) => *document.pointer_mut(&place).unwrap() = value.clone(),
            Edit::Add(name, value) => {
                if let Some(Value::Object(fields)) = document.pointer_mut(&place) {
                    fields.insert(name.clone(), value.clone());
                }
            }
            Edit::Remove | Edit::Repeat if place.is_empty() => {}
            Edit::Remove => match document.pointer_mut(outer) {
                Some(Value::Object(fields)) => drop(fields.remove(name)),
                Some(Value::Array(items)) => drop(items.remove(name.parse().unwrap())),
                _ => {}
            },
            Edit::Repeat => {
                if let Some(Value::Array(items)) = document.pointer_mut(outer) {
                    let n: usize = name.parse().unwrap();
                    items.insert(n, items[n].clone());
                }
            }
        }
    }
    document
}

/// An error says where: the field, or line and column where it is no JSON.
fn names_the_place(error: &LabError) -> Result<(), TestCaseError> {
    match error.code {
        ErrorCode::InvalidField => {
            let field = error.field.as_deref().unwrap_or_default();
            prop_assert!(!field.is_empty() && error.message.len() > 5, "{:?}", error);
        }
        ErrorCode::InvalidRequest => prop_assert!(error.message.contains(" line "), "{:?}", error),
        _ => prop_assert!(false, "{:?}", error),
    }
    Ok(())
}

fn scenario_is_taken_or_refused(text: &str) -> Result<(), TestCaseError> {
    match scenario::parse("any", text) {
        Ok(taken) => {
            let written = serde_json::to_string(&taken).unwrap();
            prop_assert_eq!(scenario::parse("any", &written), Ok(taken));
        }
        Err(error) => names_the_place(&error)?,
    }
    Ok(())
}

fn recording_is_taken_or_refused(text: &[u8]) -> Result<(), TestCaseError> {
    match Recording::parse(text) {
        Ok(taken) => {
            let written = serde_json::to_string(&taken).unwrap();
            prop_assert_eq!(&Recording::parse(written.as_bytes()), &Ok(taken.clone()));
            shown(&taken, None)?;
        }
        Err(error) => {
            names_the_place(&error)?;
            let text = String::from_utf8_lossy(text).into_owned();
            let html = open(Some(&Refused { text, file: None, error }), FRAME);
            prop_assert_eq!(html.matches("</textarea>").count(), 1, "what was typed stays text");
        }
    }
    Ok(())
}

fn shown(recording: &Recording, bar: Option<BarId>) -> Result<(), TestCaseError> {
    let html = page(recording, "id", "1 May 2026, 12:00:00", bar, FRAME);
    prop_assert!(html.contains("A recording.") && html.ends_with("</html>"));
    prop_assert!(html.len() < 2_000_000, "{} bytes", html.len());
    Ok(())
}

fn bar() -> impl Strategy<Value = BarId> {
    let operation = select(vec![Operation::Load, Operation::Save, Operation::Publish]);
    (1_u64..20, operation, any::<u8>(), any::<bool>()).prop_map(|(turn, operation, attempt, wait)| BarId {
        turn,
        operation,
        attempt,
        wait,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_scenario_comes_back_as_it_was_written(scenario in any_scenario()) {
        let text = serde_json::to_string(&scenario).unwrap();
        prop_assert_eq!(scenario::parse("any", &text), Ok(scenario));
    }

    #[test]
    fn a_scenario_that_somebody_edited_is_taken_or_refused_by_its_place(
        which in any::<prop::sample::Index>(), edits in edits(),
    ) {
        let whole = serde_json::to_value(which.get(scenario::all())).unwrap();
        scenario_is_taken_or_refused(&edited(whole, &edits).to_string())?;
    }

    #[test]
    fn a_recording_comes_back_as_it_was_written_and_can_be_shown(recording in any_recording(), bar in option::of(bar())) {
        let text = serde_json::to_string(&recording).unwrap();
        let read = Recording::parse(text.as_bytes());
        prop_assert_eq!(read.as_ref(), Ok(&recording));
        shown(&recording, bar.map(|bar| BarId { turn: recording.turn, ..bar }))?;
    }

    #[test]
    fn a_recording_that_somebody_edited_is_taken_or_refused_by_its_place(
        recording in any_recording(), edits in edits(),
    ) {
        let whole = serde_json::to_value(&recording).unwrap();
        recording_is_taken_or_refused(edited(whole, &edits).to_string().as_bytes())?;
    }

    #[test]
    fn a_document_that_broke_off_is_refused_where_it_did(
        recording in any_recording(), which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
    ) {
        let text = serde_json::to_string(&recording).unwrap();
        recording_is_taken_or_refused(&text.as_bytes()[..at.index(text.len())])?;
        let text = serde_json::to_string(which.get(scenario::all())).unwrap();
        let end = (0..=at.index(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        scenario_is_taken_or_refused(&text[..end])?;
    }

    #[test]
    fn what_is_no_document_is_refused(bytes in vec(any::<u8>(), 0..64), text in any::<String>(), value in any_json()) {
        recording_is_taken_or_refused(&bytes)?;
        scenario_is_taken_or_refused(&text)?;
        for text in [text, value.to_string(), json!({"format": "faultlab-turn", "events": value}).to_string()] {
            recording_is_taken_or_refused(text.as_bytes())?;
            scenario_is_taken_or_refused(&text)?;
        }
    }
}

//! What comes from outside is read as it was meant or refused with a reason, whatever it is: ids, faults, policies and
//! the timeline's events.
#![cfg(feature = "ssr")]
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "properties/documents.rs"]
mod documents;

use app::{
    actor_id::ActorId,
    error::{ErrorCode, LabError},
    fault::{
        Fault, FaultPlan, FaultSetting, FaultStatus, Hit, HitEnd,
        flat::{FlatFault, KindName, SpanName},
    },
    message::{Message, MessageId, Role},
    policy::{Backoff, RetryPolicy},
    timeline::{Cause, Event, EventId, Layer, Method, Operation, ReleasedBy, Step, TimelineSnapshot},
    wire::{CallOutcome, StoreCall, WireFault, WireSetting},
};
use http::{HeaderValue, Uri};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// Written as JSON and read again it is the same.
fn comes_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) -> Result<(), TestCaseError> {
    let json = serde_json::to_string(value).unwrap();
    let read = serde_json::from_str::<T>(&json).map_err(|error| TestCaseError::fail(format!("{error}: {json}")))?;
    prop_assert_eq!(&read, value);
    Ok(())
}

fn role() -> impl Strategy<Value = Role> {
    select(&[Role::User, Role::Assistant][..])
}

fn message() -> impl Strategy<Value = Message> {
    (role(), any::<String>()).prop_map(|(role, content)| Message { role, content })
}

fn message_id() -> impl Strategy<Value = MessageId> {
    "[!-~]{1,64}".prop_map(|text| MessageId::try_from(text).unwrap())
}

fn operation() -> impl Strategy<Value = Operation> {
    select(&[Operation::Load, Operation::Save, Operation::Publish][..])
}

fn method() -> impl Strategy<Value = Method> {
    select(&[Method::ProcessMessage, Method::GetConversationHistory, Method::ResetConversation][..])
}

fn layer() -> impl Strategy<Value = Layer> {
    select(&[Layer::Actor, Layer::Sidecar, Layer::Store, Layer::Wire][..])
}

fn error() -> impl Strategy<Value = LabError> {
    let code = select(&[ErrorCode::RetriesExhausted, ErrorCode::OutcomeUnknown, ErrorCode::InvalidField][..]);
    (code, any::<String>(), option::of("[a-z_.\\[\\]0-9]{1,12}")).prop_map(|(code, message, field)| LabError {
        code,
        message,
        field,
    })
}

/// A number that is mostly in any range, and sometimes in none.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 1..=10_u64, 2 => 1..=100_u64, 1 => any::<u64>(), 1 => Just(0)]
}

/// A fault as somebody sends it: its fields go together or not.
fn flat() -> impl Strategy<Value = FlatFault> {
    use KindName::{Cut, Delay, Error, Flaky, Hang, Refuse, Stall};
    let kind = select(&[Error, Delay, Hang, Flaky, Refuse, Stall, Cut][..]);
    let span = select(&[SpanName::First, SpanName::Next, SpanName::UntilOff][..]);
    let some = || option::of(number());
    let mostly = || prop::bool::weighted(0.9);
    let kind = option::weighted(0.9, kind);
    (operation(), kind, some(), some(), some(), option::of(span), some(), option::weighted(0.9, layer()), mostly())
        .prop_map(|(operation, kind, ms, percent, seed, span, attempts, layer, fits)| {
            let wire = layer == Some(Layer::Wire);
            FlatFault {
                operation: Some(operation).filter(|_| wire != fits),
                kind,
                ms: ms.filter(|n| kind == Some(Delay) || n.is_multiple_of(8)),
                percent: percent.filter(|n| kind == Some(Flaky) || n.is_multiple_of(8)),
                seed: seed.filter(|n| kind == Some(Flaky) || n.is_multiple_of(8)),
                span,
                attempts: attempts.filter(|n| !wire && span != Some(SpanName::UntilOff) || n.is_multiple_of(8)),
                layer,
            }
        })
}

/// A plan that is taken: the faults among these that are, each against the others.
fn plan() -> impl Strategy<Value = FaultPlan> {
    vec(flat(), 1..24).prop_map(|faults| {
        let mut plan = FaultPlan::lesson();
        let mut kept = Vec::new();
        for fault in faults.into_iter().filter_map(|flat| Fault::try_from(flat).ok()) {
            if let Ok(longer) = FaultPlan::new([&kept[..], &[fault]].concat()) {
                kept.push(fault);
                plan = longer;
            }
        }
        plan
    })
}

fn policy() -> impl Strategy<Value = RetryPolicy> {
    let backoff = select(&[Backoff::Constant, Backoff::Exponential][..]);
    (1..=10_u8, 0..=60_000_u64, backoff, 0..=60_000_u64, 0..=100_u8, any::<u32>(), 100..=6_800_u64).prop_map(
        |(attempts, delay_ms, backoff, max_delay_ms, jitter_percent, seed, attempt_timeout_ms)| RetryPolicy {
            attempts,
            delay_ms,
            backoff,
            max_delay_ms: max_delay_ms.max(delay_ms),
            jitter_percent,
            seed,
            attempt_timeout_ms,
        },
    )
}

fn call() -> impl Strategy<Value = StoreCall> {
    let outcome = prop_oneof![
        Just(CallOutcome::Ok),
        Just(CallOutcome::NoAnswer),
        Just(CallOutcome::Refused),
        any::<String>().prop_map(CallOutcome::Error)
    ];
    (any::<String>(), vec(any::<String>(), 0..3), outcome, any::<u64>())
        .prop_map(|(command, keys, outcome, took_us)| StoreCall { command, keys, outcome, took_us })
}

fn wire() -> impl Strategy<Value = WireFault> {
    prop_oneof![select(&WireFault::OFFERED[..]), (1..=10_000_u32).prop_map(|ms| WireFault::Delay { ms })]
}

fn turns() -> impl Strategy<Value = Step> {
    let content = || option::of(any::<String>());
    let n = any::<u64>;
    prop_oneof![
        (n(), method(), option::of(message_id()), content())
            .prop_map(|(turn, method, message_id, content)| Step::TurnQueued { turn, method, message_id, content }),
        (n(), method(), option::of(message_id()), content())
            .prop_map(|(turn, method, message_id, content)| Step::TurnStarted { turn, method, message_id, content }),
        (n(), any::<String>(), any::<String>()).prop_map(|(turn, content, reply)| Step::ReplyReady {
            turn,
            content,
            reply
        }),
        (n(), vec(message(), 0..6)).prop_map(|(turn, messages)| Step::HistoryReturned { turn, messages }),
        (n(), n(), any::<bool>()).prop_map(|(turn, took_us, repeated)| Step::TurnCompleted { turn, took_us, repeated }),
        (n(), n(), error()).prop_map(|(turn, took_us, error)| Step::TurnFailed { turn, took_us, error }),
        (option::of(n()), any::<String>(), any::<String>()).prop_map(|(turn, input, output)| Step::EventDelivered {
            turn,
            input,
            output
        }),
    ]
}

fn attempts() -> impl Strategy<Value = Step> {
    let attempt = || (any::<u64>(), operation(), any::<u8>(), any::<u8>());
    let cause = (any::<bool>(), layer()).prop_map(|(simulated, layer)| Cause { simulated, layer });
    let end = option::of((layer(), any::<bool>()).prop_map(|(layer, hangs)| HitEnd { layer, hangs }));
    let delays = (any::<u64>(), any::<u64>(), any::<u64>());
    let hit = (delays, end).prop_map(|((actor_delay_ms, store_delay_ms, wire_delay_ms), end)| Hit {
        actor_delay_ms,
        store_delay_ms,
        wire_delay_ms,
        end,
    });
    prop_oneof![
        attempt().prop_map(|(turn, operation, attempt, max)| Step::AttemptStarted { turn, operation, attempt, max }),
        (attempt(), any::<String>(), cause, any::<bool>(), any::<u64>()).prop_map(
            |((turn, operation, attempt, max), error, cause, transient, took_us)| Step::AttemptFailed {
                turn,
                operation,
                attempt,
                max,
                error,
                cause,
                transient,
                took_us
            }
        ),
        (attempt(), any::<u64>()).prop_map(|((turn, operation, attempt, max), took_us)| Step::AttemptSucceeded {
            turn,
            operation,
            attempt,
            max,
            took_us
        }),
        (attempt(), any::<u64>(), any::<u64>()).prop_map(|((turn, operation, attempt, max), delay_ms, due_at)| {
            Step::RetryScheduled { turn, operation, attempt, max, delay_ms, due_at }
        }),
        (attempt(), any::<u64>()).prop_map(|((turn, operation, attempt, max), due_at)| Step::AttemptHeld {
            turn,
            operation,
            attempt,
            max,
            due_at
        }),
        (attempt(), select(&[ReleasedBy::Person, ReleasedBy::Limit, ReleasedBy::Switch][..])).prop_map(
            |((turn, operation, attempt, max), by)| Step::AttemptReleased { turn, operation, attempt, max, by }
        ),
        (attempt(), any::<u64>()).prop_map(|((turn, operation, attempt, max), lost_us)| Step::Recovered {
            turn,
            operation,
            attempt,
            max,
            lost_us
        }),
        (attempt(), hit, plan()).prop_map(|((turn, operation, attempt, _), hit, plan)| Step::FaultFired {
            turn,
            operation,
            attempt,
            hit,
            fault: FaultStatus::armed(plan)
        }),
        (option::of(any::<u64>()), option::of(operation()), option::of(any::<u8>()), call())
            .prop_map(|(turn, operation, attempt, call)| Step::StoreCall { turn, operation, attempt, call }),
    ]
}

fn others() -> impl Strategy<Value = Step> {
    prop_oneof![
        select(&[Step::Activated, Step::Deactivated, Step::LabReset][..]),
        plan().prop_map(|plan| Step::FaultChanged { fault: FaultStatus::armed(plan) }),
        policy().prop_map(|policy| Step::PolicyChanged { policy }),
        option::of(wire()).prop_map(|wire| Step::WireChanged { wire }),
        (any::<String>(), option::of(any::<String>())).prop_map(|(key, value)| Step::StoreRead { key, value }),
        any::<u8>().prop_map(|check| Step::CheckPassed { check }),
        any::<bool>().prop_map(|on| Step::SidecarRetriesChanged { on }),
        any::<bool>().prop_map(|on| Step::HoldChanged { on }),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let step = prop_oneof![turns(), attempts(), others()];
    (any::<u64>(), any::<u64>(), step).prop_map(|(seq, at, step)| Event { seq, at, step })
}

/// Any JSON, of names that mean something here.
fn json() -> impl Strategy<Value = Value> {
    let word = select(
        &["load", "error", "delay", "refuse", "first", "until_off", "actor", "store", "wire", "", "turn_failed"][..],
    );
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let name = select(
        &["on", "plan", "operation", "kind", "ms", "percent", "span", "attempts", "layer", "type", "seq", "at", "turn"]
            [..],
    );
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((name.clone(), inner), 0..6).prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
            }),
        ]
    })
}

/// A text that is an id, nearly one, or none at all.
fn id() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-z0-9._~-]{0,70}", "[!-~]{0,70}", "[.]{0,4}", any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_actor_id_is_taken_as_it_is_and_fits_into_a_path_or_is_refused_with_a_reason(text in id()) {
        match text.parse::<ActorId>() {
            Ok(id) => {
                prop_assert_eq!(id.as_str(), &text);
                comes_back(&id)?;
                let path: Uri = format!("http://lab/chat/{id}").parse().unwrap();
                prop_assert_eq!(path.path(), format!("/chat/{text}"));
            }
            Err(error) => prop_assert!(error.to_string().contains("actor id"), "{error}"),
        }
    }

    #[test]
    fn a_message_id_is_taken_as_it_is_and_fits_into_a_header_or_is_refused_with_a_reason(text in id()) {
        match MessageId::try_from(text.clone()) {
            Ok(id) => {
                let header = HeaderValue::from_str(id.as_str()).unwrap();
                prop_assert_eq!(header.to_str().unwrap(), &text);
                comes_back(&id)?;
            }
            Err(error) => prop_assert!(error.to_string().contains("1 to 64"), "{error}"),
        }
    }

    #[test]
    fn an_event_id_comes_back_as_it_was_written(epoch in any::<u64>(), seq in any::<u64>()) {
        let id = EventId { epoch, seq };
        prop_assert_eq!(id.to_string().parse::<EventId>().unwrap(), id);
        comes_back(&id)?;
    }

    #[test]
    fn any_text_is_an_event_id_or_is_refused_with_a_reason(text in prop_oneof!["[0-9+-]{0,24}", "[0-9]{0,22}-[0-9]{0,22}", any::<String>()]) {
        match text.parse::<EventId>() {
            Ok(id) => prop_assert_eq!(id.to_string().parse::<EventId>().unwrap(), id),
            Err(error) => prop_assert!(error.to_string().contains("<epoch>-<number>"), "{error}"),
        }
    }

    #[test]
    fn every_event_comes_back_as_it_was_recorded(events in vec(event(), 0..8), epoch in any::<u64>()) {
        for event in &events {
            comes_back(event)?;
        }
        comes_back(&TimelineSnapshot { last: EventId { epoch, seq: events.len() as u64 }, events })?;
    }

    #[test]
    fn an_event_that_lacks_a_field_or_has_another_in_its_place_is_read_or_refused(event in event(), place in any::<prop::sample::Index>(), with in option::of(json())) {
        let Value::Object(mut fields) = serde_json::to_value(&event).unwrap() else { unreachable!() };
        let name = fields.keys().nth(place.index(fields.len())).unwrap().clone();
        match with {
            Some(value) => drop(fields.insert(name, value)),
            None => drop(fields.remove(&name)),
        }
        if let Err(error) = serde_json::from_value::<Event>(fields.into()) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn a_fault_is_taken_as_it_was_sent_or_refused_by_its_field(flat in flat()) {
        match Fault::try_from(flat.clone()) {
            Ok(fault) => {
                prop_assert_eq!(fault.check(), Ok(()));
                comes_back(&fault)?;
                let again = FlatFault::from(fault);
                prop_assert_eq!((again.operation, again.ms, again.percent), (flat.operation, flat.ms, flat.percent));
                prop_assert_eq!(again.kind, flat.kind.or(Some(KindName::Error)));
                prop_assert_eq!(again.layer, flat.layer.or(Some(Layer::Actor)));
                let spans = again.layer != Some(Layer::Wire);
                let usual = if spans { SpanName::First } else { SpanName::UntilOff };
                prop_assert_eq!(again.span, flat.span.or(Some(usual)));
                let counted = spans && again.span != Some(SpanName::UntilOff);
                prop_assert_eq!(again.attempts, counted.then(|| flat.attempts.unwrap_or(1)));
                prop_assert_eq!(fault.wire().is_some(), WireFault::try_from(again).is_ok());
            }
            Err(LabError { code, field, message }) => {
                let field = field.unwrap_or_default();
                prop_assert!(["operation", "kind", "ms", "percent", "seed", "span", "attempts", "layer"].contains(&field.as_str()), "{field}");
                prop_assert!(code == ErrorCode::InvalidField && message.starts_with(&field), "{message}");
            }
        }
    }

    #[test]
    fn a_switch_comes_back_as_it_was_set_and_every_attempt_meets_it(plan in plan(), on in any::<bool>(), with in any::<bool>(), attempts in vec((operation(), 100..7_000_u64), 0..40)) {
        let setting = FaultSetting { on, plan: with.then(|| plan.clone()) };
        comes_back(&setting)?;
        let mut status = FaultStatus::armed(plan).after(setting);
        let before = status.clone();
        for (operation, timeout_ms) in attempts {
            let hit = status.meet(operation, timeout_ms);
            prop_assert!(on || hit.is_none(), "what is off does nothing");
            prop_assert!(hit.is_none_or(|hit| hit.takes_ms(timeout_ms) <= timeout_ms), "{hit:?} outlasts {timeout_ms} ms");
            comes_back(&status)?;
        }
        prop_assert_eq!(status.rearmed(), before);
    }

    #[test]
    fn the_wire_comes_back_as_it_was_set(fault in option::of(wire())) {
        comes_back(&WireSetting { fault })?;
    }

    #[test]
    fn a_policy_comes_back_as_it_was_set(policy in policy()) {
        prop_assert_eq!(policy.check(), Ok(()));
        comes_back(&policy)?;
    }

    #[test]
    fn any_json_is_a_setting_or_is_refused_with_a_reason(json in json()) {
        let refused = [
            serde_json::from_value::<FaultSetting>(json.clone()).err(),
            serde_json::from_value::<FaultPlan>(json.clone()).err(),
            serde_json::from_value::<WireFault>(json.clone()).err(),
            serde_json::from_value::<WireSetting>(json.clone()).err(),
            serde_json::from_value::<RetryPolicy>(json.clone()).err(),
            serde_json::from_value::<Event>(json.clone()).err(),
            serde_json::from_value::<TimelineSnapshot>(json).err(),
        ];
        for error in refused.into_iter().flatten() {
            prop_assert!(!error.to_string().trim().is_empty());
        }
    }
}

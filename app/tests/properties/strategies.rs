//! What may come from outside: messages, ids, faults, policies, the wire, and the timeline's events.

use model::{
    error::{ErrorCode, LabError},
    fault::{
        Fault, FaultPlan, FaultStatus, Hit, HitEnd,
        flat::{FlatFault, KindName, SpanName},
    },
    message::{Message, MessageId, Role},
    operation::{Cause, Layer, Method, Operation},
    policy::{Backoff, RetryPolicy},
    timeline::{Event, ReleasedBy, Step},
    wire::{CallOutcome, SeenCall, WireFault},
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value};

fn role() -> impl Strategy<Value = Role> {
    select(&[Role::User, Role::Assistant][..])
}

pub(super) fn message() -> impl Strategy<Value = Message> {
    (role(), any::<String>()).prop_map(|(role, content)| Message { role, content })
}

pub(super) fn message_id() -> impl Strategy<Value = MessageId> {
    "[!-~]{1,64}".prop_map(|text| MessageId::try_from(text).unwrap())
}

pub(super) fn operation() -> impl Strategy<Value = Operation> {
    select(&[Operation::Load, Operation::Save, Operation::Publish][..])
}

fn method() -> impl Strategy<Value = Method> {
    select(&[Method::ProcessMessage, Method::GetConversationHistory, Method::ResetConversation][..])
}

fn layer() -> impl Strategy<Value = Layer> {
    select(&[Layer::Actor, Layer::Sidecar, Layer::Store, Layer::Wire][..])
}

pub(super) fn error() -> impl Strategy<Value = LabError> {
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
pub(super) fn flat() -> impl Strategy<Value = FlatFault> {
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
pub(super) fn plan() -> impl Strategy<Value = FaultPlan> {
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

pub(super) fn policy() -> impl Strategy<Value = RetryPolicy> {
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

pub(super) fn call() -> impl Strategy<Value = SeenCall> {
    let outcome = prop_oneof![
        Just(CallOutcome::Ok),
        Just(CallOutcome::NoAnswer),
        Just(CallOutcome::Refused),
        any::<String>().prop_map(CallOutcome::Error)
    ];
    (any::<String>(), vec(any::<String>(), 0..3), outcome, any::<u64>())
        .prop_map(|(command, keys, outcome, took_us)| SeenCall { command, keys, outcome, took_us })
}

pub(super) fn wire() -> impl Strategy<Value = WireFault> {
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
        (n(), method(), n(), error()).prop_map(|(turn, method, took_us, error)| Step::TurnFailed {
            turn,
            method,
            took_us,
            error
        }),
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

pub(super) fn event() -> impl Strategy<Value = Event> {
    let step = prop_oneof![turns(), attempts(), others()];
    (any::<u64>(), any::<u64>(), step).prop_map(|(seq, at, step)| Event { seq, at, step })
}

/// Any JSON, of names that mean something here.
pub(super) fn json() -> impl Strategy<Value = Value> {
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
pub(super) fn id() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-z0-9._~-]{0,70}", "[!-~]{0,70}", "[.]{0,4}", any::<String>()]
}

//! Random plans, policies, stored histories and ways of releasing what is held.

use std::ops::RangeInclusive;

use model::{
    fault::{AttemptFault, FaultKind, FaultSpan},
    message::HISTORY_LIMIT,
    operation::{Layer, Operation},
    policy::{Backoff, RetryPolicy},
};
use proptest::{collection::vec, prelude::*, sample::select};

/// What is done between two messages.
#[derive(Clone, Copy, Debug)]
pub enum Between {
    Nothing,
    Deactivate,
    ArmAgain,
    SwitchOff,
}

/// One lab, and what is done in it.
#[derive(Clone, Debug)]
pub struct Case {
    pub plan: Vec<AttemptFault>,
    pub policy: RetryPolicy,
    pub stored: usize,
    /// How often somebody releases what is held, in milliseconds; `None` if nothing is held.
    pub releases: Option<u64>,
    /// What comes before each message, and whether it is the one before it again.
    pub messages: Vec<(Between, bool)>,
}

/// How long the cases may take, in milliseconds.
pub struct Pace {
    pub delays: RangeInclusive<u32>,
    pub waits: RangeInclusive<u64>,
    pub longest_wait: u64,
    pub timeouts: RangeInclusive<u64>,
    pub releases: &'static [u64],
}

/// On paused time. The last release is longer than a turn: every attempt goes by itself.
pub const PAUSED: Pace = Pace {
    delays: 1..=2_000,
    waits: 0..=2_000,
    longest_wait: 4_000,
    timeouts: 100..=3_000,
    releases: &[70, 900, 11_000, 60_000],
};

/// In real time: a time-out that a busy store does not meet by chance, and everything else as short as it can be.
pub const REAL: Pace =
    Pace { delays: 1..=40, waits: 0..=40, longest_wait: 80, timeouts: 700..=900, releases: &[5, 30] };

fn fault(pace: &Pace) -> impl Strategy<Value = AttemptFault> + use<> {
    let operation = select(vec![Operation::Load, Operation::Save, Operation::Publish]);
    let kind = prop_oneof![
        3 => Just(FaultKind::Error),
        1 => pace.delays.clone().prop_map(|ms| FaultKind::Delay { ms }),
        1 => Just(FaultKind::Hang),
        2 => (1_u8..=100, any::<u32>()).prop_map(|(percent, seed)| FaultKind::Flaky { percent, seed }),
    ];
    let span = prop_oneof![
        (1_u8..=4).prop_map(|attempts| FaultSpan::First { attempts }),
        (1_u8..=4).prop_map(|attempts| FaultSpan::Next { attempts }),
        Just(FaultSpan::UntilOff),
    ];
    let layer = select(vec![Layer::Actor, Layer::Store]);
    (operation, kind, span, layer).prop_map(|(operation, kind, span, layer)| {
        let layer = if operation == Operation::Publish { Layer::Actor } else { layer };
        AttemptFault { operation, kind, span, layer }
    })
}

fn policy(pace: &Pace) -> impl Strategy<Value = RetryPolicy> + use<> {
    let backoff = select(vec![Backoff::Constant, Backoff::Exponential]);
    let max_delay_ms = pace.longest_wait;
    (1_u8..=6, pace.waits.clone(), backoff, 0_u8..=100, any::<u32>(), pace.timeouts.clone()).prop_map(
        move |(attempts, delay_ms, backoff, jitter_percent, seed, attempt_timeout_ms)| RetryPolicy {
            attempts,
            delay_ms,
            backoff,
            max_delay_ms,
            jitter_percent,
            seed,
            attempt_timeout_ms,
        },
    )
}

/// A case at this pace.
pub fn case(pace: &Pace) -> impl Strategy<Value = Case> + use<> {
    use Between::{ArmAgain, Deactivate, Nothing, SwitchOff};
    let between = select(vec![Nothing, Nothing, Nothing, Deactivate, ArmAgain, SwitchOff]);
    let messages = vec((between, prop::bool::weighted(0.2)), 1..=4);
    let releases = prop::option::of(select(pace.releases.to_vec()));
    (vec(fault(pace), 1..=3), policy(pace), 0..=HISTORY_LIMIT, releases, messages)
        .prop_map(|(plan, policy, stored, releases, messages)| Case { plan, policy, stored, releases, messages })
}

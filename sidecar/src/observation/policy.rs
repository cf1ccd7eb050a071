//! What is told of resiliency policies.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::state::StateCall;

/// One step of one operation. Operations without a policy, and Dapr's built-in retries, are not told.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryEvent {
    /// Which operation: the same number in all of its steps, unique in the process.
    pub operation: u64,
    /// What the operation is.
    pub target: Arc<RetryTarget>,
    /// What happened.
    pub step: RetryStep,
}

/// What a policy stands around.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryTarget {
    /// A call to the actor state store: `component[NAME] output` in the log.
    Store(Arc<StateCall>),
    /// A call of an actor's method: `actor[TYPE, ID]` in the log.
    Actor {
        /// The actor's type.
        actor_type: String,
        /// The actor's id.
        actor_id: String,
        /// The method.
        method: String,
    },
    /// The delivery of a message to the app: `component[NAME] input` in the log.
    Delivery {
        /// The pub/sub component.
        component: String,
        /// The topic that is subscribed to.
        topic: String,
        /// The message's CloudEvent id.
        event_id: String,
    },
}

/// What happened to an operation.
#[derive(Debug, Clone, PartialEq)]
pub enum RetryStep {
    /// An attempt begins.
    AttemptStarted {
        /// Which attempt, from 1.
        number: u32,
    },
    /// An attempt ended.
    AttemptEnded {
        /// Which attempt, from 1.
        number: u32,
        /// How.
        outcome: AttemptOutcome,
        /// How long it took.
        took: Duration,
    },
    /// A failed operation waits for its next attempt.
    Waiting {
        /// The attempt that comes next, from 2.
        next: u32,
        /// How long from now.
        delay: Duration,
    },
    /// The operation is over: the last step of each.
    Ended {
        /// How many attempts there were.
        attempts: u32,
        /// How it ended.
        end: RetryEnd,
    },
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// It did what it should.
    Succeeded,
    /// It failed, with this error.
    Failed(String),
    /// The policy's time-out ended it. A write that had not begun by then never happens; one that
    /// had begun is in the store or not, and in front of every later write.
    TimedOut,
    /// The circuit breaker refused it, with this error: the target was not called.
    Refused(String),
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RetryEnd {
    /// Its last attempt succeeded; after more than one attempt that is a recovery.
    Succeeded,
    /// Its last attempt failed, and the policy has no retry, or none for such a failure.
    NotRetried,
    /// Its last attempt failed, and no retry was left.
    Exhausted,
    /// Its last attempt failed, and the policy is no longer in force.
    PolicyReplaced,
    /// The sidecar ended.
    Closed,
    /// Its caller went away.
    CallerLeft,
}

/// A circuit breaker's change of state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerChange {
    /// The breaker's name in the log: `<policy>-<component>`, the actor's type, or its type and id
    /// with a `-` between them.
    pub name: String,
    /// The state it was in.
    pub from: BreakerState,
    /// The state it is in.
    pub to: BreakerState,
}

/// A circuit breaker's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// Attempts pass, failures are counted.
    Closed,
    /// A few attempts pass, to see whether the target is back.
    HalfOpen,
    /// Attempts are refused with `circuit breaker is open`.
    Open,
}

impl fmt::Display for BreakerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half-open",
            Self::Open => "open",
        })
    }
}

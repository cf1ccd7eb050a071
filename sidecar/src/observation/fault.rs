//! What is told of failures on purpose.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::pubsub::Publication;
use super::state::StateCall;

/// What was done on purpose to a call: see [`faults`](super::super::faults).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InjectedFault {
    /// What whoever set it calls it.
    pub name: Cow<'static, str>,
    /// How long the call is held up first.
    pub delay: Duration,
    /// What becomes of it then, as [`FaultAction`](super::super::faults::FaultAction) spells it: `pass`, `fail`, `hang`, `cut` or
    /// `hold`.
    pub action: &'static str,
    /// The error that a call fails with.
    pub error: Option<String>,
}

/// Where a fault struck.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// At a call to a state store.
    StateCall {
        /// The call.
        call: Arc<StateCall>,
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// At an event on its way to a broker.
    Publish {
        /// The event.
        publication: Arc<Publication>,
        /// Which attempt, from 1.
        attempt: u32,
    },
}

//! What the store behind the embedded sidecar does on purpose with the calls of one attempt.
//!
//! The attempt says it itself, in the `baggage` header of its calls (W3C Baggage): so it meets no other call, and a
//! page that looks at the lab at the same moment meets nothing. The sidecar fails the call as if its store had said so;
//! a call that is held up reaches the store later or, if its caller has gone meanwhile, never.

use std::time::Duration;

use model::{
    fault::{Hit, SIMULATED_ERROR},
    operation::Layer,
};
use sidecar::{
    faults::{Fault, FaultPlan},
    observation::StateCall,
};

/// The baggage's name for it.
const NAME: &str = "faultlab-store";

/// The part of a [`Hit`] that lies in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreHit {
    /// How long each call is held up, in milliseconds.
    pub delay_ms: u64,
    /// How each call ends.
    pub end: StoreEnd,
}

/// How a call to the store ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreEnd {
    /// It is carried out.
    Done,
    /// The store refuses it.
    Error,
    /// It hangs until its caller goes away.
    Hang,
}

impl StoreHit {
    /// The part of `hit` that lies in the store, if there is any.
    #[must_use]
    pub fn of(hit: Hit) -> Option<Self> {
        let end = match hit.end {
            Some(end) if end.layer != Layer::Store => return None,
            Some(end) if end.hangs => StoreEnd::Hang,
            Some(_) => StoreEnd::Error,
            None if hit.store_delay_ms == 0 => return None,
            None => StoreEnd::Done,
        };
        Some(Self { delay_ms: hit.store_delay_ms, end })
    }

    /// What the sidecar has to do to one call: it is done before the store is asked anything.
    #[must_use]
    pub fn fault(self) -> Fault {
        let fault = match self.end {
            StoreEnd::Done => Fault::pass(),
            StoreEnd::Error => Fault::fail(SIMULATED_ERROR),
            StoreEnd::Hang => Fault::hang(),
        };
        fault.named(NAME).after(Duration::from_millis(self.delay_ms))
    }

    /// The value of the `baggage` header that asks for it.
    #[must_use]
    pub fn baggage(self) -> String {
        let end = match self.end {
            StoreEnd::Done => "done",
            StoreEnd::Error => "error",
            StoreEnd::Hang => "hang",
        };
        format!("{NAME}={end}.{}", self.delay_ms)
    }

    /// What a `baggage` header asks for.
    fn in_baggage(baggage: &str) -> Option<Self> {
        let members = baggage.split(',').map(str::trim);
        let (end, delay) =
            members.filter_map(|member| member.strip_prefix(NAME)?.strip_prefix('=')).next()?.split_once('.')?;
        let end = match end {
            "done" => StoreEnd::Done,
            "error" => StoreEnd::Error,
            "hang" => StoreEnd::Hang,
            _ => return None,
        };
        Some(Self { delay_ms: delay.parse().ok()?, end })
    }
}

/// Stands in front of the embedded sidecar's store and does what the calls ask for.
pub struct StoreHits;

impl FaultPlan for StoreHits {
    fn state_call(&self, call: &StateCall) -> Option<Fault> {
        call.baggage.as_deref().and_then(StoreHit::in_baggage).map(StoreHit::fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_what_arrives_and_other_baggage_is_let_through() {
        for end in [StoreEnd::Done, StoreEnd::Error, StoreEnd::Hang] {
            let hit = StoreHit { delay_ms: 250, end };
            assert_eq!(StoreHit::in_baggage(&hit.baggage()), Some(hit));
            assert_eq!(StoreHit::in_baggage(&format!("user=1, {} , a=b", hit.baggage())), Some(hit));
        }
        for other in ["", "user=1", "faultlab-store", "faultlab-store=melt.1", "faultlab-store=error.soon"] {
            assert_eq!(StoreHit::in_baggage(other), None, "{other}");
        }
    }
}

//! What a plan does with one attempt.

use serde::{Deserialize, Serialize};

use super::{AttemptFault, Fault, FaultCount, FaultKind, FaultStatus, WireFault};
use crate::{
    chance::happens,
    operation::{Layer, Operation},
};

/// What the faults that meet an attempt do with it, together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hit {
    /// How long it is held up in the actor, before the call leaves, in milliseconds.
    pub actor_delay_ms: u64,
    /// How long each of its calls is held up in the store, in milliseconds.
    pub store_delay_ms: u64,
    /// How long each of its requests is held up on the wire to Redis, in milliseconds.
    #[serde(default)]
    pub wire_delay_ms: u64,
    /// How it ends; `null` if it is only late.
    pub end: Option<HitEnd>,
}

/// How an attempt ends on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HitEnd {
    /// Where.
    pub layer: Layer,
    /// Whether it hangs until its time-out, rather than fails.
    pub hangs: bool,
}

impl Hit {
    /// The lesson's: the attempt fails before its call leaves.
    pub const FAILS: Self = Self {
        actor_delay_ms: 0,
        store_delay_ms: 0,
        wire_delay_ms: 0,
        end: Some(HitEnd { layer: Layer::Actor, hangs: false }),
    };

    /// How long the attempt takes on purpose at least, in milliseconds; the rest is the time of what lies behind.
    #[must_use]
    pub fn takes_ms(&self, timeout_ms: u64) -> u64 {
        match self.end {
            Some(HitEnd { hangs: true, .. }) => timeout_ms,
            _ => self.delays_ms(),
        }
    }

    /// Whether its call leaves the actor.
    #[must_use]
    pub fn leaves(&self) -> bool {
        self.end.is_none_or(|end| end.layer != Layer::Actor)
    }

    /// Whether it hangs until its time-out.
    #[must_use]
    pub fn hangs(&self) -> bool {
        self.end.is_some_and(|end| end.hangs)
    }

    const fn delays_ms(&self) -> u64 {
        self.actor_delay_ms + self.store_delay_ms + self.wire_delay_ms
    }

    fn delay_ms(&mut self, layer: Layer) -> &mut u64 {
        match layer {
            Layer::Actor => &mut self.actor_delay_ms,
            Layer::Wire => &mut self.wire_delay_ms,
            Layer::Store | Layer::Sidecar => &mut self.store_delay_ms,
        }
    }
}

impl FaultStatus {
    /// What happens to the next attempt of `operation`, which ends after `timeout_ms`; the faults that it meets count
    /// it. `None` if it meets none that does anything.
    pub fn meet(&mut self, operation: Operation, timeout_ms: u64) -> Option<Hit> {
        if !self.on {
            return None;
        }
        let mut hit = Hit::default();
        for layer in [Layer::Actor, Layer::Store, Layer::Wire] {
            for (fault, count) in self.plan.faults().iter().zip(&mut self.counts) {
                if fault.layer() != layer || !fault.concerns(operation) || count.left == Some(0) {
                    continue;
                }
                let hangs = match met(fault, count) {
                    Met::Nothing => continue,
                    Met::Error => false,
                    Met::Hang => true,
                    Met::Delay(ms) => {
                        *hit.delay_ms(layer) += ms;
                        if hit.delays_ms() < timeout_ms {
                            continue;
                        }
                        true
                    }
                };
                return Some(Hit { end: Some(HitEnd { layer, hangs }), ..hit });
            }
        }
        (hit != Hit::default()).then_some(hit)
    }
}

enum Met {
    Nothing,
    Error,
    Hang,
    Delay(u64),
}

fn met(fault: &Fault, count: &mut FaultCount) -> Met {
    let nth = u64::from(count.met);
    count.met += 1;
    count.left = count.left.map(|left| left - 1);
    match fault {
        Fault::Attempt(AttemptFault { kind, .. }) => match *kind {
            FaultKind::Error => Met::Error,
            FaultKind::Hang => Met::Hang,
            FaultKind::Delay { ms } => Met::Delay(ms.into()),
            FaultKind::Flaky { percent, seed } if happens(percent, seed, nth) => Met::Error,
            FaultKind::Flaky { .. } => Met::Nothing,
        },
        // What the wire does, it does by itself: this is what comes of it. The sidecar tries for a while before it
        // reports an error, and gives up on a Redis that does not answer in time after the longest time-out only.
        Fault::Wire(WireFault::Refuse | WireFault::Cut) => Met::Error,
        Fault::Wire(WireFault::Delay { ms }) if *ms >= WireFault::PATIENCE_MS => Met::Hang,
        Fault::Wire(WireFault::Stall) => Met::Hang,
        Fault::Wire(WireFault::Delay { ms }) => Met::Delay(u64::from(*ms)),
    }
}

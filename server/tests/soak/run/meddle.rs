//! The failure switch, the policy, and actors that are left alone.

use std::{sync::Arc, time::Duration};

use fastrand::Rng;
use model::actor_id::ActorId;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::shared::{Count, Shared};
use crate::lab::IDLE;

/// Turns the failure switch, changes the policy, and takes the actor out of memory.
pub(super) async fn switch(shared: Arc<Shared>, actor: ActorId, mut rng: Rng) {
    while !shared.over() {
        let busy = shared.quiet[&actor].read().await;
        shared.serves().await;
        let door = &shared.door;
        // Whatever is lost because the process dies meanwhile is only a change less.
        let changed = match rng.u8(0..10) {
            0 | 1 => door.set_fault(&actor, None).await,
            2..=5 => door.set_fault(&actor, Some(faults(&mut rng))).await,
            6 => door.arm(&actor).await.map(|()| true),
            7 | 8 => door.set_policy(&actor, policy(&mut rng)).await,
            _ => {
                let done = door.deactivate(&actor).await;
                shared.count(Count::Deactivation);
                done.map(|()| false)
            }
        };
        if changed.unwrap_or_default() {
            shared.count(Count::Fault);
        }
        drop(busy);
        sleep(Duration::from_millis(rng.u64(20..300))).await;
    }
}

/// A plan: one to three faults, none of which keeps everything away for ever.
fn faults(rng: &mut Rng) -> Value {
    let faults = (0..rng.u8(1..4)).map(|_| {
        let kind = ["error", "error", "delay", "hang", "flaky"][rng.usize(0..5)];
        let operation = ["load", "save", "save", "publish"][rng.usize(0..4)];
        let layer = if operation == "publish" || rng.bool() { "actor" } else { "store" };
        let mut fault = json!({"operation": operation, "kind": kind, "layer": layer});
        match kind {
            "delay" => fault["ms"] = rng.u16(1..300).into(),
            "flaky" => {
                fault["percent"] = rng.u8(10..60).into();
                fault["seed"] = rng.u16(..).into();
            }
            _ => {}
        }
        if matches!(kind, "delay" | "flaky") && rng.bool() {
            fault["span"] = "until_off".into();
        } else {
            fault["span"] = ["first", "next"][rng.usize(0..2)].into();
            fault["attempts"] = rng.u8(1..5).into();
        }
        fault
    });
    faults.collect()
}

/// A policy that is quicker than the lesson's, so that more happens.
pub(super) fn policy(rng: &mut Rng) -> Value {
    let backoff = ["constant", "exponential"][rng.usize(0..2)];
    json!({
        "attempts": rng.u8(1..5), "delay_ms": rng.u16(0..150), "backoff": backoff,
        "max_delay_ms": 1_000, "jitter_percent": rng.u8(0..=100), "attempt_timeout_ms": rng.u16(100..400),
    })
}

/// Leaves the actor alone now and then, for longer than it stays in memory.
pub(super) async fn nap(shared: Arc<Shared>, actor: ActorId, mut rng: Rng) {
    while !shared.over() {
        sleep(Duration::from_millis(rng.u64(1_000..6_000))).await;
        let alone = shared.quiet[&actor].write().await;
        shared.serves().await;
        let Ok((_, last)) = shared.door.since(&actor, u64::MAX).await else { continue };
        sleep(IDLE + Duration::from_millis(300)).await;
        // If the process died meanwhile, its next one knows of nothing.
        if let Ok((kinds, _)) = shared.door.since(&actor, last).await
            && kinds.iter().any(|kind| kind == "deactivated")
        {
            shared.count(Count::Idled);
        }
        drop(alone);
    }
}

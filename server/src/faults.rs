//! The failure switches, one for each actor id. Setting one never waits for a turn.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use app::{
    actor_id::ActorId,
    fault::{FaultSetting, FaultStatus},
    timeline::{Operation, Step},
};

use crate::timeline::Timelines;

/// The failure switches of all actors. Clones share them.
#[derive(Clone)]
pub struct Faults {
    timelines: Timelines,
    /// The switches that are not as [`FaultStatus::LESSON`], which is how every lab begins. Held while a change is
    /// recorded too, so that the timeline tells changes in the order in which they were made.
    touched: Arc<Mutex<HashMap<ActorId, FaultStatus>>>,
}

impl Faults {
    /// Nobody has touched a switch yet; changes are recorded in `timelines`.
    #[must_use]
    pub fn new(timelines: Timelines) -> Self {
        Self { timelines, touched: Arc::default() }
    }

    /// The switch as it stands.
    #[must_use]
    pub fn status(&self, actor: &ActorId) -> FaultStatus {
        status(&self.touched(), actor)
    }

    /// Sets the switch and records it; switching on arms the plan afresh.
    pub fn set(&self, actor: &ActorId, setting: FaultSetting) -> FaultStatus {
        self.change(actor, |fault| fault.after(setting))
    }

    /// Arms the plan afresh if the switch is on, and records it.
    pub fn arm(&self, actor: &ActorId) -> FaultStatus {
        self.change(actor, FaultStatus::rearmed)
    }

    /// Puts the switch back to the lesson's, and records it.
    pub fn reset(&self, actor: &ActorId) -> FaultStatus {
        self.change(actor, |_| FaultStatus::LESSON)
    }

    /// The actor was brought into memory: its plan lies ahead again. Recorded if that changes anything.
    pub fn activated(&self, actor: &ActorId) {
        let mut touched = self.touched();
        let before = status(&touched, actor);
        let fault = before.rearmed();
        if fault != before {
            keep(&mut touched, actor, fault);
            self.timelines.record(actor, Step::FaultChanged { fault });
        }
    }

    /// Whether this attempt has to fail; if so one failure of the plan is used up and `FaultFired` recorded.
    #[must_use]
    pub fn fires(&self, actor: &ActorId, turn: u64, operation: Operation, attempt: u8) -> bool {
        let mut touched = self.touched();
        let mut fault = status(&touched, actor);
        if !fault.on || fault.plan.operation != operation || fault.remaining == 0 {
            return false;
        }
        fault.remaining -= 1;
        keep(&mut touched, actor, fault);
        self.timelines.record(actor, Step::FaultFired { turn, operation, attempt, fault });
        true
    }

    fn change(&self, actor: &ActorId, change: impl FnOnce(FaultStatus) -> FaultStatus) -> FaultStatus {
        let mut touched = self.touched();
        let fault = change(status(&touched, actor));
        keep(&mut touched, actor, fault);
        self.timelines.record(actor, Step::FaultChanged { fault });
        fault
    }

    fn touched(&self) -> MutexGuard<'_, HashMap<ActorId, FaultStatus>> {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn status(touched: &HashMap<ActorId, FaultStatus>, actor: &ActorId) -> FaultStatus {
    touched.get(actor).copied().unwrap_or(FaultStatus::LESSON)
}

fn keep(touched: &mut HashMap<ActorId, FaultStatus>, actor: &ActorId, fault: FaultStatus) {
    if fault == FaultStatus::LESSON {
        touched.remove(actor);
    } else {
        touched.insert(actor.clone(), fault);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::fault::FaultPlan;

    fn faults() -> (Faults, ActorId) {
        (Faults::new(Timelines::new()), ActorId::lesson())
    }

    #[test]
    fn the_lesson_s_failure_fires_once_for_each_activation() {
        let (faults, actor) = faults();
        faults.activated(&actor);
        assert!(!faults.fires(&actor, 1, Operation::Save, 1));
        assert!(faults.fires(&actor, 1, Operation::Load, 1));
        assert!(!faults.fires(&actor, 1, Operation::Load, 2));
        faults.activated(&actor);
        assert!(faults.fires(&actor, 2, Operation::Load, 1));
    }

    #[test]
    fn arming_and_switching_on_bring_the_whole_plan_back() {
        let (faults, actor) = faults();
        let plan = FaultPlan { operation: Operation::Save, attempts: 2.try_into().unwrap() };
        assert_eq!(faults.set(&actor, FaultSetting { on: true, plan: Some(plan) }).remaining, 2);
        assert!(faults.fires(&actor, 1, Operation::Save, 1));
        assert_eq!(faults.arm(&actor).remaining, 2);
        assert_eq!(faults.set(&actor, FaultSetting { on: false, plan: None }).remaining, 0);
        assert!(!faults.fires(&actor, 1, Operation::Save, 1));
        assert_eq!(faults.arm(&actor).remaining, 0, "a switch that is off has nothing to arm");
        let on = faults.set(&actor, FaultSetting { on: true, plan: None });
        assert_eq!((on.plan, on.remaining), (plan, 2), "the plan is kept while the switch is off");
        assert_eq!(faults.reset(&actor), FaultStatus::LESSON);
    }

    #[test]
    fn a_plan_of_one_fails_one_of_many_attempts_at_once() {
        let (faults, actor) = faults();
        let fired = std::thread::scope(|scope| {
            let attempts: Vec<_> =
                (0..8).map(|_| scope.spawn(|| faults.fires(&actor, 1, Operation::Load, 1))).collect();
            attempts.into_iter().filter_map(|attempt| attempt.join().ok()).filter(|fired| *fired).count()
        });
        assert_eq!(fired, 1);
    }
}

//! A plan of rules that count.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Fault, FaultPlan};
use crate::observation::{Actor, Publication, StateCall, StateOwner};

/// What calls a rule is for, and which of them.
#[derive(Debug, Clone)]
pub struct FaultRule {
    place: Place,
    actor: Option<Actor>,
    key: Option<String>,
    topic: Option<String>,
    skip: u64,
    times: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Reads,
    Writes,
    Reminders,
    Publishes,
}

impl FaultRule {
    fn at(place: Place) -> Self {
        Self { place, actor: None, key: None, topic: None, skip: 0, times: None }
    }

    /// For every reading of state, an actor's and the app's.
    pub fn reads() -> Self {
        Self::at(Place::Reads)
    }

    /// For every writing of state, an actor's and the app's.
    pub fn writes() -> Self {
        Self::at(Place::Writes)
    }

    /// For every writing of a reminder's record.
    pub fn reminders() -> Self {
        Self::at(Place::Reminders)
    }

    /// For every event on its way to a broker.
    pub fn publishes() -> Self {
        Self::at(Place::Publishes)
    }

    /// Only of this actor: its own state, its reminders, and what is published in its turns as far as that can be known
    /// (see [`Publication::turn`]).
    pub fn of_actor(self, actor_type: impl Into<String>, actor_id: impl Into<String>) -> Self {
        Self { actor: Some(Actor::new(actor_type, actor_id)), ..self }
    }

    /// Only calls that touch a key that begins like this.
    pub fn of_keys(self, beginning: impl Into<String>) -> Self {
        Self { key: Some(beginning.into()), ..self }
    }

    /// Only events for this topic.
    pub fn to_topic(self, topic: impl Into<String>) -> Self {
        Self { topic: Some(topic.into()), ..self }
    }

    /// Not the first so many.
    pub fn skipping(self, calls: u64) -> Self {
        Self { skip: calls, ..self }
    }

    /// So many, and no more; without it, all.
    pub fn times(self, calls: u64) -> Self {
        Self { times: Some(calls), ..self }
    }

    fn is_of(&self, actor: Option<&Actor>) -> bool {
        self.actor.is_none() || self.actor.as_ref() == actor
    }

    fn takes_state_call(&self, call: &StateCall) -> bool {
        let own = if call.is_write() { Place::Writes } else { Place::Reads };
        let (place, actor) = match &call.owner {
            StateOwner::Reminders(actor) => (Place::Reminders, actor.as_ref()),
            StateOwner::Actor(actor) => (own, Some(actor)),
            StateOwner::App => (own, None),
        };
        let key = |key: &String| call.key_names().any(|name| name.starts_with(key.as_str()));
        self.place == place && self.is_of(actor) && self.key.as_ref().is_none_or(key)
    }

    fn takes_publication(&self, publication: &Publication) -> bool {
        let topic = |topic: &String| publication.topic == *topic;
        let actor = publication.turn.as_ref().map(|(actor, _)| actor);
        self.place == Place::Publishes && self.is_of(actor) && self.topic.as_ref().is_none_or(topic)
    }
}

/// Names a rule that was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RuleId(u64);

/// A plan of rules. Of those that are for a call the first one that is not used up strikes, and only that one counts the
/// call; rules that still skip count it too, and let others strike. Clones are the same plan: keep one, to add and take
/// away rules while the sidecar runs.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Rules>>);

#[derive(Debug, Default)]
struct Rules {
    rules: Vec<(RuleId, FaultRule, Fault)>,
    added: u64,
}

impl Faults {
    /// A plan without rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// As [`Ports::faults`](crate::Ports::faults) takes it.
    pub fn plan(&self) -> Arc<dyn FaultPlan> {
        Arc::new(self.clone())
    }

    /// Adds a rule behind those that there are.
    pub fn add(&self, rule: FaultRule, fault: Fault) -> RuleId {
        let mut rules = self.rules();
        rules.added += 1;
        let id = RuleId(rules.added);
        rules.rules.push((id, rule, fault));
        id
    }

    /// Takes a rule away. What it has struck already goes on: a call that hangs is ended by its caller.
    pub fn remove(&self, rule: RuleId) {
        self.rules().rules.retain(|(id, ..)| *id != rule);
    }

    /// Takes all rules away.
    pub fn clear(&self) {
        self.rules().rules.clear();
    }

    /// How many calls a rule will still strike; `None` when it is not counted. A rule that is used up or taken away has
    /// none left.
    pub fn left(&self, rule: RuleId) -> Option<u64> {
        self.rules().rules.iter().find(|(id, ..)| *id == rule).map_or(Some(0), |(_, rule, _)| rule.times)
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn strike(&self, takes: impl Fn(&FaultRule) -> bool) -> Option<Fault> {
        let mut rules = self.rules();
        let mut struck = None;
        for (index, (_, rule, fault)) in rules.rules.iter_mut().enumerate() {
            if !takes(rule) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            if let Some(times) = &mut rule.times {
                if *times == 0 {
                    continue;
                }
                *times -= 1;
            }
            struck = Some((index, rule.times == Some(0), fault.clone()));
            break;
        }
        let (index, used_up, fault) = struck?;
        if used_up {
            rules.rules.remove(index);
        }
        Some(fault)
    }
}

impl FaultPlan for Faults {
    fn state_call(&self, call: &StateCall) -> Option<Fault> {
        self.strike(|rule| rule.takes_state_call(call))
    }

    fn publish(&self, publication: &Publication) -> Option<Fault> {
        self.strike(|rule| rule.takes_publication(publication))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::{Excerpt, KeyChange, StateKey, StateOperation};

    fn write(owner: StateOwner, key: &str) -> StateCall {
        let change = KeyChange::Upsert(Excerpt::of(b"1"));
        let keys = vec![StateKey { name: key.into(), change }];
        let operation = StateOperation::Transaction;
        StateCall { id: 1, component: "s".into(), operation, keys, owner, turn: None, baggage: None }
    }

    fn of(id: &str) -> StateOwner {
        StateOwner::Actor(Actor::new("T", id))
    }

    #[test]
    fn rules_strike_one_after_the_other_and_as_often_as_they_say() {
        let faults = Faults::new();
        let strikes = |call: &StateCall| faults.state_call(call).map(|fault| fault.name);
        let rule = FaultRule::writes().of_actor("T", "a");
        let first = faults.add(rule.clone().skipping(1).times(2), Fault::fail("1").named("first"));
        faults.add(rule.of_keys("k"), Fault::hang().named("second"));
        let call = write(of("a"), "k1");
        assert_eq!(strikes(&call).as_deref(), Some("second"), "while the first one skips");
        assert_eq!(strikes(&write(of("b"), "k1")), None);
        assert_eq!(strikes(&write(StateOwner::App, "k1")), None);
        assert_eq!(strikes(&write(StateOwner::Reminders(Some(Actor::new("T", "a"))), "k1")), None);
        assert_eq!(faults.left(first), Some(2));
        assert_eq!((strikes(&call).as_deref(), strikes(&call).as_deref()), (Some("first"), Some("first")));
        assert_eq!(faults.left(first), Some(0));
        assert_eq!(strikes(&call).as_deref(), Some("second"));
        assert_eq!(strikes(&write(of("a"), "other")), None);
        faults.clear();
        assert_eq!(strikes(&call), None);
    }

    #[test]
    fn what_is_published_is_struck_by_its_topic_and_its_turn() {
        let faults = Faults::new();
        faults.add(FaultRule::publishes().to_topic("t").of_actor("T", "a"), Fault::cut());
        let published = |topic: &str, turn: Option<Actor>| {
            let turn = turn.map(|actor| (actor, crate::observation::TurnId(1)));
            let (component, topic, data) = ("p".into(), topic.into(), Excerpt::of(b"{}"));
            faults.publish(&Publication { id: 1, component, topic, event_id: None, data, turn }).is_some()
        };
        assert!(published("t", Some(Actor::new("T", "a"))));
        assert!(!published("t", None) && !published("t", Some(Actor::new("T", "b"))));
        assert!(!published("u", Some(Actor::new("T", "a"))));
    }
}

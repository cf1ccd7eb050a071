//! Setting the failure switch and the retry policy, one change after the other.

use leptos::prelude::*;
use std::collections::VecDeque;

use leptos::task::spawn_local;

use super::store::{Connection, Store};
use crate::functions::{faults, policy};
use model::{fault::form::FaultForm, policy::form::PolicyForm};

/// Where the switch is set.
pub const SET_FAULT: &str = "/api/set_fault";
/// Where the switch is armed.
pub const ARM_FAULT: &str = "/api/arm_fault";
/// Where the retry policy is set.
pub const SET_POLICY: &str = "/api/set_policy";

/// A change of what a person sets.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The failure switch, with its plan.
    Fault {
        /// Whether it is on.
        on: bool,
        /// The faults.
        plan: Vec<FaultForm>,
    },
    /// The switch is armed afresh.
    Arm,
    /// The retry policy.
    Policy(PolicyForm),
}

/// Changes that wait; `None` while none is being made.
pub type Changes = Option<VecDeque<Change>>;

/// Makes one change after the other, in the order in which they were asked for: sent at once, the last could be made
/// before the one that it is to follow.
pub fn set(store: Store, change: Change) {
    let idle = store.changes.with_untracked(Option::is_none);
    store.changes.update(|changes| changes.get_or_insert_default().push_back(change));
    if idle {
        spawn_local(async move {
            while let Some(Some(next)) = store.changes.try_update(|changes| changes.as_mut()?.pop_front()) {
                make(store, next).await;
            }
            store.changes.set(None);
        });
    }
}

async fn make(store: Store, change: Change) {
    let actor = store.lab.actor_id();
    let fault = match change {
        Change::Fault { on, plan } => {
            let on = on.then(|| "on".to_owned());
            store.form.attempt(SET_FAULT, faults::set_fault(actor, on, plan, None)).await
        }
        Change::Arm => store.form.attempt(ARM_FAULT, faults::arm_fault(actor)).await,
        Change::Policy(policy) => {
            let set = store.form.attempt(SET_POLICY, policy::set_policy(actor, policy)).await;
            if let Some(policy) = set.ok().filter(|_| !hears(store)) {
                store.lab.set_policy(policy);
            }
            return;
        }
    };
    match fault {
        Ok(fault) if !hears(store) => store.lab.set_fault(fault),
        Ok(_) => {}
        // The switch has moved already: it goes back to what is in force. What was typed stays.
        Err(_) => {
            store.asked.update(Vec::clear);
            store.lab.fault.update(|_| ());
        }
    }
}

/// Whether the stream tells every change, in order: an answer may come after the news of a later change.
fn hears(store: Store) -> bool {
    store.connection.get_untracked() == Connection::Live
}

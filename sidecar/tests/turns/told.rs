//! What a sidecar told, against the rules.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sidecar::observation::{Actor, CallId, Event, EventKind, Events, TurnId};

use crate::support::DEADLINE;

/// What is known of an actor at one moment.
#[derive(Debug, Default)]
struct Known {
    active: bool,
    /// The calls that are in it, and the turn that they share.
    inside: BTreeSet<CallId>,
    turn: Option<TurnId>,
    last_started: Option<CallId>,
    last_turn: Option<TurnId>,
}

/// Checks everything that was told from the start of a sidecar to its end.
///
/// # Errors
/// What is against the rules.
pub async fn check(mut events: Events) -> Result<(), String> {
    let mut actors: HashMap<Actor, Known> = HashMap::new();
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    // What the sidecar has begun, it ends; then nobody is left who tells.
    let next = async |events: &mut Events| tokio::time::timeout(DEADLINE, events.recv()).await;
    while let Some(event) = next(&mut events).await.map_err(|_| "something of the sidecar does not end")? {
        if let Err(why) = one(&event, &mut actors, &mut open) {
            return Err(format!("{why}: {event:#?}; {actors:#?}"));
        }
    }
    if !open.is_empty() {
        return Err(format!("what began has no end: {open:?}"));
    }
    let still: Vec<_> = actors.iter().filter(|(_, known)| known.active || !known.inside.is_empty()).collect();
    if still.is_empty() { Ok(()) } else { Err(format!("still there at the end: {still:?}")) }
}

fn one(event: &Event, actors: &mut HashMap<Actor, Known>, open: &mut BTreeMap<String, usize>) -> Result<(), String> {
    let mut begins = |what: String| *open.entry(what).or_default() += 1;
    match &event.kind {
        EventKind::Missed { events } => return Err(format!("the channel was too small for {events:?}")),
        EventKind::CallQueued { call } => begins(format!("call {}", call.id)),
        EventKind::StateCallStarted { call, attempt } => begins(format!("state call {} {attempt}", call.id)),
        EventKind::CallEnded { call, .. } => ends(open, &format!("call {}", call.id))?,
        EventKind::StateCallEnded { call, attempt, .. } => ends(open, &format!("state call {} {attempt}", call.id))?,
        _ => {}
    }
    let known = match &event.kind {
        EventKind::CallStarted { call, .. } | EventKind::CallEnded { call, .. } => call.actor.clone(),
        EventKind::Activated { actor, .. }
        | EventKind::Deactivating { actor, .. }
        | EventKind::Deactivated { actor, .. } => actor.clone(),
        _ => return Ok(()),
    };
    let known = actors.entry(known).or_default();
    match &event.kind {
        EventKind::CallStarted { call, turn, reentrant: true, .. } => {
            // The calls before it in the chain may have ended since it joined them.
            if *known.turn.get_or_insert(*turn) != *turn || known.last_turn != Some(*turn) {
                return Err("a call came into a turn that there is not".into());
            }
            known.inside.insert(call.id);
        }
        EventKind::CallStarted { call, turn, .. } => {
            begin(known, *turn)?;
            if known.last_started.replace(call.id) > Some(call.id) {
                return Err("a call started before one that stood in front of it".into());
            }
            known.inside.insert(call.id);
        }
        EventKind::CallEnded { call, turn: Some(turn), .. } => {
            if known.turn != Some(*turn) || !known.inside.remove(&call.id) {
                return Err("a call ended that was not in its turn".into());
            }
            if known.inside.is_empty() {
                known.turn = None;
            }
        }
        EventKind::Activated { .. } if std::mem::replace(&mut known.active, true) => {
            return Err("activated, and was active".into());
        }
        EventKind::Deactivating { turn, .. } => begin(known, *turn)?,
        EventKind::Deactivated { .. } => {
            known.turn = None;
            if !std::mem::replace(&mut known.active, false) {
                return Err("deactivated, and was not active".into());
            }
        }
        _ => {}
    }
    Ok(())
}

fn begin(known: &mut Known, turn: TurnId) -> Result<(), String> {
    if known.turn.replace(turn).is_some() {
        return Err("two turns at once".into());
    }
    if known.last_turn.replace(turn) > Some(turn) {
        return Err("turns are not numbered in their order".into());
    }
    Ok(())
}

fn ends(open: &mut BTreeMap<String, usize>, what: &str) -> Result<(), String> {
    match open.remove(what) {
        Some(1) => Ok(()),
        other => Err(format!("{what} ended and had begun {other:?}")),
    }
}

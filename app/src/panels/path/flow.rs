//! How the signal path stands: a pure function of the turns and of what can be reached.

use crate::{
    format::tenths_ms,
    state::{clock::AFTERGLOW_MS, connection::Connection, timeline::running_turn},
};
use model::{
    error::ErrorCode,
    fault::{AttemptFault, Fault, FaultKind, FaultStatus, words::ahead},
    lab::Panels,
    operation::{Cause, Layer, Method, Operation},
    timeline::{Attempt, AttemptState, Outcome, Turn},
    wire::WireFault,
};

/// A stretch between two stations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HopState {
    /// Nothing passes.
    Idle,
    /// A call is on its way.
    Live,
    /// A caller waits at it.
    Held,
    /// A call has just passed well.
    Ok,
    /// It broke.
    Broken,
    /// What lies behind the break.
    Dead,
}

impl HopState {
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Idle => "hop idle",
            Self::Live => "hop live",
            Self::Held => "hop held",
            Self::Ok => "hop ok",
            Self::Broken => "hop hop-fail",
            Self::Dead => "hop hop-dead",
        }
    }
}

/// A station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StationState {
    /// Nothing happens there.
    Idle,
    /// It works.
    Live,
    /// It waits between two attempts.
    Waits,
    /// It has just ended well.
    Ok,
    /// It gave up.
    Failed,
    /// It cannot be reached.
    Off,
}

impl StationState {
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Idle => "node",
            Self::Live => "node live",
            Self::Waits => "node wait",
            Self::Ok => "node ok",
            Self::Failed => "node fail",
            Self::Off => "node off",
        }
    }
}

/// The whole path.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Flow {
    /// Browser to server function, to sidecar, to actor, to store.
    pub(super) hops: [HopState; 4],
    /// Browser, server function, sidecar, actor, store.
    pub(super) nodes: [StationState; 5],
    /// What stands under the actor, and the same for a narrow page.
    pub(super) actor: String,
    pub(super) actor_short: &'static str,
    /// The class of the switch in the last hop; without one there is no switch to see.
    pub(super) knife: Option<&'static str>,
    /// The class and the words under the last hop.
    pub(super) hop_words: Option<(&'static str, String)>,
    /// All of it in a sentence.
    pub(super) sentence: String,
}

/// Works it out. `now` is the server's clock in milliseconds since the Unix epoch.
pub(super) fn flow(
    turns: &[Turn],
    fault: &FaultStatus,
    active: bool,
    panels: &Panels,
    connection: Connection,
    now: u64,
) -> Flow {
    let mut flow = match running_turn(turns) {
        Some(turn) => running(turn, fault, now),
        None => idle(turns, fault, active, now),
    };
    if let Some(code) = panels.history.as_ref().err().map(|error| error.code) {
        unreachable(&mut flow, code);
    }
    if let Some(fault) = panels.wire.as_ref().and_then(|wire| wire.fault) {
        on_the_wire(&mut flow, fault);
    }
    if matches!(connection, Connection::Reconnecting | Connection::Lost) {
        flow.hops[0] = HopState::Dead;
        flow.sentence.insert_str(0, "The connection from the browser to the server is broken. ");
    }
    flow
}

/// The wire to the store fails on purpose: what is broken there wears the colour of the switch.
fn on_the_wire(flow: &mut Flow, fault: WireFault) {
    let verb = fault.verb();
    flow.sentence.push_str(&format!(" The wire to the store {verb} on purpose."));
    if flow.hops[3] == HopState::Broken {
        flow.knife = Some("knife broken");
    } else {
        flow.knife = Some("knife armed");
    }
    if flow.hop_words.as_ref().is_none_or(|(class, _)| *class != "hop-t") {
        let class = if flow.hops[3] == HopState::Broken { "hop-t broken" } else { "hop-t armed" };
        flow.hop_words = Some((class, format!("wire {verb}")));
    }
}

fn unreachable(flow: &mut Flow, code: ErrorCode) {
    match code {
        ErrorCode::SidecarUnreachable => {
            flow.hops[1] = HopState::Broken;
            flow.nodes[2] = StationState::Off;
            flow.sentence = "The sidecar does not answer.".to_owned();
        }
        ErrorCode::StoreUnreachable => {
            flow.hops[3] = HopState::Broken;
            flow.nodes[4] = StationState::Off;
            flow.knife = Some("knife torn");
            flow.hop_words = Some(("hop-t broken", "no answer".to_owned()));
            flow.sentence = "The state store does not answer.".to_owned();
        }
        _ => {}
    }
}

/// The last attempt of a turn that failed, with whether it was on purpose.
fn failure(attempt: &Attempt) -> Option<Cause> {
    match attempt.state {
        AttemptState::Failed { cause, .. } => Some(cause),
        _ => None,
    }
}

const fn torn(cause: Cause) -> &'static str {
    if cause.simulated { "knife broken" } else { "knife torn" }
}

fn why(cause: Cause) -> &'static str {
    match (cause.simulated, cause.layer) {
        (true, _) => "on purpose",
        (false, Layer::Actor) => "in the actor",
        (false, Layer::Sidecar) => "at the sidecar",
        (false, Layer::Store | Layer::Wire) => "in the state store",
    }
}

/// The path while a turn holds the actor.
fn running(turn: &Turn, fault: &FaultStatus, now: u64) -> Flow {
    let n = turn.number;
    let mut flow = Flow {
        hops: [HopState::Held, HopState::Held, HopState::Held, HopState::Idle],
        nodes: [StationState::Idle, StationState::Idle, StationState::Idle, StationState::Live, StationState::Idle],
        actor: format!("runs turn {n}"),
        actor_short: "runs",
        knife: armed(fault, true),
        hop_words: None,
        sentence: format!("The actor runs turn {n}."),
    };
    let last = turn.attempts.last();
    if let Some(hold) = turn.held() {
        let (operation, attempt, max) = (hold.operation.as_str(), hold.attempt, hold.max);
        flow.nodes[3] = StationState::Waits;
        flow.actor = format!("holds turn {n}");
        flow.actor_short = "holds";
        flow.sentence = format!(
            "Browser, server function and sidecar wait on the actor. Attempt {attempt} of {max} to {operation} is held \
             until somebody releases it."
        );
        if let Some((attempt, cause)) = last.and_then(|attempt| Some((attempt, failure(attempt)?))) {
            broken(&mut flow, attempt, cause);
        }
    } else if let Some(wait) = turn.waits.last().filter(|wait| !wait.over) {
        let left = tenths_ms(wait.due_at.saturating_sub(now).div_ceil(500) * 500);
        let next = wait.attempt;
        flow.nodes[3] = StationState::Waits;
        flow.actor = format!("holds turn {n}");
        flow.actor_short = "waits";
        flow.sentence = format!(
            "Browser, server function and sidecar wait on the actor. The actor waits {left} before attempt {next}."
        );
        if let Some((attempt, cause)) = last.and_then(|attempt| Some((attempt, failure(attempt)?))) {
            broken(&mut flow, attempt, cause);
        }
    } else if let Some(attempt) = last.filter(|attempt| attempt.state == AttemptState::Running) {
        let what = attempt.operation.as_str();
        flow.hops[3] = HopState::Live;
        flow.hop_words = Some(("hop-t", what.to_owned()));
        flow.sentence = format!("The actor runs turn {n}: {what}, attempt {} of {}.", attempt.attempt, attempt.max);
    }
    flow
}

fn broken(flow: &mut Flow, attempt: &Attempt, cause: Cause) {
    let what = attempt.operation.as_str();
    flow.hops[3] = HopState::Broken;
    flow.nodes[4] = StationState::Off;
    flow.knife = Some(torn(cause));
    flow.hop_words = Some(("hop-t broken", format!("{what} failed")));
    flow.sentence.push_str(&format!(
        " The hop from the actor to the state store is open: {what} attempt {} failed {}.",
        attempt.attempt,
        why(cause)
    ));
}

/// The switch as it stands in the line while nothing has broken it.
fn armed(fault: &FaultStatus, active: bool) -> Option<&'static str> {
    match (fault.on, fault.at_next_turn(active).is_loaded()) {
        (false, _) => None,
        (true, false) => Some("knife"),
        (true, true) => Some("knife armed"),
    }
}

/// What the switch holds ready for attempts, in two or three words and in a sentence; `None` if it holds nothing. What
/// the wire does is told by the wire.
fn held_ready(fault: &FaultStatus) -> Option<(String, String)> {
    let ready = fault.in_force().filter(|(fault, count)| fault.wire().is_none() && count.left != Some(0));
    let ready: Vec<_> = ready.collect();
    let words = match *ready.as_slice() {
        [] => return None,
        [(Fault::Attempt(AttemptFault { kind, .. }), count)] => match (kind, count.left) {
            (FaultKind::Error, Some(1)) => "fails once".to_owned(),
            (FaultKind::Error, Some(n)) => format!("fails {n} times"),
            (FaultKind::Error, None) => "fails".to_owned(),
            (FaultKind::Delay { ms }, _) => format!("{ms} ms late"),
            (FaultKind::Hang, _) => "hangs".to_owned(),
            (FaultKind::Flaky { percent, .. }, _) => format!("fails with {percent} %"),
        },
        _ => format!("{} faults", ready.len()),
    };
    let each: Vec<_> = ready.iter().map(|(fault, count)| ahead(fault, count)).collect();
    Some((words, format!(" Set to fail on the hop from the actor to the state store: {}.", each.join("; "))))
}

/// The path while nothing runs: what the last turn left, or what the switch holds ready.
fn idle(turns: &[Turn], fault: &FaultStatus, active: bool, now: u64) -> Flow {
    let resting = if active { "in memory" } else { "not in memory" };
    let mut flow = Flow {
        hops: [HopState::Idle; 4],
        nodes: [StationState::Idle; 5],
        actor: resting.to_owned(),
        actor_short: resting,
        knife: armed(fault, active),
        hop_words: None,
        sentence: "Nothing is running.".to_owned(),
    };
    let ready = held_ready(&fault.at_next_turn(active));
    if let Some((words, sentence)) = &ready {
        flow.sentence.push_str(sentence);
        flow.hop_words = Some(("hop-t armed", words.clone()));
    }
    let Some(last) = turns.iter().rfind(|turn| turn.ended()) else { return flow };
    match &last.outcome {
        Outcome::Completed { .. } if last.ended_at.is_some_and(|end| now < end + AFTERGLOW_MS) => {
            flow.hops = [HopState::Ok; 4];
            flow.nodes = [StationState::Ok; 5];
            flow.sentence = format!("Turn {} ended well.", last.number);
            if fault.on && ready.is_none() {
                flow.knife = None;
            }
        }
        Outcome::Failed { .. } if last.method == Method::ProcessMessage && active => {
            flow.nodes[3] = StationState::Failed;
            flow.actor = "gave up".to_owned();
            flow.actor_short = "gave up";
            let failed = last.attempts.iter().rfind(|a| a.operation != Operation::Publish && a.failed());
            flow.sentence = format!("Nothing is running. Turn {} failed.", last.number);
            if let Some((attempt, cause)) = failed.and_then(|attempt| Some((attempt, failure(attempt)?))) {
                broken(&mut flow, attempt, cause);
            }
        }
        _ => {}
    }
    flow
}

#[cfg(test)]
mod tests;

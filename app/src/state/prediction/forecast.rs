//! What is going to happen, and whether what was predicted for the last message came true: read from the events. Pure.

use model::{
    fault::{FaultPlan, FaultStatus, Hit, WireFault},
    lesson::prediction::{PredictedStep, Prediction, Stored, predict, predict_rest},
    operation::{Layer, Method},
    policy::RetryPolicy,
    timeline::{Attempt, AttemptState, Event, Outcome, Step, Turn},
};

/// What the lab is set to now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conditions<'a> {
    /// The failure switch.
    pub fault: &'a FaultStatus,
    /// What the wire to Redis does on purpose, whoever has set it.
    pub wire: Option<WireFault>,
    /// The retry policy.
    pub policy: RetryPolicy,
    /// Whether the actor is in memory.
    pub active: bool,
    /// How many messages are stored.
    pub messages: usize,
    /// Whether each attempt is held before it begins.
    pub held: bool,
}

/// The next message, and the last one.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// What a message would meet that is sent now.
    pub next: Prediction,
    /// The turn that runs, or the last that did.
    pub last: Option<TurnForecast>,
}

/// What was predicted for one turn.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnForecast {
    /// The turn.
    pub turn: u64,
    /// What was predicted for it when it began, or when the switch was last set during it.
    pub prediction: Prediction,
    /// Whether it is another than what was predicted when the turn began: switch, policy, hold or wire were set since.
    pub is_anew: bool,
    /// Whether the turn has ended.
    pub has_ended: bool,
    /// Whether it keeps to it.
    pub verdict: Verdict,
}

/// Whether a turn keeps to its prediction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing has happened yet.
    Open,
    /// Everything up to now.
    RightSoFar,
    /// It has ended as predicted.
    CameTrue,
    /// It did not, and this is where.
    Otherwise(String),
}

/// Reads both from the events and the turns that they tell of.
pub(super) fn forecast(events: &[Event], turns: &[Turn], now: Conditions<'_>) -> Forecast {
    let turn = turns.last().map_or(1, |turn| turn.number + 1);
    let stored = Stored { messages: now.messages, answered: false };
    let fault = now.fault.at_next_turn(now.active).beside_the_wire(now.wire);
    let next = held_if(now.held, predict(&fault, now.policy, turn, stored), &fault);
    Forecast { next, last: last(events, turns, now) }
}

/// The prediction, with its attempts held if they are.
fn held_if(held: bool, prediction: Prediction, fault: &FaultStatus) -> Prediction {
    if held { prediction.held(fault) } else { prediction }
}

/// The last message's turn that has begun, with the prediction that switch and policy allowed at its beginning.
fn last(events: &[Event], turns: &[Turn], now: Conditions<'_>) -> Option<TurnForecast> {
    let begun = |turn: &&Turn| turn.method == Method::ProcessMessage && turn.started_at.is_some();
    let turn = turns.iter().rev().find(begun)?;
    if matches!(turn.outcome, Outcome::Completed { repeated: true, .. }) {
        return None;
    }
    let mut retrace = Retrace::new(events, now, turn.number);
    for event in &events[first_of(events, turn.number)..] {
        retrace.apply(&event.step);
        if matches!(event.step, Step::TurnCompleted { turn: n, .. } | Step::TurnFailed { turn: n, .. } if n == turn.number)
        {
            break;
        }
    }
    let prediction = retrace.prediction?;
    let verdict = verdict(turn, &prediction);
    Some(TurnForecast { turn: turn.number, prediction, is_anew: retrace.is_anew, has_ended: turn.ended(), verdict })
}

/// The place of the first event that tells of this turn; what was before it is the same for all that the turn does.
fn first_of(events: &[Event], turn: u64) -> usize {
    let asked = |event: &Event| match event.step {
        Step::TurnQueued { turn: number, .. } | Step::TurnStarted { turn: number, .. } => number == turn,
        _ => false,
    };
    let started = events.iter().rposition(asked).unwrap_or_default();
    let queued = events[..started].iter().rposition(asked);
    queued.unwrap_or(started)
}

/// Switch, policy and one turn as the events tell of them, and what was predicted for the turn.
struct Retrace {
    turn: u64,
    fault: Option<FaultStatus>,
    wire: Option<WireFault>,
    policy: RetryPolicy,
    held: bool,
    so_far: Vec<PredictedStep>,
    /// Whether the last of them is an attempt that has not ended.
    under_way: bool,
    prediction: Option<Prediction>,
    /// Whether that is another than at the turn's beginning.
    is_anew: bool,
}

impl Retrace {
    /// As all stood before the turn was asked for. A lab that nobody has touched has the lesson's switch; without its
    /// first event the switch is not known. A policy that was never set is the one in force, and so it is with holding.
    fn new(events: &[Event], now: Conditions<'_>, turn: u64) -> Self {
        let (before, after) = events.split_at(first_of(events, turn));
        let untouched = || events.first().filter(|event| event.seq == 1).map(|_| FaultStatus::lesson());
        let fault = before.iter().rev().find_map(|event| match &event.step {
            Step::LabReset => Some(FaultStatus::lesson()),
            Step::FaultChanged { fault } | Step::FaultFired { fault, .. } => Some(fault.clone()),
            _ => None,
        });
        let wire = |event: &Event| match event.step {
            Step::WireChanged { wire } => Some(wire),
            _ => None,
        };
        let set_before = before.iter().rev().find_map(wire);
        let set_later = || after.iter().find_map(wire);
        // What was mended later was broken, nobody knows how.
        let known = set_before.is_some() || set_later() != Some(None);
        let wire = set_before.unwrap_or_else(|| set_later().map_or(now.wire, |_| None));
        let policy = |event: &Event| match event.step {
            Step::PolicyChanged { policy } => Some(policy),
            _ => None,
        };
        let set_later = || after.iter().find_map(policy).map(|_| RetryPolicy::LESSON);
        let hold = |event: &Event| match event.step {
            Step::HoldChanged { on } => Some(on),
            _ => None,
        };
        let switched_later = || after.iter().find_map(hold).map(|on| !on);
        Self {
            turn,
            fault: fault.or_else(untouched).filter(|_| known),
            wire,
            policy: before.iter().rev().find_map(policy).or_else(set_later).unwrap_or(now.policy),
            held: before.iter().rev().find_map(hold).or_else(switched_later).unwrap_or(now.held),
            so_far: Vec::new(),
            under_way: false,
            prediction: None,
            is_anew: false,
        }
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::LabReset => self.fault = Some(FaultStatus::lesson()),
            Step::FaultChanged { fault } => {
                self.fault = Some(fault.clone());
                self.predict_anew();
            }
            Step::PolicyChanged { policy } => {
                self.policy = *policy;
                self.predict_anew();
            }
            Step::HoldChanged { on } => {
                self.held = *on;
                self.predict_anew();
            }
            Step::WireChanged { wire } => {
                self.wire = *wire;
                self.meets_the_wire();
                self.predict_anew();
            }
            Step::FaultFired { turn, hit: met, fault, .. } => {
                self.fault = Some(fault.clone());
                if let (true, Some(PredictedStep::Attempt { fails, hit, .. })) =
                    (*turn == self.turn, self.so_far.last_mut())
                {
                    (*fails, *hit) = (met.end.is_some(), Some(*met));
                    self.meets_the_wire();
                }
            }
            step if step.turn() != Some(self.turn) => {}
            Step::TurnStarted { .. } => {
                let turn = self.turn;
                let predicted =
                    |fault| held_if(self.held, predict(&fault, self.policy, turn, Stored::default()), &fault);
                self.prediction = self.met().map(predicted);
            }
            Step::AttemptStarted { operation, attempt, max, .. } => {
                let (operation, attempt, max, timeout_ms) =
                    (*operation, *attempt, *max, self.policy.attempt_timeout_ms);
                self.so_far.push(PredictedStep::Attempt {
                    operation,
                    attempt,
                    max,
                    fails: false,
                    hit: None,
                    timeout_ms,
                });
                self.under_way = true;
                self.meets_the_wire();
            }
            Step::AttemptFailed { .. } | Step::AttemptSucceeded { .. } => {
                self.under_way = false;
                if let Some(PredictedStep::Attempt { fails, .. }) = self.so_far.last_mut() {
                    *fails = matches!(step, Step::AttemptFailed { .. });
                }
            }
            Step::RetryScheduled { operation, attempt, delay_ms, .. } => {
                let (operation, attempt, delay_ms) = (*operation, *attempt, *delay_ms);
                self.so_far.push(PredictedStep::Wait { operation, attempt, delay_ms });
            }
            _ => {}
        }
    }

    /// The switch as this turn meets it, beside the wire as it is set.
    fn met(&self) -> Option<FaultStatus> {
        self.fault.as_ref().map(|fault| fault.beside_the_wire(self.wire))
    }

    /// What comes of the attempt that is under way if it leaves the actor and nothing ends it in the store: unlike a
    /// fault on attempts, the wire is met by one that had begun before it was set.
    fn meets_the_wire(&mut self) {
        let Some(PredictedStep::Attempt { operation, fails, hit, timeout_ms, .. }) = self.so_far.last_mut() else {
            return;
        };
        let own = hit.unwrap_or_default();
        if !self.under_way || own.end.is_some_and(|end| end.layer != Layer::Wire) {
            return;
        }
        let plan = self.wire.and_then(|wire| FaultPlan::one(wire).ok());
        let met = plan.and_then(|plan| FaultStatus::armed(plan).meet(*operation, *timeout_ms)).unwrap_or_default();
        let Hit { actor_delay_ms, store_delay_ms, .. } = own;
        let both = Hit { actor_delay_ms, store_delay_ms, ..met };
        (*fails, *hit) = (both.end.is_some(), (both != Hit::default()).then_some(both));
    }

    /// Switch, policy or holding were set while the turn runs: what is done or under way stays, the rest is worked out again.
    fn predict_anew(&mut self) {
        if let (true, Some(fault)) = (self.prediction.is_some(), self.met()) {
            let rest = predict_rest(&self.so_far, &fault, self.policy, self.turn, Stored::default());
            let rest = held_if(self.held, rest, &fault);
            self.is_anew |= self.prediction.as_ref().is_some_and(|before| before.sentence() != rest.sentence());
            self.prediction = Some(rest);
        }
    }
}

fn verdict(turn: &Turn, prediction: &Prediction) -> Verdict {
    let mut predicted = prediction.steps.iter().filter_map(|step| match step {
        PredictedStep::Attempt { operation, attempt, fails, .. } => Some((*operation, *attempt, *fails)),
        PredictedStep::Wait { .. } => None,
    });
    let mut waits = prediction.steps.iter().filter_map(|step| match step {
        PredictedStep::Wait { operation, attempt, delay_ms } => Some((*operation, *attempt, *delay_ms)),
        PredictedStep::Attempt { .. } => None,
    });
    let mut finished = 0;
    for done in &turn.attempts {
        let Some(failed) = failed(done) else { break };
        finished += 1;
        if predicted.next() != Some((done.operation, done.attempt, failed)) {
            let how = if failed { "failed" } else { "succeeded" };
            return Verdict::Otherwise(format!("{} attempt {} {how}", done.operation.as_str(), done.attempt));
        }
    }
    for wait in &turn.waits {
        if waits.next() != Some((wait.operation, wait.attempt, wait.delay_ms)) {
            let (operation, next, ms) = (wait.operation.as_str(), wait.attempt, wait.delay_ms);
            return Verdict::Otherwise(format!("it waits {ms} ms before {operation} attempt {next}"));
        }
    }
    match &turn.outcome {
        Outcome::Completed { .. } if prediction.succeeds() => Verdict::CameTrue,
        Outcome::Failed { .. } if !prediction.succeeds() => Verdict::CameTrue,
        Outcome::Completed { .. } => Verdict::Otherwise("it succeeded".to_owned()),
        Outcome::Failed { error, .. } => Verdict::Otherwise(error.message.clone()),
        Outcome::Queued | Outcome::Running if finished > 0 => Verdict::RightSoFar,
        Outcome::Queued | Outcome::Running => Verdict::Open,
    }
}

/// Whether an attempt failed; `None` while it is under way.
const fn failed(attempt: &Attempt) -> Option<bool> {
    match attempt.state {
        AttemptState::Running => None,
        AttemptState::Failed { .. } => Some(true),
        AttemptState::Succeeded { .. } => Some(false),
    }
}

#[cfg(test)]
#[path = "forecast_tests.rs"]
mod tests;

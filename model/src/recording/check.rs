//! What the events of one turn may be. Nothing is drawn that was not looked at here: numbers are bounded, and the steps
//! come in an order in which a turn can take them.

use std::collections::HashSet;

use super::cut::is_setting;
use crate::{
    error::{LabError, ranged},
    fault::FaultStatus,
    operation::Operation,
    policy::RetryPolicy,
    timeline::{Event, Step},
};

/// The last moment that a recording can tell of: the beginning of the year 9999, in milliseconds since the Unix epoch.
const LAST_AT: u64 = 253_370_764_800_000;
/// The longest that anything in a turn lasts, and the farthest that its events lie from its first, in milliseconds: a
/// day. A turn lasts 45 s at most; it may have waited behind very many others.
const LONGEST_MS: u64 = 24 * 60 * 60 * 1_000;
/// The longest that faults can hold up an attempt, in milliseconds.
const LONGEST_HIT_MS: u64 = 100_000;

/// Whether the counts of a switch are those of its plan.
pub(super) fn fault(fault: &FaultStatus) -> Result<(), LabError> {
    let (counts, faults) = (fault.counts.len(), fault.plan.faults().len());
    if counts == faults {
        return Ok(());
    }
    Err(LabError::of_field("counts", format!("counts are {counts}, and the plan has {faults} faults: one for each.")))
}

/// Whether these are the events of this turn, and of one whole turn.
pub(super) fn events(turn: u64, events: &[Event]) -> Result<(), LabError> {
    let mut course = Course::default();
    let mut last = 0;
    let begins = events.first().map_or(0, |event| event.at);
    for (n, event) in events.iter().enumerate() {
        let check = || -> Result<(), LabError> {
            of_turn(turn, &event.step)?;
            if event.seq <= last {
                let words = format!("seq is {}, after {last}: it has to rise.", event.seq);
                return Err(LabError::of_field("seq", words));
            }
            moment("at", event.at, begins, matches!(event.step, Step::EventDelivered { .. }))?;
            numbers(&event.step, begins)
        };
        check().and_then(|()| course.step(&event.step)).map_err(|error| error.within(&format!("events[{n}]")))?;
        last = event.seq;
    }
    if !course.begun() {
        return Err(LabError::of_field(
            "events",
            "events do not begin the turn: turn_queued or turn_started is missing.",
        ));
    }
    if !course.ended {
        return Err(LabError::of_field(
            "events",
            "events do not end the turn: turn_completed or turn_failed is missing.",
        ));
    }
    Ok(())
}

fn of_turn(turn: u64, step: &Step) -> Result<(), LabError> {
    match step.turn() {
        Some(of) if of == turn => Ok(()),
        Some(of) => {
            Err(LabError::of_field("turn", format!("turn is {of}, and the recording is of turn {turn} alone.")))
        }
        None if is_setting(step) || *step == Step::Activated => Ok(()),
        None => Err(LabError::of_field("type", "type is of a step that belongs to no turn: take it away.")),
    }
}

fn moment(field: &'static str, at: u64, begins: u64, late: bool) -> Result<(), LabError> {
    ranged::<u64>(field, at, 0, LAST_AT)?;
    if !late && at.abs_diff(begins) > LONGEST_MS {
        let words = format!("{field} is {at}, more than a day from {begins}, the first event's at.");
        return Err(LabError::of_field(field, words));
    }
    Ok(())
}

fn micros(field: &'static str, us: u64) -> Result<(), LabError> {
    ranged::<u64>(field, us, 0, LONGEST_MS * 1_000).map(drop)
}

fn numbers(step: &Step, begins: u64) -> Result<(), LabError> {
    match step {
        Step::AttemptFailed { took_us, .. }
        | Step::AttemptSucceeded { took_us, .. }
        | Step::TurnCompleted { took_us, .. }
        | Step::TurnFailed { took_us, .. } => micros("took_us", *took_us),
        Step::Recovered { lost_us, .. } => micros("lost_us", *lost_us),
        Step::StoreCall { call, .. } => micros("took_us", call.took_us).map_err(|error| error.within("call")),
        Step::RetryScheduled { delay_ms, due_at, .. } => {
            ranged::<u64>("delay_ms", *delay_ms, 0, RetryPolicy::MAX_DELAY_MS)?;
            moment("due_at", *due_at, begins, false)
        }
        Step::AttemptHeld { due_at, .. } => moment("due_at", *due_at, begins, false),
        Step::PolicyChanged { policy } => policy.check().map_err(|error| error.within("policy")),
        Step::FaultChanged { fault: status } => fault(status).map_err(|error| error.within("fault")),
        Step::FaultFired { fault: status, hit, .. } => {
            fault(status).map_err(|error| error.within("fault"))?;
            let delays = [
                ("actor_delay_ms", hit.actor_delay_ms),
                ("store_delay_ms", hit.store_delay_ms),
                ("wire_delay_ms", hit.wire_delay_ms),
            ];
            delays.into_iter().try_for_each(|(field, ms)| {
                ranged::<u64>(field, ms, 0, LONGEST_HIT_MS).map(drop).map_err(|error| error.within("hit"))
            })
        }
        _ => Ok(()),
    }
}

/// How far the turn has come.
#[derive(Default)]
struct Course {
    queued: bool,
    started: bool,
    ended: bool,
    /// The attempt that is under way.
    open: Option<(Operation, u8)>,
    tried: HashSet<(Operation, u8)>,
    waited: HashSet<(Operation, u8)>,
}

/// What a step has to come after.
fn order(holds: bool, words: &str) -> Result<(), LabError> {
    if holds { Ok(()) } else { Err(LabError::of_field("type", format!("type is out of order: {words}."))) }
}

/// Attempts are counted from 1, and told once.
fn attempt(attempt: u8, least: u8, max: u8, first_time: bool) -> Result<(), LabError> {
    ranged::<u8>("max", max.into(), 1, RetryPolicy::MAX_ATTEMPTS.into())?;
    ranged::<u8>("attempt", attempt.into(), least.into(), max.into())?;
    if first_time {
        return Ok(());
    }
    Err(LabError::of_field("attempt", format!("attempt is {attempt} for the second time: each is told once.")))
}

impl Course {
    const fn begun(&self) -> bool {
        self.queued || self.started
    }

    const fn runs(&self) -> bool {
        self.started && !self.ended
    }

    /// Takes one step further.
    fn step(&mut self, step: &Step) -> Result<(), LabError> {
        match step {
            Step::TurnQueued { .. } => {
                order(!self.begun(), "a turn is queued once, before anything else")?;
                self.queued = true;
            }
            Step::TurnStarted { .. } => {
                order(!self.started && !self.ended, "a turn starts once, and before it ends")?;
                self.started = true;
            }
            Step::AttemptStarted { operation, attempt: nth, max, .. } => {
                order(
                    self.runs() && self.open.is_none(),
                    "an attempt starts while the turn runs, after the one before it",
                )?;
                attempt(*nth, 1, *max, self.tried.insert((*operation, *nth)))?;
                self.open = Some((*operation, *nth));
            }
            Step::AttemptHeld { attempt: nth, max, .. } | Step::AttemptReleased { attempt: nth, max, .. } => {
                order(self.runs() && self.open.is_none(), "an attempt is held before it starts")?;
                attempt(*nth, 1, *max, true)?;
            }
            Step::FaultFired { operation, attempt, .. } => self.within(*operation, *attempt)?,
            Step::AttemptFailed { operation, attempt, max, .. }
            | Step::AttemptSucceeded { operation, attempt, max, .. } => {
                self.within(*operation, *attempt)?;
                ranged::<u8>("max", (*max).into(), (*attempt).into(), RetryPolicy::MAX_ATTEMPTS.into())?;
                self.open = None;
            }
            Step::RetryScheduled { operation, attempt: nth, max, .. } => {
                order(self.runs() && self.open.is_none(), "a retry is scheduled after an attempt")?;
                attempt(*nth, 2, *max, self.waited.insert((*operation, *nth)))?;
            }
            Step::Recovered { attempt: nth, max, .. } => {
                order(self.runs(), "an operation recovers while the turn runs")?;
                attempt(*nth, 1, *max, true)?;
            }
            Step::HistoryReturned { .. } => order(self.runs(), "a history is returned while the turn runs")?,
            Step::TurnCompleted { .. } => {
                order(self.runs() && self.open.is_none(), "a turn completes once, after its attempts")?;
                self.ended = true;
            }
            Step::TurnFailed { .. } => {
                order(self.begun() && !self.ended, "a turn fails once, after it was queued or started")?;
                self.ended = true;
            }
            // A save whose outcome was unknown is settled by a later turn, and the event may come back late.
            Step::ReplyReady { .. } | Step::EventDelivered { .. } | Step::StoreCall { .. } => {
                order(self.started, "the turn has to start before it")?;
            }
            _ => {}
        }
        Ok(())
    }

    fn within(&self, operation: Operation, attempt: u8) -> Result<(), LabError> {
        order(self.open == Some((operation, attempt)), "the attempt that it tells of is not under way")
    }
}

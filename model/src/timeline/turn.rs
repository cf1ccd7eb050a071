//! One turn, with its attempts, waits and holds, as its events tell of it.

use super::{Event, ReleasedBy, Step};
use crate::operation::{Cause, Method, Operation};
use crate::{error::LabError, fault::Hit, message::MessageId, wire::SeenCall};

/// One turn of the actor, as far as its events go.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// The actor's number for it, from 1.
    pub number: u64,
    /// The number of the last event that told of it: what is drawn of a turn is good for as long as this is the same.
    pub seq: u64,
    /// The number of its last event before a later turn began: after it the whole lab shows the turn at its end.
    pub until: u64,
    /// What it runs.
    pub method: Method,
    /// The message's id, for [`Method::ProcessMessage`].
    pub message_id: Option<MessageId>,
    /// The message's text, for [`Method::ProcessMessage`].
    pub content: Option<String>,
    /// When it was asked for, in milliseconds since the Unix epoch; `None` if the call came past the lab.
    pub queued_at: Option<u64>,
    /// When it got the actor.
    pub started_at: Option<u64>,
    /// When it ended.
    pub ended_at: Option<u64>,
    /// Whether the actor was brought into memory for it.
    pub activated: bool,
    /// Every attempt, in order.
    pub attempts: Vec<Attempt>,
    /// Every wait between two attempts, in order.
    pub waits: Vec<Wait>,
    /// Every attempt that was held before it began, in order.
    pub holds: Vec<Hold>,
    /// The first operation that succeeded after a failure, if one did.
    pub recovered: Option<Recovery>,
    /// The reply, once it is stored.
    pub reply: Option<String>,
    /// Whether its `ConversationUpdated` came back through the subscription.
    pub delivered: bool,
    /// How it stands.
    pub outcome: Outcome,
}

/// How a turn stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It waits for the actor.
    Queued,
    /// It holds the actor.
    Running,
    /// It ended well.
    Completed {
        /// From its start, in microseconds.
        took_us: u64,
        /// Whether the stored reply of an earlier turn was given again.
        repeated: bool,
    },
    /// It ended without a result.
    Failed {
        /// From its start, in microseconds.
        took_us: u64,
        /// Why.
        error: LabError,
    },
}

/// An operation that succeeded after at least one failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The attempt that succeeded.
    pub attempt: u8,
    /// How many there are at most.
    pub max: u8,
    /// From the first attempt's start to the success, in microseconds.
    pub lost_us: u64,
}

/// One attempt of one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The operation.
    pub operation: Operation,
    /// Which attempt, from 1.
    pub attempt: u8,
    /// How many there are at most; of one that failed, as many as it itself if no other followed.
    pub max: u8,
    /// When it began, in milliseconds since the Unix epoch.
    pub started_at: u64,
    /// How it stands.
    pub state: AttemptState,
    /// What the faults do with it that it meets.
    pub hit: Option<Hit>,
    /// The sidecar's calls on the wire to Redis for it, in the order in which they ended.
    pub calls: Vec<EndedCall>,
}

/// A call on the wire, and when it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedCall {
    /// When it ended, in milliseconds since the Unix epoch.
    pub ended_at: u64,
    /// The call.
    pub call: SeenCall,
}

impl Attempt {
    /// Whether it failed.
    #[must_use]
    pub const fn failed(&self) -> bool {
        matches!(self.state, AttemptState::Failed { .. })
    }

    /// Whether it succeeded.
    #[must_use]
    pub const fn succeeded(&self) -> bool {
        matches!(self.state, AttemptState::Succeeded { .. })
    }
}

/// How an attempt stands; durations in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptState {
    /// It is under way.
    Running,
    /// It failed.
    Failed {
        /// Its own error.
        error: String,
        /// Where, and whether on purpose.
        cause: Cause,
        /// Whether another attempt could mend it.
        transient: bool,
        /// How long it took.
        took_us: u64,
    },
    /// It succeeded.
    Succeeded {
        /// How long it took.
        took_us: u64,
    },
}

/// The wait before an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The operation that will be tried again.
    pub operation: Operation,
    /// The attempt that is waited for.
    pub attempt: u8,
    /// How many there are at most.
    pub max: u8,
    /// When it began, in milliseconds since the Unix epoch.
    pub from: u64,
    /// When it is due to end.
    pub due_at: u64,
    /// The wait as the policy gave it, in milliseconds.
    pub delay_ms: u64,
    /// Whether it has ended: the attempt after it has begun, or is held.
    pub over: bool,
}

/// An attempt that waits for somebody to release it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The operation that will be tried.
    pub operation: Operation,
    /// Which attempt, from 1.
    pub attempt: u8,
    /// How many there are at most.
    pub max: u8,
    /// Since when it is held, in milliseconds since the Unix epoch.
    pub from: u64,
    /// When it goes by itself.
    pub due_at: u64,
    /// When it went, and what let it go; `None` while it is held.
    pub released: Option<(u64, ReleasedBy)>,
}

impl Hold {
    /// How long it lasted, in milliseconds; 0 while it does.
    fn lasted_ms(&self) -> u64 {
        self.released.map_or(0, |(at, _)| at.saturating_sub(self.from))
    }
}

impl Turn {
    pub(super) fn new(number: u64, method: Method, message_id: Option<MessageId>, content: Option<String>) -> Self {
        Self {
            number,
            seq: 0,
            until: 0,
            method,
            message_id,
            content,
            queued_at: None,
            started_at: None,
            ended_at: None,
            activated: false,
            attempts: Vec::new(),
            waits: Vec::new(),
            holds: Vec::new(),
            recovered: None,
            reply: None,
            delivered: false,
            outcome: Outcome::Queued,
        }
    }

    /// Whether any of its load or save attempts failed.
    #[must_use]
    pub fn had_failures(&self) -> bool {
        let failed = |a: &Attempt| matches!(a.state, AttemptState::Failed { .. });
        self.attempts.iter().any(|a| a.operation != Operation::Publish && failed(a))
    }

    /// Whether its message and reply were stored and acknowledged in this turn.
    #[must_use]
    pub fn acknowledged(&self) -> bool {
        self.reply.is_some() && !matches!(self.outcome, Outcome::Failed { .. })
    }

    /// Whether `other` runs the same message: the same id, and the same text.
    #[must_use]
    pub fn is_same_message(&self, other: &Self) -> bool {
        self.message_id.is_some() && (&self.message_id, &self.content) == (&other.message_id, &other.content)
    }

    /// Whether it has ended.
    #[must_use]
    pub const fn ended(&self) -> bool {
        matches!(self.outcome, Outcome::Completed { .. } | Outcome::Failed { .. })
    }

    /// The hold that the turn is in now, if it is in one.
    #[must_use]
    pub fn held(&self) -> Option<&Hold> {
        self.holds.last().filter(|hold| hold.released.is_none() && !self.ended())
    }

    /// How long its attempts were held in all, in milliseconds, as far as they have been released.
    #[must_use]
    pub fn held_ms(&self) -> u64 {
        self.holds.iter().map(Hold::lasted_ms).sum()
    }

    /// How long the attempts were held between the first attempt of the operation that recovered and its success, in
    /// milliseconds: no part of the time that is lost to retries.
    #[must_use]
    pub fn held_during_retries_ms(&self) -> u64 {
        let failed = self.attempts.iter().find(|a| a.operation != Operation::Publish && a.failed());
        let of_it = |hold: &&Hold| hold.attempt > 1 && failed.is_some_and(|a| a.operation == hold.operation);
        self.holds.iter().filter(of_it).map(Hold::lasted_ms).sum()
    }

    fn hold(&mut self, hold: Hold) {
        let open = self.holds.last_mut().filter(|open| open.released.is_none());
        match open {
            Some(open) => *open = Hold { from: open.from, ..hold },
            None => self.holds.push(hold),
        }
    }

    fn end_wait(&mut self) {
        if let Some(wait) = self.waits.last_mut() {
            wait.over = true;
        }
    }

    fn close_attempt(&mut self, operation: Operation, attempt: u8, max: u8, state: AttemptState) {
        let open = self.attempts.iter_mut().rev().find(|a| a.operation == operation && a.attempt == attempt);
        if let Some(open) = open {
            (open.max, open.state) = (max, state);
        }
    }

    pub(super) fn apply(&mut self, event: &Event) {
        let at = event.at;
        self.seq = event.seq;
        match &event.step {
            Step::TurnQueued { .. } => self.queued_at = Some(at),
            Step::TurnStarted { .. } => {
                self.started_at = Some(at);
                self.outcome = Outcome::Running;
            }
            Step::AttemptStarted { operation, attempt, max, .. } => {
                self.end_wait();
                self.attempts.push(Attempt {
                    operation: *operation,
                    attempt: *attempt,
                    max: *max,
                    started_at: at,
                    state: AttemptState::Running,
                    hit: None,
                    calls: Vec::new(),
                });
            }
            Step::AttemptFailed { operation, attempt, max, error, cause, transient, took_us, .. } => {
                let state = AttemptState::Failed {
                    error: error.clone(),
                    cause: *cause,
                    transient: *transient,
                    took_us: *took_us,
                };
                self.close_attempt(*operation, *attempt, *max, state);
            }
            Step::AttemptSucceeded { operation, attempt, max, took_us, .. } => {
                self.close_attempt(*operation, *attempt, *max, AttemptState::Succeeded { took_us: *took_us });
            }
            Step::RetryScheduled { operation, attempt, max, delay_ms, due_at, .. } => self.waits.push(Wait {
                operation: *operation,
                attempt: *attempt,
                max: *max,
                from: at,
                due_at: *due_at,
                delay_ms: *delay_ms,
                over: false,
            }),
            Step::AttemptHeld { operation, attempt, max, due_at, .. } => {
                let (operation, attempt, max, due_at) = (*operation, *attempt, *max, *due_at);
                self.end_wait();
                self.hold(Hold { operation, attempt, max, from: at, due_at, released: None });
            }
            Step::AttemptReleased { by, .. } => {
                if let Some(hold) = self.holds.last_mut() {
                    hold.released = Some((at, *by));
                }
            }
            Step::ReplyReady { reply, .. } => self.reply = Some(reply.clone()),
            Step::TurnCompleted { took_us, repeated, .. } => {
                self.ended_at = Some(at);
                self.outcome = Outcome::Completed { took_us: *took_us, repeated: *repeated };
            }
            Step::TurnFailed { took_us, error, .. } => {
                self.ended_at = Some(at);
                self.outcome = Outcome::Failed { took_us: *took_us, error: error.clone() };
            }
            Step::EventDelivered { .. } => self.delivered = true,
            Step::StoreCall { operation, attempt, call, .. } => {
                let of = |a: &&mut Attempt| Some(a.operation) == *operation && Some(a.attempt) == *attempt;
                if let Some(open) = self.attempts.iter_mut().rev().find(of) {
                    open.calls.push(EndedCall { ended_at: at, call: call.clone() });
                }
            }
            Step::FaultFired { operation, attempt, hit, .. } => {
                let of = |a: &&mut Attempt| a.operation == *operation && a.attempt == *attempt;
                if let Some(open) = self.attempts.iter_mut().rev().find(of) {
                    open.hit = Some(*hit);
                }
            }
            Step::Recovered { attempt, max, lost_us, .. } => {
                let (attempt, max, lost_us) = (*attempt, *max, *lost_us);
                self.recovered.get_or_insert(Recovery { attempt, max, lost_us });
            }
            Step::HistoryReturned { .. }
            | Step::Activated
            | Step::Deactivated
            | Step::FaultChanged { .. }
            | Step::PolicyChanged { .. }
            | Step::HoldChanged { .. }
            | Step::WireChanged { .. }
            | Step::SidecarRetriesChanged { .. }
            | Step::StoreRead { .. }
            | Step::CheckPassed { .. }
            | Step::LabReset => {}
        }
    }
}

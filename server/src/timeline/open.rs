//! The turns that have not ended, and the numbers that they were given.

use std::collections::VecDeque;

use model::{message::MessageId, operation::Method, timeline::Step};

/// What a call that waits for its turn takes in memory beside its message, in bytes, about: the connection on which it is
/// waited for, its task, and its places in the connection to the sidecar. (Measured: a thousand of them take 57 MB.)
const CALL: usize = 56 * 1024;

/// How often the message of a call is held while it waits, beside the event that tells of it: here, in the request to the
/// sidecar, and in the sidecar, should that be the embedded one.
const COPIES: usize = 3;

/// Names one queued call. It travels with the call, so that the turn which it becomes is known for the one that was
/// queued, whatever else is waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket(String);

impl Ticket {
    /// A ticket that nobody else has, in other processes neither.
    pub(crate) fn new() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }

    /// The ticket as a header carries it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ticket that a header carried.
    #[must_use]
    pub fn received(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A turn that waits or runs.
#[derive(Clone, Debug)]
pub(super) struct OpenTurn {
    /// How its call was queued; `None` for one that came past the lab.
    ticket: Option<Ticket>,
    pub(super) number: u64,
    started: bool,
    method: Method,
    message_id: Option<MessageId>,
    content: Option<String>,
}

/// What a call with a message of so many bytes takes in memory while it waits for its turn, in bytes, about.
pub(crate) const fn waiting_weight(message: usize) -> usize {
    CALL + COPIES * message
}

impl OpenTurn {
    fn weight(&self) -> usize {
        waiting_weight(self.content.as_ref().map_or(0, String::len))
    }

    fn queued(&self) -> Step {
        Step::TurnQueued {
            turn: self.number,
            method: self.method,
            message_id: self.message_id.clone(),
            content: self.content.clone(),
        }
    }
}

/// The turns of one actor that have not ended, in the order of their numbers.
#[derive(Debug, Default)]
pub(super) struct OpenTurns {
    last_number: u64,
    turns: VecDeque<OpenTurn>,
    /// What all of `turns` weigh.
    weight: usize,
}

impl OpenTurns {
    pub(super) fn len(&self) -> usize {
        self.turns.len()
    }

    /// What they take in memory, in bytes, about.
    pub(super) const fn weight(&self) -> usize {
        self.weight
    }

    /// Gives the next number to a call; returns the step to record.
    pub(super) fn queue(
        &mut self,
        ticket: Ticket,
        method: Method,
        message_id: Option<MessageId>,
        content: Option<String>,
    ) -> Step {
        self.add(Some(ticket), method, message_id, content).queued()
    }

    /// Starts the turn with this ticket, or a new one; returns the step to record.
    pub(super) fn start(
        &mut self,
        ticket: Option<&Ticket>,
        method: Method,
        message_id: Option<MessageId>,
        content: Option<String>,
    ) -> Step {
        let waits = |turn: &&mut OpenTurn| !turn.started && turn.ticket.is_some() && turn.ticket.as_ref() == ticket;
        let number = if let Some(turn) = self.turns.iter_mut().find(waits) {
            turn.started = true;
            turn.number
        } else {
            let turn = self.add(None, method, message_id.clone(), content.clone());
            turn.started = true;
            turn.number
        };
        Step::TurnStarted { turn: number, method, message_id, content }
    }

    /// The number of a queued turn that has not started, and what it is to do.
    pub(super) fn waiting(&self, ticket: &Ticket) -> Option<(u64, Method)> {
        let waits = |turn: &&OpenTurn| !turn.started && turn.ticket.as_ref() == Some(ticket);
        self.turns.iter().find(waits).map(|turn| (turn.number, turn.method))
    }

    /// The numbers of the turns that have begun, and what they do.
    pub(super) fn started(&self) -> impl Iterator<Item = (u64, Method)> {
        self.turns.iter().filter(|turn| turn.started).map(|turn| (turn.number, turn.method))
    }

    /// The turn has ended.
    pub(super) fn close(&mut self, number: u64) {
        self.retain(|turn| turn.number != number);
    }

    /// Numbers from 1 again: what waits keeps its order and gets new numbers; returns the steps to record.
    pub(super) fn renumber(&mut self) -> Vec<Step> {
        self.retain(|turn| !turn.started);
        self.last_number = 0;
        let mut steps = Vec::new();
        for turn in &mut self.turns {
            self.last_number += 1;
            turn.number = self.last_number;
            steps.push(turn.queued());
        }
        steps
    }

    fn retain(&mut self, keep: impl Fn(&OpenTurn) -> bool) {
        let gone: usize = self.turns.iter().filter(|turn| !keep(turn)).map(OpenTurn::weight).sum();
        self.weight -= gone;
        self.turns.retain(keep);
    }

    fn add(
        &mut self,
        ticket: Option<Ticket>,
        method: Method,
        message_id: Option<MessageId>,
        content: Option<String>,
    ) -> &mut OpenTurn {
        self.last_number += 1;
        let turn = OpenTurn { ticket, number: self.last_number, started: false, method, message_id, content };
        self.weight += turn.weight();
        self.turns.push_back(turn);
        let last = self.turns.len() - 1;
        &mut self.turns[last]
    }
}

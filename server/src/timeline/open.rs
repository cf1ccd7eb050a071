//! The turns that have not ended, and the numbers that they were given.

use std::collections::VecDeque;

use model::{message::MessageId, operation::Method, timeline::Step};

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

impl OpenTurn {
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
}

impl OpenTurns {
    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty()
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

    /// The number of a queued turn that has not started.
    pub(super) fn waiting(&self, ticket: &Ticket) -> Option<u64> {
        let waits = |turn: &&OpenTurn| !turn.started && turn.ticket.as_ref() == Some(ticket);
        self.turns.iter().find(waits).map(|turn| turn.number)
    }

    /// The numbers of the turns that have begun.
    pub(super) fn started(&self) -> impl Iterator<Item = u64> {
        self.turns.iter().filter(|turn| turn.started).map(|turn| turn.number)
    }

    /// The turn has ended.
    pub(super) fn close(&mut self, number: u64) {
        self.turns.retain(|turn| turn.number != number);
    }

    /// Numbers from 1 again: what waits keeps its order and gets new numbers; returns the steps to record.
    pub(super) fn renumber(&mut self) -> Vec<Step> {
        self.turns.retain(|turn| !turn.started);
        self.last_number = 0;
        let mut steps = Vec::new();
        for turn in &mut self.turns {
            self.last_number += 1;
            turn.number = self.last_number;
            steps.push(turn.queued());
        }
        steps
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
        self.turns.push_back(turn);
        let last = self.turns.len() - 1;
        &mut self.turns[last]
    }
}

//! The calls that wait for their turn: how many of them one actor takes, and how much memory all of them.
//!
//! A lab in which one waits is never forgotten, so what waits cannot grow with whoever sends: what there is no room for is
//! refused before anything is done with it.

use std::sync::{Arc, atomic::Ordering};

use model::{
    actor_id::ActorId,
    error::{ErrorCode, LabError},
};

use super::{Contents, Lab, Labs};
use crate::timeline::{Ticket, waiting_weight};

/// How many calls may wait for one actor's turn, the one that has it among them: more than end within the 150 s that a
/// call waits at most, each with the lesson's one retry.
pub const LINE: usize = 100;

/// What part of the budget all calls that wait may take.
const PART: usize = 2;

/// A call that came to the actor past the lab, until its turn has ended.
pub(crate) struct Arrived {
    labs: Labs,
    lab: Arc<Lab>,
    weight: usize,
}

impl Drop for Arrived {
    fn drop(&mut self) {
        self.labs.update(&self.lab, |lab| {
            lab.arrived -= 1;
            lab.arrived_weight -= self.weight;
        });
    }
}

impl Labs {
    /// Lets a call with a message of so many bytes join its actor's line; `join` is what that changes in the lab.
    ///
    /// # Errors
    /// The line is as long as it may be, or there is no room for what waits in all labs.
    pub(super) fn line_up<T>(
        &self,
        actor: &ActorId,
        message: usize,
        join: impl FnOnce(&mut Contents) -> T,
    ) -> Result<T, LabError> {
        let waiting = self.shared.waiting.load(Ordering::Relaxed);
        if waiting + waiting_weight(message) > self.shared.budget / PART {
            return Err(no_room());
        }
        self.write(actor, |lab| if lab.in_line() < LINE { Ok(join(lab)) } else { Err(full(actor)) })
    }

    /// Counts a call that has come to the actor, with a message of so many bytes. One that was queued in the lab is
    /// counted already: that is told by nothing.
    ///
    /// # Errors
    /// The same as of a call that is queued.
    pub(crate) fn arrive(
        &self,
        actor: &ActorId,
        ticket: Option<&Ticket>,
        message: usize,
    ) -> Result<Option<Arrived>, LabError> {
        if ticket.is_some_and(|ticket| self.read(actor, |lab| lab.ring.turn_waits(ticket)).unwrap_or_default()) {
            return Ok(None);
        }
        let weight = waiting_weight(message);
        self.line_up(actor, message, |lab| {
            lab.arrived += 1;
            lab.arrived_weight += weight;
        })?;
        Ok(Some(Arrived { labs: self.clone(), lab: self.lab(actor), weight }))
    }
}

fn full(actor: &ActorId) -> LabError {
    let message = format!(
        "{LINE} calls wait for the turn of {actor} already, and no more are taken. Nothing was done with this one: let \
         some of them end, or end what holds them up, then try again."
    );
    LabError::new(ErrorCode::TooManyWaiting, message)
}

fn no_room() -> LabError {
    let message = "There is no room for another call: those that wait for their turns, in all labs together, take as much \
                   memory as they may. Nothing was done with this one: let some of them end, then try again.";
    LabError::new(ErrorCode::TooManyWaiting, message)
}

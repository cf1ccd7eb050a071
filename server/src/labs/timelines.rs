//! What happens in the labs: recording it, reading it and following it.

use std::sync::{Arc, atomic::Ordering};

use model::{
    actor_id::ActorId,
    error::LabError,
    message::{Message, MessageId},
    operation::Method,
    timeline::{Event, EventId, LogLine, Step, TimelineSnapshot, registered},
};

use super::{Labs, lab::Contents, log};
use crate::timeline::{Behind, Follow, Limits, Place, Ticket, clock};

/// The timelines of all labs. Clones share them. Looking at a lab that is not there makes none.
///
/// They belong to this process. Nothing outside knows how they are kept, so that another keeper can take their place when
/// the actors of one lab live in several processes.
#[derive(Clone, Default)]
pub struct Timelines(Labs);

impl Timelines {
    /// Those of no lab yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with other bounds: for each timeline, and for the bytes that all labs may take together.
    #[must_use]
    pub fn with_limits(limits: Limits, budget: usize) -> Self {
        Self(Labs::with_limits(limits, budget))
    }

    /// Those of these labs.
    #[must_use]
    pub fn of(labs: &Labs) -> Self {
        Self(labs.clone())
    }

    /// The labs.
    #[must_use]
    pub const fn labs(&self) -> &Labs {
        &self.0
    }

    /// Notes that the sidecar has been told of the actor. That is of no lab, and before all of them, so it is no event.
    pub fn actor_registered(&self) {
        let line = registered(clock::now_ms());
        self.0.shared.registered_at.store(line.at, Ordering::Relaxed);
        log::write(line);
    }

    /// When the sidecar was last told of the actor, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn registered_at(&self) -> Option<u64> {
        Some(self.0.shared.registered_at.load(Ordering::Relaxed)).filter(|at| *at > 0)
    }

    /// Records a step: gives it its number and time, logs its line and hands it to the followers.
    pub fn record(&self, actor: &ActorId, step: Step) -> Arc<Event> {
        self.0.write(actor, |lab| lab.record(step))
    }

    /// Records a step in a lab of which something is known; what is seen of another makes none.
    pub fn record_if_known(&self, actor: &ActorId, step: Step) {
        if let Some(lab) = self.0.find(actor) {
            self.0.change(&lab, |lab| drop(lab.record(step)));
        }
    }

    /// Records a step of something that all actors share, with everyone of whom anything is known. The answer is its
    /// line, which is to be logged once.
    #[must_use]
    pub fn record_for_all(&self, step: &Step) -> Option<LogLine> {
        for lab in self.0.all() {
            self.0.update(&lab, |lab| {
                if lab.ring.last_seq() > 0 {
                    lab.ring.push(step.clone());
                }
            });
        }
        Event { seq: 0, at: clock::now_ms(), step: step.clone() }.log_line(&ActorId::lesson())
    }

    /// Logs a line that is of no one lab.
    pub fn log(line: LogLine) {
        log::write(line);
    }

    /// The attempt of this actor that waits for the state store now.
    #[must_use]
    pub fn waiting(&self, actor: &ActorId) -> Option<Place> {
        self.0.read(actor, |lab| lab.ring.waiting())?
    }

    /// The attempt that waits for the state store now, and whose it is, if it is one alone.
    #[must_use]
    pub fn only_waiting(&self) -> Option<(ActorId, Place)> {
        let labs = self.0.all();
        let mut waiting = labs.iter().filter_map(|lab| Some((lab, lab.read(|lab| lab.ring.waiting())?)));
        let (lab, place) = waiting.next()?;
        waiting.next().is_none().then(|| (lab.actor().clone(), place))
    }

    /// Records that a call is about to leave for the sidecar, and gives its turn a number.
    ///
    /// # Errors
    /// As many calls wait as may.
    pub fn queue_turn(
        &self,
        actor: &ActorId,
        method: Method,
        message_id: Option<MessageId>,
        content: Option<String>,
    ) -> Result<Ticket, LabError> {
        let ticket = Ticket::new();
        self.0.line_up(actor, content.as_ref().map_or(0, String::len), |lab| {
            let event = lab.ring.queue_turn(ticket.clone(), method, message_id, content);
            lab.add_line(&event);
        })?;
        Ok(ticket)
    }

    /// Records that a turn holds the actor and returns its number: the one that its ticket was queued with, else a
    /// new one, for a call that came past the lab or came a second time.
    pub fn start_turn(
        &self,
        actor: &ActorId,
        ticket: Option<&Ticket>,
        method: Method,
        message_id: Option<MessageId>,
        content: Option<String>,
    ) -> u64 {
        let event = self.push(actor, |lab| Some(lab.ring.start_turn(ticket, method, message_id, content)));
        event.and_then(|event| event.step.turn()).unwrap_or_default()
    }

    /// Whether a queued turn has not begun.
    #[must_use]
    pub fn turn_waits(&self, actor: &ActorId, ticket: &Ticket) -> bool {
        self.0.read(actor, |lab| lab.ring.turn_waits(ticket)).unwrap_or_default()
    }

    /// Records why a queued turn is never going to start; nothing if it has started or is not known.
    pub fn turn_never_started(&self, actor: &ActorId, ticket: &Ticket, error: &LabError) {
        self.push(actor, |lab| lab.ring.turn_never_started(ticket, error));
    }

    /// Everything that is known of an actor now.
    #[must_use]
    pub fn snapshot(&self, actor: &ActorId) -> TimelineSnapshot {
        let unknown = || TimelineSnapshot { last: EventId { epoch: self.0.epoch(), seq: 0 }, events: Vec::new() };
        self.0.read(actor, |lab| lab.ring.snapshot()).unwrap_or_else(unknown)
    }

    /// Whether the events of an actor tell everything since its lab was as every lab begins.
    #[must_use]
    pub fn is_whole(&self, actor: &ActorId) -> bool {
        let first = self.0.first_epoch();
        self.0.read(actor, |lab| lab.ring.is_whole(first)).unwrap_or_else(|| self.0.epoch() == first)
    }

    /// The events of an actor, oldest first, and the history as it was before the first of them; `None` as long as
    /// no turn of this process has read what the store holds.
    #[must_use]
    pub fn evidence(&self, actor: &ActorId) -> (Option<Vec<Message>>, Vec<Event>) {
        let evidence = |lab: &Contents| (lab.ring.before().cloned(), lab.ring.snapshot().events);
        self.0.read(actor, evidence).unwrap_or_default()
    }

    /// The history as it was before the first event that is known; `None` as long as no turn of this process has
    /// read what the store holds.
    #[must_use]
    pub fn before(&self, actor: &ActorId) -> Option<Vec<Message>> {
        self.0.read(actor, |lab| lab.ring.before().cloned())?
    }

    /// Tells what the store held at the first load of this process; later calls change nothing. Returns whether this
    /// was the first.
    pub fn first_load(&self, actor: &ActorId, history: &[Message]) -> bool {
        self.0.write(actor, |lab| lab.ring.first_load(history))
    }

    /// The turn that stored a message, where it is still known.
    #[must_use]
    pub fn turn_of_message(&self, actor: &ActorId, id: &str) -> Option<u64> {
        self.0.read(actor, |lab| lab.ring.turn_of_message(id))?
    }

    /// Follows an actor from the event `after` on; from now on without it.
    #[must_use]
    pub fn follow(&self, actor: &ActorId, after: Option<EventId>) -> Follow {
        self.0.follow(actor, after)
    }

    /// The next events that a follower of this actor missed, oldest first, 64 KiB of them at most if they are several; none
    /// when it has read all.
    ///
    /// # Errors
    /// Something of it has gone meanwhile. The follower has to follow anew.
    pub fn read_missed(&self, actor: &ActorId, follow: &mut Follow) -> Result<Vec<Arc<Event>>, Behind> {
        if follow.missed.is_read() {
            return Ok(Vec::new());
        }
        let read = |lab: &Contents| lab.ring.read_missed(follow.epoch, &mut follow.missed);
        self.0.read(actor, read).unwrap_or(Err(Behind))
    }

    /// All events that a follower of this actor missed, oldest first.
    ///
    /// # Errors
    /// The same.
    pub fn read_all_missed(&self, actor: &ActorId, follow: &mut Follow) -> Result<Vec<Arc<Event>>, Behind> {
        let mut all = Vec::new();
        loop {
            match self.read_missed(actor, follow)? {
                piece if piece.is_empty() => return Ok(all),
                piece => all.extend(piece),
            }
        }
    }

    /// Actors of which something is known, the one that did something last in front.
    #[must_use]
    pub fn known_actors(&self, at_most: usize) -> Vec<ActorId> {
        self.0.known(at_most)
    }

    /// Adds an event to an actor's timeline, and its line to the log.
    fn push(&self, actor: &ActorId, push: impl FnOnce(&mut Contents) -> Option<Arc<Event>>) -> Option<Arc<Event>> {
        self.0.write(actor, |lab| push(lab).inspect(|event| lab.add_line(event)))
    }
}

#[cfg(test)]
mod tests;

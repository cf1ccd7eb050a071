//! The events of one actor, within bounds: whole turns go, those that ended first before the others.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::Arc,
};

use model::{
    error::LabError,
    message::{Message, MessageId, keep_last},
    operation::{Method, Operation},
    timeline::{Event, EventId, Step, TimelineSnapshot},
};

use super::{
    Behind, Follow, Missed, Place, clock,
    live::Followers,
    open::{OpenTurns, Ticket},
};

/// What an event takes in memory beside its JSON, in bytes, about: its parts have fixed places, and it is in a map.
const EVENT: usize = size_of::<Event>() + 96;

/// What one actor's timeline may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many turns.
    pub turns: usize,
    /// How many bytes of serialized events.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { turns: 300, bytes: 2 * 1024 * 1024 }
    }
}

/// The events of one actor.
pub(crate) struct Ring {
    epoch: u64,
    limits: Limits,
    /// By number.
    events: BTreeMap<u64, KeptEvent>,
    /// The bytes of all of `events`.
    bytes: usize,
    last_seq: u64,
    /// The highest number among the events that are gone: a follower that was not past it has missed something.
    gone: u64,
    /// The turns that have events here.
    turns: BTreeMap<u64, KeptTurn>,
    /// The numbers of the events that belong to no turn that is kept as a whole, oldest first.
    loose: VecDeque<u64>,
    /// How many of `events` are such as [`tells`] picks.
    telling: usize,
    open: OpenTurns,
    /// The load or save attempt that is under way.
    waiting: Option<Place>,
    before: Option<Vec<Message>>,
    followers: Followers,
}

/// An event and its size.
struct KeptEvent {
    event: Arc<Event>,
    bytes: usize,
}

/// What has to be known of a turn beside its events.
#[derive(Default)]
struct KeptTurn {
    message_id: Option<MessageId>,
    /// Whether it stored its message.
    stored: bool,
    /// The number of the event that ended it.
    ended: Option<u64>,
    /// The numbers of its events.
    events: Vec<u64>,
}

impl Ring {
    pub(crate) fn new(epoch: u64, limits: Limits) -> Self {
        Self {
            epoch,
            limits,
            events: BTreeMap::new(),
            bytes: 0,
            last_seq: 0,
            gone: 0,
            turns: BTreeMap::new(),
            loose: VecDeque::new(),
            telling: 0,
            open: OpenTurns::default(),
            waiting: None,
            before: None,
            followers: Followers::default(),
        }
    }

    pub(crate) const fn last_seq(&self) -> u64 {
        self.last_seq
    }

    pub(crate) const fn waiting(&self) -> Option<Place> {
        self.waiting
    }

    pub(crate) const fn before(&self) -> Option<&Vec<Message>> {
        self.before.as_ref()
    }

    pub(crate) fn first_load(&mut self, history: &[Message]) -> bool {
        let first = self.before.is_none();
        self.before.get_or_insert_with(|| history.to_vec());
        first
    }

    /// Whether a turn waits or runs.
    pub(crate) fn has_open_turns(&self) -> bool {
        self.open_turns() > 0
    }

    /// How many turns wait or run.
    pub(crate) fn open_turns(&self) -> usize {
        self.open.len()
    }

    /// What the turns that wait or run take in memory beside their events, in bytes, about.
    pub(crate) const fn open_weight(&self) -> usize {
        self.open.weight()
    }

    /// Whether somebody follows.
    pub(crate) fn is_followed(&self) -> bool {
        self.followers.are_there()
    }

    /// Whether it knows nothing: nothing has happened, or all of it is forgotten.
    pub(crate) fn is_blank(&self) -> bool {
        self.events.is_empty() && self.before.is_none() && !self.has_open_turns()
    }

    /// What it takes in memory beside its open turns, in bytes, about.
    pub(crate) fn weight(&self) -> usize {
        let before = self.before.iter().flatten().map(|message| message.content.len() + size_of_val(message));
        self.bytes + self.events.len() * EVENT + before.sum::<usize>() + self.followers.weight()
    }

    /// Forgets what happened; what comes goes on from there, for followers too. Not while a turn is open.
    pub(crate) fn forget(&mut self) {
        self.clear();
        self.before = None;
    }

    fn clear(&mut self) {
        self.events.clear();
        self.turns.clear();
        self.loose = VecDeque::new();
        (self.bytes, self.telling) = (0, 0);
        self.gone = self.last_seq;
    }

    /// The steps that end a turn which broke off after so many microseconds, and has told no end.
    pub(crate) fn broken_off(&self, took_us: u64, error: &LabError) -> Vec<Step> {
        let failed = |(turn, method)| Step::TurnFailed { turn, method, took_us, error: error.clone() };
        self.open.started().map(failed).collect()
    }

    pub(crate) fn push(&mut self, step: Step) -> Arc<Event> {
        self.last_seq += 1;
        let event = Arc::new(Event { seq: self.last_seq, at: clock::now_ms(), step });
        self.note_turn(&event);
        match event.step.turn().and_then(|number| self.turns.get_mut(&number)) {
            Some(turn) => turn.events.push(event.seq),
            None => self.loose.push_back(event.seq),
        }
        let bytes = size(&event);
        self.bytes += bytes;
        self.telling += usize::from(tells(&event.step));
        self.events.insert(event.seq, KeptEvent { event: Arc::clone(&event), bytes });
        self.shrink();
        self.followers.send(&event, bytes);
        event
    }

    pub(crate) fn queue_turn(
        &mut self,
        ticket: Ticket,
        method: Method,
        message_id: Option<MessageId>,
        content: Option<String>,
    ) -> Arc<Event> {
        let step = self.open.queue(ticket, method, message_id, content);
        self.push(step)
    }

    pub(crate) fn start_turn(
        &mut self,
        ticket: Option<&Ticket>,
        method: Method,
        message_id: Option<MessageId>,
        content: Option<String>,
    ) -> Arc<Event> {
        let step = self.open.start(ticket, method, message_id, content);
        self.push(step)
    }

    pub(crate) fn turn_waits(&self, ticket: &Ticket) -> bool {
        self.open.waiting(ticket).is_some()
    }

    pub(crate) fn turn_never_started(&mut self, ticket: &Ticket, error: &LabError) -> Option<Arc<Event>> {
        let (turn, method) = self.open.waiting(ticket)?;
        Some(self.push(Step::TurnFailed { turn, method, took_us: 0, error: error.clone() }))
    }

    /// Forgets everything and records the reset; returns its event.
    pub(crate) fn reset(&mut self) -> Arc<Event> {
        self.clear();
        self.before = Some(Vec::new());
        let waiting = self.open.renumber();
        let event = self.push(Step::LabReset);
        for step in waiting {
            self.push(step);
        }
        event
    }

    pub(crate) fn turn_of_message(&self, id: &str) -> Option<u64> {
        let stored = |turn: &KeptTurn| turn.stored && turn.message_id.as_ref().is_some_and(|kept| kept.as_str() == id);
        self.turns.iter().rev().find(|(_, turn)| stored(turn)).map(|(number, _)| *number)
    }

    pub(crate) fn snapshot(&self) -> TimelineSnapshot {
        TimelineSnapshot {
            last: EventId { epoch: self.epoch, seq: self.last_seq },
            events: self.events.values().map(|kept| Event::clone(&kept.event)).collect(),
        }
    }

    pub(crate) fn follow(&mut self, after: Option<EventId>) -> Follow {
        let live = self.followers.add();
        Follow { epoch: self.epoch, missed: self.missed(after), live }
    }

    fn missed(&self, after: Option<EventId>) -> Missed {
        match after {
            None => Missed::after(self.last_seq, self.last_seq),
            Some(EventId { epoch, seq }) if epoch != self.epoch || seq < self.gone || seq > self.last_seq => {
                Missed::everything(self.last_seq)
            }
            Some(EventId { seq, .. }) => Missed::after(seq, self.last_seq),
        }
    }

    /// The next events that a follower missed, oldest first; none when it has read all.
    ///
    /// # Errors
    /// Something of it has gone meanwhile.
    pub(crate) fn read_missed(&self, epoch: u64, missed: &mut Missed) -> Result<Vec<Arc<Event>>, Behind> {
        if missed.is_read() {
            return Ok(Vec::new());
        }
        if epoch != self.epoch || !missed.fits(self.gone, |turn| self.turns.contains_key(&turn)) {
            return Err(Behind);
        }
        Ok(missed.take(self.events.range(missed.rest()).map(|(_, kept)| (&kept.event, kept.bytes))))
    }

    /// Whether nothing is gone since the lab was as every lab begins. One that began after the `first` epoch may have been
    /// there before.
    pub(crate) fn is_whole(&self, first: u64) -> bool {
        match self.events.values().next().map(|kept| &kept.event.step) {
            Some(Step::LabReset) => true,
            _ => self.gone == 0 && self.epoch == first,
        }
    }

    pub(crate) const fn tells(&self) -> bool {
        self.telling > 0
    }

    fn note_turn(&mut self, event: &Event) {
        let Some(number) = event.step.turn() else { return };
        match &event.step {
            Step::TurnQueued { message_id, .. } | Step::TurnStarted { message_id, .. } => {
                self.turns.entry(number).or_default().message_id.clone_from(message_id);
            }
            Step::ReplyReady { .. } => {
                if let Some(turn) = self.turns.get_mut(&number) {
                    turn.stored = true;
                }
            }
            Step::AttemptStarted { operation, attempt, .. } if *operation != Operation::Publish => {
                self.waiting = Some(Place { turn: number, operation: *operation, attempt: *attempt });
            }
            Step::AttemptSucceeded { .. } | Step::AttemptFailed { .. } => self.waiting = None,
            Step::TurnCompleted { .. } | Step::TurnFailed { .. } => {
                self.open.close(number);
                self.waiting = self.waiting.filter(|place| place.turn != number);
                if let Some(turn) = self.turns.get_mut(&number) {
                    turn.ended = Some(event.seq);
                }
            }
            _ => {}
        }
    }

    /// Keeps the bounds. What ended first goes first, which is the order in which messages were stored; an open turn
    /// stays.
    fn shrink(&mut self) {
        while self.turns.len() > self.limits.turns || self.bytes > self.limits.bytes {
            let turn = self.turns.iter().filter_map(|(number, turn)| Some((turn.ended?, *number))).min();
            let loose = self.loose.front().copied();
            match (turn, loose) {
                (Some((ended, number)), loose) if loose.is_none_or(|seq| ended < seq) => {
                    let turn = self.turns.remove(&number).unwrap_or_default();
                    turn.events.into_iter().for_each(|seq| self.drop_event(seq));
                }
                (_, Some(seq)) => {
                    self.loose.pop_front();
                    self.drop_event(seq);
                }
                _ => return,
            }
        }
    }

    fn drop_event(&mut self, seq: u64) {
        let Some(KeptEvent { event, bytes }) = self.events.remove(&seq) else { return };
        self.bytes -= bytes;
        self.telling -= usize::from(tells(&event.step));
        self.gone = self.gone.max(seq);
        if let Step::ReplyReady { content, reply, .. } = &event.step {
            remember(self.before.get_or_insert_default(), content, reply);
        }
    }
}

/// Whether the step is one without which no check of the lesson can be proven: each wants a failed attempt, or a history
/// that the actor returned. (A reading of the store counts for nothing without that.)
const fn tells(step: &Step) -> bool {
    matches!(step, Step::AttemptFailed { .. } | Step::HistoryReturned { .. })
}

/// How many bytes the event has as JSON.
fn size(event: &Event) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting cannot fail.
    drop(serde_json::to_writer(&mut count, event));
    count.0
}

/// Adds a stored message and its reply to a history, as the turn did.
fn remember(history: &mut Vec<Message>, content: &str, reply: &str) {
    history.push(Message::user(content));
    history.push(Message { role: model::message::Role::Assistant, content: reply.to_owned() });
    keep_last(history);
}

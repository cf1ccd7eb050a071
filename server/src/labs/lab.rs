//! One lab: everything that this process knows of one actor, beside what its store holds.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use model::{
    actor_id::ActorId,
    fault::FaultStatus,
    hold::HeldAttempt,
    message::{Message, MessageId},
    policy::RetryPolicy,
    scenario::ScenarioReport,
    timeline::{Event, Step},
};
use tokio::{sync::Notify, time::Instant};

use super::{log, passes::Passes};
use crate::{metrics::Metrics, timeline::Ring};

/// What a lab takes in memory with nothing in it, in bytes, about.
const EMPTY: usize = 1_024;
/// What a setting that differs from the first takes at most, about: eight faults and their counts.
const CONTROL: usize = 1_024;
/// How many lines may wait to be written while somebody else writes one of this lab; then the oldest are left out.
const LINES: usize = 1_024;

/// One lab. It is held by `Arc` for as long as somebody does something with it, through a whole turn above all: one that
/// nobody holds can be forgotten, see [`Labs`](super::Labs).
pub(crate) struct Lab {
    actor: ActorId,
    /// Held through a turn. Fair: turns get it in the order in which they asked.
    pub(crate) turn: tokio::sync::Mutex<()>,
    contents: Mutex<Contents>,
}

/// What is behind a lab's lock: so the timeline tells everything in the order in which it took effect.
pub(crate) struct Contents {
    /// What happened.
    pub(crate) ring: Ring,
    /// Switch, policy and holding; `None` as long as they are as every lab begins.
    pub(crate) control: Option<Control>,
    /// The attempt that is held.
    pub(crate) held: Option<Held>,
    /// The checks that are proven.
    pub(crate) passes: Passes,
    /// Whether the actor is in memory, as Dapr counts it.
    pub(crate) active: bool,
    /// The saves that may or may not have been carried out.
    pub(crate) unsettled: Vec<Unsettled>,
    /// Whether a scenario runs.
    pub(crate) runs_scenario: bool,
    /// How the last scenario ended.
    pub(crate) report: Option<ScenarioReport>,
    /// How many calls have come to the actor past the lab, and have not ended.
    pub(super) arrived: usize,
    /// What they take in memory, in bytes, about.
    pub(super) arrived_weight: usize,
    /// Where its events are counted.
    metrics: Metrics,
    /// The events whose lines are to be written.
    lines: VecDeque<Arc<Event>>,
    /// How many lines were left out.
    left_out: usize,
    /// Whether somebody writes lines: whoever adds one then leaves it to them, so that they come in their order.
    writing: bool,
    /// What it weighed when it was counted last.
    counted: Weight,
}

/// What a lab takes in memory, in bytes, about.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weight {
    /// All of it.
    pub(super) all: usize,
    /// The calls that wait for its turn, or have it.
    pub(super) waiting: usize,
}

/// What somebody sets in a lab.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Control {
    pub(crate) fault: FaultStatus,
    pub(crate) policy: RetryPolicy,
    /// Whether each attempt of a message is held.
    pub(crate) hold: bool,
}

/// An attempt that is held.
pub(crate) struct Held {
    pub(crate) attempt: HeldAttempt,
    /// When it goes by itself.
    pub(crate) due: Instant,
    /// When its turn has to be over.
    pub(crate) deadline: Instant,
    /// Told that `due` has moved, or that it went.
    pub(crate) news: Arc<Notify>,
}

/// A save that may or may not have been carried out.
pub(crate) struct Unsettled {
    /// The turn that tried it.
    pub(crate) turn: u64,
    /// The message's id.
    pub(crate) id: MessageId,
    /// The message's text.
    pub(crate) content: String,
    /// The reply that was to be stored with it.
    pub(crate) reply: Message,
}

impl Lab {
    pub(super) fn new(actor: ActorId, ring: Ring, metrics: Metrics) -> Self {
        let contents = Contents {
            ring,
            control: None,
            held: None,
            passes: Passes::default(),
            active: false,
            unsettled: Vec::new(),
            runs_scenario: false,
            report: None,
            arrived: 0,
            arrived_weight: 0,
            metrics,
            lines: VecDeque::new(),
            left_out: 0,
            writing: false,
            counted: Weight::default(),
        };
        Self { actor, turn: tokio::sync::Mutex::default(), contents: Mutex::new(contents) }
    }

    /// Whose lab it is.
    pub(crate) const fn actor(&self) -> &ActorId {
        &self.actor
    }

    /// Locks it for a moment: not over an `.await`, and not while a line is written. A panic elsewhere leaves the data
    /// whole.
    pub(super) fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at it.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Contents) -> T) -> T {
        read(&self.lock())
    }

    /// Writes the lines that wait, with nothing locked. Where somebody is about it, they do.
    pub(crate) fn write_lines(&self) {
        let Some(_writing) = Writing::begin(self) else { return };
        loop {
            let (lines, left_out) = {
                let mut contents = self.lock();
                let lines = mem::take(&mut contents.lines);
                if lines.is_empty() {
                    // Within the lock: whoever comes now writes.
                    contents.writing = false;
                    return;
                }
                (lines, mem::take(&mut contents.left_out))
            };
            if left_out > 0 {
                tracing::warn!("{left_out} lines of {} are left out: the log takes them too slowly", self.actor);
            }
            for event in lines {
                event.log_line(&self.actor).into_iter().for_each(log::write);
            }
        }
    }
}

/// Somebody who writes lines, also if a panic ends that.
struct Writing<'a>(&'a Lab);

impl<'a> Writing<'a> {
    fn begin(lab: &'a Lab) -> Option<Self> {
        let mut contents = lab.lock();
        if contents.writing || contents.lines.is_empty() {
            return None;
        }
        contents.writing = true;
        Some(Self(lab))
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().writing = false;
        }
    }
}

impl Contents {
    /// Records a step: gives it its number and time, and hands it to those who follow. Its line is written when the lab
    /// is locked no more.
    pub(crate) fn record(&mut self, step: Step) -> Arc<Event> {
        let event = self.ring.push(step);
        self.add_line(&event);
        event
    }

    /// Counts an event, and has its line written when the lab is locked no more.
    pub(super) fn add_line(&mut self, event: &Arc<Event>) {
        self.metrics.count(&event.step);
        if self.lines.len() == LINES {
            self.lines.pop_front();
            self.left_out += 1;
        }
        self.lines.push_back(Arc::clone(event));
    }

    /// Forgets what happened, and records the reset.
    pub(crate) fn reset_timeline(&mut self) {
        let event = self.ring.reset();
        self.add_line(&event);
    }

    /// What is set; `first` is how every lab begins.
    pub(crate) fn control<'a>(&'a self, first: &'a Control) -> &'a Control {
        self.control.as_ref().unwrap_or(first)
    }

    /// Whether something goes on in it that needs it.
    pub(super) fn is_needed(&self) -> bool {
        let has_wire = self.control.as_ref().is_some_and(|control| control.fault.wire().is_some());
        self.in_line() > 0 || self.runs_scenario || has_wire
    }

    /// Whether somebody writes its lines.
    pub(super) const fn is_writing(&self) -> bool {
        self.writing
    }

    /// Whether it is as if it had never been: nothing is known, and nobody waits for anything.
    pub(super) fn is_blank(&self) -> bool {
        self.ring.is_blank()
            && !self.ring.is_followed()
            && self.control.is_none()
            && self.passes.proven().is_empty()
            && !self.active
            && self.unsettled.is_empty()
            && self.report.is_none()
    }

    /// How many calls wait for its turn, or have it.
    pub(super) fn in_line(&self) -> usize {
        self.ring.open_turns() + self.arrived
    }

    /// Counts anew what it takes in memory; returns what that was before and is now.
    pub(super) fn count(&mut self) -> (Weight, Weight) {
        let unsettled = self.unsettled.iter().map(|save| save.content.len() + save.reply.content.len() + 256);
        let control = if self.control.is_some() { CONTROL } else { 0 };
        let report = if self.report.is_some() { CONTROL } else { 0 };
        let waiting = self.ring.open_weight() + self.arrived_weight;
        let all =
            EMPTY + self.ring.weight() + self.passes.weight() + control + report + unsettled.sum::<usize>() + waiting;
        let now = Weight { all, waiting };
        (mem::replace(&mut self.counted, now), now)
    }

    /// Its weight as it was counted last.
    pub(super) const fn counted(&self) -> Weight {
        self.counted
    }
}

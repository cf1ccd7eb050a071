//! The moments of all actors, within bounds.

use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;
use model::own::moment::{Moment, What};
use sidecar::observation::{Actor, Event, Observer};
use tokio::sync::watch;

use super::moment::{self, Whose};

/// How many moments of one actor are kept: those of some hundred turns.
const MOST_MOMENTS: usize = 4_000;

/// How many actors are kept; of more, those go that nobody has called for longest.
const MOST_ACTORS: NonZeroUsize = NonZeroUsize::new(500).unwrap();

/// How many events are remembered with whose they are.
const MOST_EVENTS: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

/// The moments of all actors. Clones share them.
#[derive(Clone)]
pub struct Recorder(Arc<Shared>);

struct Shared {
    seen: Mutex<Seen>,
    /// Counts the moments.
    count: watch::Sender<u64>,
}

struct Seen {
    actors: LruCache<Actor, VecDeque<Moment>>,
    events: LruCache<String, Actor>,
}

impl Default for Recorder {
    fn default() -> Self {
        let seen = Seen { actors: LruCache::new(MOST_ACTORS), events: LruCache::new(MOST_EVENTS) };
        Self(Arc::new(Shared { seen: Mutex::new(seen), count: watch::Sender::new(0) }))
    }
}

impl Recorder {
    /// What of an actor is kept, in the order of time.
    #[must_use]
    pub fn of(&self, actor: &Actor) -> Vec<Moment> {
        let mut moments: Vec<_> = self.seen().actors.peek(actor).into_iter().flatten().cloned().collect();
        // A line comes later than what it tells of.
        moments.sort_by_key(|moment| moment.at_us);
        moments
    }

    /// The actors that there were, the last one first.
    #[must_use]
    pub fn actors(&self) -> Vec<Actor> {
        self.seen().actors.iter().map(|(actor, _)| actor.clone()).collect()
    }

    /// Takes a line of the program's log. It belongs to the actors that have a turn, or whose id stands in it.
    pub fn line(&self, at_us: u64, text: &str) {
        let mut seen = self.seen();
        for (actor, moments) in &mut seen.actors {
            if text.contains(&actor.actor_id) || has_turn(moments, at_us) {
                keep(moments, Moment { at_us, what: What::Line { text: text.to_owned() } });
            }
        }
        drop(seen);
        self.told();
    }

    /// Is told when there is more.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.0.count.subscribe()
    }

    fn told(&self) {
        self.0.count.send_modify(|count| *count += 1);
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Recorder {
    fn observed(&self, event: &Event) {
        let Some((whose, moment)) = moment::of(event) else { return };
        let mut seen = self.seen();
        let actor = match whose {
            Whose::Actor(actor) => actor,
            Whose::Event(event) => match seen.events.get(&event) {
                Some(actor) => actor.clone(),
                None => return,
            },
            Whose::All => {
                seen.actors.iter_mut().for_each(|(_, moments)| keep(moments, moment.clone()));
                drop(seen);
                return self.told();
            }
        };
        if let Some(event) = moment.publish().and_then(|publish| publish.event.clone()) {
            seen.events.put(event, actor.clone());
        }
        keep(seen.actors.get_or_insert_mut(actor, VecDeque::new), moment);
        drop(seen);
        self.told();
    }
}

fn keep(moments: &mut VecDeque<Moment>, moment: Moment) {
    if moments.len() == MOST_MOMENTS {
        moments.pop_front();
    }
    moments.push_back(moment);
}

/// Whether an actor had a turn at that time.
fn has_turn(moments: &VecDeque<Moment>, at_us: u64) -> bool {
    let last = moments.iter().rev().filter(|moment| moment.at_us <= at_us).find_map(|moment| match moment.what {
        What::Started { .. } => Some(true),
        What::Ended { .. } => Some(false),
        _ => None,
    });
    last.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_belongs_to_whoever_has_a_turn_or_is_named_in_it() {
        let recorder = Recorder::default();
        for (id, ended) in [("a1", false), ("b2", true)] {
            let mut moments = VecDeque::new();
            keep(&mut moments, Moment { at_us: 10, what: What::Started { call: 1, turn: 1, method: "M".into() } });
            if ended {
                let what = What::Ended { call: 1, turn: Some(1), status: Some(200), text: String::new() };
                keep(&mut moments, Moment { at_us: 20, what });
            }
            recorder.seen().actors.put(Actor::new("T", id), moments);
        }
        let lines = |id: &str| -> Vec<String> {
            recorder.of(&Actor::new("T", id)).iter().filter_map(|moment| moment.line().map(str::to_owned)).collect()
        };
        recorder.line(15, "both");
        recorder.line(30, "running");
        recorder.line(40, "of b2");
        assert_eq!(lines("a1"), ["both", "running", "of b2"]);
        assert_eq!(lines("b2"), ["both", "of b2"]);
        assert!(recorder.of(&Actor::new("T", "c")).is_empty());
    }
}

//! Events on their way to those who follow, within bounds: whoever falls behind is let go, and holds up nobody.

use std::{
    collections::VecDeque,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
};

use model::timeline::Event;
use tokio::sync::Notify;

/// How many events a follower may lag behind before it has to follow anew.
const LAG: usize = 256;

/// How many bytes of events as JSON it may lag behind.
const LAG_BYTES: usize = 256 * 1024;

/// What a follower takes in memory, in bytes, about.
const FOLLOWER: usize = 512;

/// An event as it goes out to followers: its JSON is made for the first of them and shared by the others, since a class
/// that looks at one screen follows one actor.
#[derive(Debug)]
pub struct Live {
    event: Arc<Event>,
    json: OnceLock<String>,
}

impl Live {
    /// The event as JSON; empty if it cannot be told in JSON, which no event of ours is.
    #[must_use]
    pub fn json(&self) -> &str {
        self.json.get_or_init(|| serde_json::to_string(&*self.event).unwrap_or_default())
    }
}

impl Deref for Live {
    type Target = Event;

    fn deref(&self) -> &Event {
        &self.event
    }
}

/// The events that come to one follower, in their order, without loss or repetition.
#[derive(Debug)]
pub struct Coming(Arc<Queue>);

/// No more events come: the follower has fallen behind, or what it followed is forgotten. It has to follow anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the follower has fallen behind")]
pub struct Behind;

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    /// Told when something comes, or nothing more.
    news: Notify,
}

/// What a follower has not taken yet.
#[derive(Debug, Default)]
struct Waiting {
    /// With their sizes as JSON.
    events: VecDeque<(Arc<Live>, usize)>,
    bytes: usize,
    ended: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands an event over; `false` if the follower is so far behind that it gets no more, and nothing is held for it.
    fn send(&self, event: &Arc<Live>, bytes: usize) -> bool {
        let mut waiting = self.lock();
        // One that waits is never too much, however large it is.
        if waiting.events.is_empty() || (waiting.events.len() < LAG && waiting.bytes + bytes <= LAG_BYTES) {
            waiting.bytes += bytes;
            waiting.events.push_back((Arc::clone(event), bytes));
        } else {
            *waiting = Waiting { ended: true, ..Waiting::default() };
        }
        let goes_on = !waiting.ended;
        drop(waiting);
        self.news.notify_one();
        goes_on
    }
}

impl Coming {
    /// The next event that has come; `None` if none has.
    ///
    /// # Errors
    /// No more come.
    pub fn try_next(&mut self) -> Result<Option<Arc<Live>>, Behind> {
        let mut waiting = self.0.lock();
        let Some((event, bytes)) = waiting.events.pop_front() else {
            return if waiting.ended { Err(Behind) } else { Ok(None) };
        };
        waiting.bytes -= bytes;
        Ok(Some(event))
    }

    /// Waits for the next event. Can be dropped while it waits: none is lost.
    ///
    /// # Errors
    /// No more come.
    pub async fn next(&mut self) -> Result<Arc<Live>, Behind> {
        loop {
            if let Some(event) = self.try_next()? {
                return Ok(event);
            }
            // What came since is kept in there: there is one follower to be told.
            self.0.news.notified().await;
        }
    }
}

/// Those who follow one actor.
#[derive(Debug, Default)]
pub(super) struct Followers {
    queues: Vec<Weak<Queue>>,
    /// How many bytes the slowest of them had not taken when the last event came: all that any had not.
    held: usize,
}

impl Followers {
    pub(super) fn add(&mut self) -> Coming {
        self.queues.retain(|queue| queue.strong_count() > 0);
        let queue = Arc::new(Queue::default());
        self.queues.push(Arc::downgrade(&queue));
        Coming(queue)
    }

    /// Hands an event of this size as JSON to all of them.
    pub(super) fn send(&mut self, event: &Arc<Event>, bytes: usize) {
        if self.queues.is_empty() {
            return;
        }
        let live = Arc::new(Live { event: Arc::clone(event), json: OnceLock::new() });
        self.queues.retain(|queue| queue.upgrade().is_some_and(|queue| queue.send(&live, bytes)));
        let queues = self.queues.iter().filter_map(Weak::upgrade);
        self.held = queues.map(|queue| queue.lock().bytes).max().unwrap_or_default();
    }

    /// Whether somebody follows.
    pub(super) fn are_there(&self) -> bool {
        self.queues.iter().any(|queue| queue.strong_count() > 0)
    }

    /// What is held for them, in bytes, about; each event may be there as JSON too.
    pub(super) fn weight(&self) -> usize {
        FOLLOWER * self.queues.len() + 2 * self.held
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        for queue in self.queues.iter().filter_map(Weak::upgrade) {
            queue.lock().ended = true;
            queue.news.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use model::timeline::Step;

    use super::*;

    fn event(seq: u64) -> Arc<Event> {
        Arc::new(Event { seq, at: 0, step: Step::Activated })
    }

    #[test]
    fn for_whoever_does_not_read_little_is_held_and_then_nothing() {
        for bytes in [1, 40_000] {
            let mut followers = Followers::default();
            let (mut slow, mut quick) = (followers.add(), followers.add());
            let mut most = 0;
            for seq in 1..=300 {
                followers.send(&event(seq), bytes);
                assert_eq!(quick.try_next().unwrap().unwrap().seq, seq, "others are served");
                most = most.max(followers.weight());
            }
            assert!(most <= 2 * LAG_BYTES + 2 * FOLLOWER, "{most}");
            assert_eq!(slow.try_next().err(), Some(Behind));
            assert!(followers.weight() <= FOLLOWER + 2 * bytes, "{}", followers.weight());
        }
    }

    #[test]
    fn one_event_is_handed_over_however_large_it_is() {
        let mut followers = Followers::default();
        let mut coming = followers.add();
        for seq in 1..=3 {
            followers.send(&event(seq), 10 * LAG_BYTES);
            assert_eq!(coming.try_next().unwrap().unwrap().seq, seq);
        }
    }

    #[tokio::test]
    async fn whoever_waits_is_told_what_comes_and_that_nothing_more_does() {
        let mut followers = Followers::default();
        let mut coming = followers.add();
        let next =
            tokio::spawn(async move { (coming.next().await.map(|event| event.seq), coming.next().await.is_err()) });
        tokio::task::yield_now().await;
        followers.send(&event(7), 1);
        tokio::task::yield_now().await;
        drop(followers);
        assert_eq!(next.await.unwrap(), (Ok(7), true));
    }

    #[test]
    fn whoever_left_is_forgotten() {
        let mut followers = Followers::default();
        (0..10).for_each(|_| drop(followers.add()));
        assert!(!followers.are_there());
        followers.send(&event(1), 1);
        assert_eq!(followers.weight(), 0);
    }
}

//! What of the streams is out: handed to a subscription, and not done with.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::Entry;
use crate::pubsub::broker::Behind;

/// How many messages may be out at once: of all subscriptions of the app together, and of each stream. A program that holds
/// a stream open and says nothing of what it was given is in nobody else's way.
pub(super) struct Places {
    pub(super) at_once: usize,
    of_the_app: Arc<Semaphore>,
}

impl Places {
    pub(super) fn new(at_once: usize) -> Self {
        Self { at_once, of_the_app: Arc::new(Semaphore::new(at_once)) }
    }

    /// Those of a subscription.
    pub(super) fn of(&self, behind: Behind) -> Arc<Semaphore> {
        match behind {
            Behind::Refuses => Arc::clone(&self.of_the_app),
            Behind::Ends => Arc::new(Semaphore::new(self.at_once)),
        }
    }
}

/// What is out, from the moment at which it was read: its stream and its id.
#[derive(Clone, Default)]
pub(super) struct Marks(Arc<Mutex<HashSet<(String, String)>>>);

impl Marks {
    /// Marks what was read, and leaves out what is out already.
    pub(super) fn mark(&self, topic: &str, entries: Vec<Entry>) -> Vec<(Mark, Entry)> {
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = |entry: Entry| {
            let id = (topic.to_owned(), entry.0.clone());
            out.insert(id.clone()).then(|| (Mark { id, marks: self.clone() }, entry))
        };
        entries.into_iter().filter_map(new).collect()
    }

    pub(super) fn has(&self, topic: &str, id: &str) -> bool {
        let out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.contains(&(topic.to_owned(), id.to_owned()))
    }
}

/// One of them, until it is dropped.
pub(super) struct Mark {
    id: (String, String),
    marks: Marks,
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.marks.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn what_is_out_is_not_handed_out_a_second_time_and_may_be_when_it_is_done_with() {
        let marks = Marks::default();
        let read = |ids: &[&str]| marks.mark("t", ids.iter().map(|id| ((*id).to_owned(), HashMap::new())).collect());
        let first = read(&["1", "2"]);
        assert_eq!(first.len(), 2);
        let ids: Vec<String> = read(&["1", "2", "3"]).into_iter().map(|(_, (id, _))| id).collect();
        assert_eq!(ids, ["3"]);
        assert!(marks.has("t", "1") && !marks.has("t", "3") && !marks.has("u", "1"));
        drop(first);
        assert_eq!(read(&["1"]).len(), 1);
    }
}

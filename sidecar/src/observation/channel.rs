//! A bounded channel of events.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tokio::sync::mpsc::{self, error::TrySendError};

use super::Observer;
use super::event::{Event, EventKind};

/// An observer that keeps up to `capacity` events (one at least) until they are taken. It never waits: events that come
/// while it is full are left out, and counted in one [`EventKind::Missed`] that comes in their place.
pub fn channel(capacity: usize) -> (Arc<EventSender>, Events) {
    let (sender, events) = mpsc::channel(capacity.max(1));
    (Arc::new(EventSender { sender, missed: Mutex::default() }), Events { events })
}

/// The end that a sidecar tells.
#[derive(Debug)]
pub struct EventSender {
    sender: mpsc::Sender<Event>,
    /// What did not fit, since the last event that did. Locked for as long as one is sent: what arrives is in order.
    missed: Mutex<BTreeMap<&'static str, u64>>,
}

/// The end that takes them.
#[derive(Debug)]
pub struct Events {
    events: mpsc::Receiver<Event>,
}

impl Observer for EventSender {
    fn observed(&self, event: &Event) {
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        if !missed.is_empty() {
            let Event { number, since_start, .. } = *event;
            // With the number of the event that it stands in front of.
            let kind = EventKind::Missed { events: missed.clone() };
            match self.sender.try_send(Event { number, at: SystemTime::now(), since_start, kind }) {
                Ok(()) => missed.clear(),
                Err(TrySendError::Closed(_)) => return,
                Err(TrySendError::Full(_)) => {
                    *missed.entry(event.kind.name()).or_default() += 1;
                    return;
                }
            }
        }
        if let Err(TrySendError::Full(event)) = self.sender.try_send(event.clone()) {
            *missed.entry(event.kind.name()).or_default() += 1;
        }
    }
}

impl Events {
    /// Waits for the next event; `None` when the sidecar has gone and all are taken.
    pub async fn recv(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// The next event if there is one already.
    pub fn try_recv(&mut self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// Waits for the first event from now on of which this gives something; what comes before it is let go. `None` when
    /// the sidecar has gone.
    pub async fn find<T>(&mut self, mut wanted: impl FnMut(&Event) -> Option<T>) -> Option<T> {
        loop {
            if let Some(found) = wanted(&self.recv().await?) {
                return Some(found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn event(number: u64) -> Event {
        let kind = match number % 2 {
            0 => EventKind::AbsentPart { part: None, request: String::new() },
            _ => EventKind::TypesRegistered { types: Vec::new() },
        };
        Event { number, at: SystemTime::now(), since_start: Duration::ZERO, kind }
    }

    #[tokio::test]
    async fn what_does_not_fit_is_counted_by_kind_where_it_is_missing() {
        let (sender, mut events) = channel(2);
        (1..=5).for_each(|number| sender.observed(&event(number)));
        let mut seen = |count: usize| -> Vec<_> {
            let taken = (0..count).map(|_| events.try_recv().expect("there"));
            taken.map(|event| (event.number, event.kind)).collect()
        };
        let kept = seen(2);
        assert_eq!(kept.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2]);
        sender.observed(&event(6));
        let missed = BTreeMap::from([("TypesRegistered", 2), ("AbsentPart", 1)]);
        assert_eq!(seen(2), [(6, EventKind::Missed { events: missed }), (6, event(6).kind)]);
        // Room for the note alone: what it stands in front of is the first of the next.
        (7..=10).for_each(|number| sender.observed(&event(number)));
        seen(1);
        sender.observed(&event(11));
        seen(1);
        assert!(matches!(&seen(1)[..], [(11, EventKind::Missed { .. })]));
        sender.observed(&event(12));
        assert_eq!(seen(1)[0].1, EventKind::Missed { events: BTreeMap::from([("TypesRegistered", 1)]) });
        drop(events);
        sender.observed(&event(13));
    }
}

//! Whether events arrive.

use std::time::Duration;

use leptos::prelude::*;

/// How long the first wait is before the page opens a stream anew that the browser has given up.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
/// How long it gets at most.
const LONGEST_BACKOFF: Duration = Duration::from_secs(15);
/// How many openings in a row fail before the page says that the connection is lost.
const PATIENCE: u32 = 3;

/// How the connection to the server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// The page is as the server rendered it; the stream opens as soon as the script runs.
    Opening,
    /// Events arrive.
    Live,
    /// The stream broke, and the browser opens it again.
    Reconnecting,
    /// It could not be opened again for a while; the page goes on trying.
    Lost,
}

/// The connection of this page.
#[derive(Clone, Copy)]
pub struct ConnectionState {
    status: RwSignal<Connection>,
    /// How many openings in a row have failed.
    failures: StoredValue<u32>,
}

impl ConnectionState {
    /// Of a page that was just rendered.
    pub fn new() -> Self {
        Self { status: RwSignal::new(Connection::Opening), failures: StoredValue::new(0) }
    }

    /// How it stands.
    pub fn get(self) -> Connection {
        self.status.get()
    }

    /// Whether every change arrives as an event, in order: then an answer may come after the event of a later change.
    pub fn is_live_untracked(self) -> bool {
        self.status.get_untracked() == Connection::Live
    }

    /// The stream is open. Says whether it has been open before: something may have changed without an event since.
    pub(super) fn opened(self) -> bool {
        self.failures.set_value(0);
        let before = self.status.get_untracked();
        self.status.set(Connection::Live);
        before != Connection::Opening
    }

    /// The stream broke, or could not be opened. Says how long to wait before the page opens another.
    pub(super) fn broke(self) -> Duration {
        self.failures.update_value(|failures| *failures += 1);
        let failures = self.failures.get_value();
        self.status.set(if failures < PATIENCE { Connection::Reconnecting } else { Connection::Lost });
        FIRST_BACKOFF.saturating_mul(1 << (failures - 1).min(5)).min(LONGEST_BACKOFF)
    }

    /// The browser is offline.
    pub(super) fn lost(self) {
        self.status.set(Connection::Lost);
    }
}

impl Default for ConnectionState {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};

    #[test]
    fn it_is_lost_when_the_third_opening_has_failed_and_each_wait_is_longer() {
        let _owner = fixture::owner();
        let connection = ConnectionState::new();
        assert!(!connection.opened(), "nothing can have been missed");
        let waits: Vec<_> = (0..5).map(|_| (connection.broke().as_secs(), connection.status.get_untracked())).collect();
        let (again, lost) = (Connection::Reconnecting, Connection::Lost);
        assert_eq!(waits, [(1, again), (2, again), (4, lost), (8, lost), (15, lost)]);
        assert!(connection.opened() && connection.is_live_untracked());
        assert_eq!(connection.broke().as_secs(), 1, "they are counted anew");
    }
}

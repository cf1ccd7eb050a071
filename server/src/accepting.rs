//! Taking connections, also where the system has no room for another (file handles): that is said, and waited for.

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rustix::io::Errno;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep},
};

/// How long to wait before something that failed is tried again.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

/// How often something that goes on failing is said.
const TELL_AGAIN: Duration = Duration::from_secs(10);

/// What to do where there is no room.
const MORE_ROOM: &str = "close some connections, or raise the limit (ulimit -n)";

/// Whether an error says that there are no file handles left, in this process or on this machine, or no memory for one.
pub(crate) fn is_no_room(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    errno.is_some_and(|errno| [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM].contains(&errno))
}

/// An error in words, with what to do where it is that there is no room.
pub(crate) fn reason(error: &io::Error) -> String {
    if is_no_room(error) { format!("{error}: {MORE_ROOM}") } else { error.to_string() }
}

/// What fails again and again, and is said at once and then now and then.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    /// Whether it is to be said now.
    pub(crate) fn is_due(&self) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = told.is_none_or(|told| told.elapsed() >= TELL_AGAIN);
        if due {
            *told = Some(Instant::now());
        }
        due
    }
}

/// Takes the connections of a listener.
#[derive(Debug)]
pub(crate) struct Accepting {
    /// Who cannot take one, as a sentence begins.
    who: &'static str,
    told: Seldom,
}

impl Accepting {
    pub(crate) fn new(who: &'static str) -> Self {
        Self { who, told: Seldom::default() }
    }

    /// The next connection. Can be dropped while it waits: none is lost.
    pub(crate) async fn next(&self, listener: &TcpListener) -> TcpStream {
        loop {
            let error = match listener.accept().await {
                Ok((stream, _)) => return stream,
                Err(error) => error,
            };
            // Of a client that is gone already.
            let gone =
                [io::ErrorKind::ConnectionRefused, io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset];
            if gone.contains(&error.kind()) {
                continue;
            }
            if self.told.is_due() {
                tracing::error!("{} cannot take another connection: {}", self.who, reason(&error));
            }
            sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_goes_on_failing_is_said_at_once_and_then_every_ten_seconds() {
        let told = Seldom::default();
        let mut said = 0;
        for _ in 0..=300 {
            said += u32::from(told.is_due());
            sleep(PAUSE).await;
        }
        assert_eq!(said, 4);
    }

    #[test]
    fn a_process_without_file_handles_is_told_from_a_listener_without_clients() {
        let no_room = io::Error::from(Errno::MFILE);
        assert!(is_no_room(&no_room) && reason(&no_room).contains("ulimit -n"));
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert!(!is_no_room(&refused) && !reason(&refused).contains("ulimit"));
    }
}

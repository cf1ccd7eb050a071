//! Ports on this machine.
use anyhow::{Context, Result};
use std::{
    collections::HashSet,
    net::{Ipv4Addr, TcpListener},
    ops::Range,
};

/// Ports that systems give to nobody by themselves: Linux takes outgoing connections' from 32768 on, others from 49152.
const BELOW_OUTGOING: Range<u16> = 20_000..32_000;

/// Gives out ports, none of them twice.
#[derive(Default)]
pub(crate) struct Ports {
    given: HashSet<u16>,
}

impl Ports {
    /// The port that people know, or a free one if it is taken; that is said, with whose port it is.
    ///
    /// # Errors
    /// When no port is free.
    pub(crate) fn known(&mut self, whose: &str, port: u16) -> Result<u16> {
        if !self.given.contains(&port) && is_free(port) {
            self.given.insert(port);
            return Ok(port);
        }
        let free = self.free()?;
        eprintln!("• Port {port} is taken: {whose} gets {free} instead");
        Ok(free)
    }

    /// Any free port that no outgoing connection can have: one of those could take it before its program listens.
    ///
    /// # Errors
    /// When none is free.
    pub(crate) fn free(&mut self) -> Result<u16> {
        // Another run at the same time begins elsewhere.
        let first = BELOW_OUTGOING.start + u16::try_from(std::process::id() % 100).unwrap_or_default() * 100;
        let mut ports = (first..BELOW_OUTGOING.end).chain(BELOW_OUTGOING.start..first);
        let free = ports.find(|port| !self.given.contains(port) && is_free(*port)).context("no port is free")?;
        self.given.insert(free);
        Ok(free)
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_port_is_given_once_and_not_when_it_is_taken() {
        let mut ports = Ports::default();
        let free = ports.free().unwrap();
        let mut ports = Ports::default();
        assert_eq!(ports.known("A", free).unwrap(), free);
        assert_ne!(ports.known("B", free).unwrap(), free);
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = taken.local_addr().unwrap().port();
        assert!(ports.known("C", taken).is_ok());
    }
}

//! Ports on this machine.
use anyhow::{Context, Result};
use std::{
    collections::HashSet,
    net::{Ipv4Addr, TcpListener},
};

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
        if !self.given.contains(&port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            self.given.insert(port);
            return Ok(port);
        }
        let free = self.free()?;
        eprintln!("• Port {port} is taken: {whose} gets {free} instead");
        Ok(free)
    }

    /// Any free port.
    ///
    /// # Errors
    /// When none is free.
    pub(crate) fn free(&mut self) -> Result<u16> {
        loop {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
            let port = listener.local_addr()?.port();
            if self.given.insert(port) {
                return Ok(port);
            }
        }
    }
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

//! Who listens where on this machine, as far as its system tells.

use std::net::SocketAddr;

/// A socket that listens, and the processes that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// Where it listens.
    pub addr: SocketAddr,
    /// The system's number of it.
    pub inode: u64,
    /// The processes, in the order of their numbers.
    pub processes: Vec<u32>,
}

/// A process, as people know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its program's name.
    pub name: String,
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;

    use procfs::{
        net::{TcpNetEntry, TcpState},
        process::{FDTarget, Process as Proc},
    };

    use super::{Listening, Process};

    /// The sockets on which these processes listen for TCP.
    #[must_use]
    pub fn of(processes: &[u32]) -> Vec<Listening> {
        let known = listeners();
        let mut found: BTreeMap<u64, Listening> = BTreeMap::new();
        // Those that have ended meanwhile have none.
        for (pid, process) in processes.iter().filter_map(|pid| Some((*pid, proc(*pid)?))) {
            for inode in sockets(&process) {
                if let Some(entry) = known.iter().find(|entry| entry.inode == inode) {
                    let listening = || Listening { addr: entry.local_address, inode, processes: Vec::new() };
                    let processes = &mut found.entry(inode).or_insert_with(listening).processes;
                    if !processes.contains(&pid) {
                        processes.push(pid);
                    }
                }
            }
        }
        let mut found: Vec<_> = found.into_values().collect();
        found.iter_mut().for_each(|listening| listening.processes.sort_unstable());
        found
    }

    /// Those of these processes that have a socket, by its number: the sockets of the whole machine are not looked at.
    #[must_use]
    pub fn having(processes: &[u32], inode: u64) -> Vec<u32> {
        let has = |pid: &&u32| proc(**pid).is_some_and(|process| sockets(&process).contains(&inode));
        processes.iter().filter(has).copied().collect()
    }

    /// Which process listens on a port; none where nobody does, or only another user's, which nobody else is told of.
    #[must_use]
    pub fn holder(port: u16) -> Option<Process> {
        let inodes: Vec<_> = listeners()
            .into_iter()
            .filter(|entry| entry.local_address.port() == port)
            .map(|entry| entry.inode)
            .collect();
        let mut all = procfs::process::all_processes().ok()?.flatten();
        let holder = all.find(|process| sockets(process).iter().any(|inode| inodes.contains(inode)))?;
        Some(Process { pid: u32::try_from(holder.pid).ok()?, name: holder.stat().ok()?.comm })
    }

    fn proc(pid: u32) -> Option<Proc> {
        Proc::new(i32::try_from(pid).ok()?).ok()
    }

    fn listeners() -> Vec<TcpNetEntry> {
        let all = [procfs::net::tcp(), procfs::net::tcp6()].into_iter().flatten().flatten();
        all.filter(|entry| entry.state == TcpState::Listen).collect()
    }

    /// Numbers of its sockets; none of another user's.
    fn sockets(process: &Proc) -> Vec<u64> {
        let Ok(files) = process.fd() else { return Vec::new() };
        let socket = |target| match target {
            FDTarget::Socket(inode) => Some(inode),
            _ => None,
        };
        files.flatten().filter_map(|file| socket(file.target)).collect()
    }
}

#[cfg(target_os = "linux")]
pub use linux::{having, holder, of};

/// Only Linux is asked.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn of(_processes: &[u32]) -> Vec<Listening> {
    Vec::new()
}

/// Only Linux is asked.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn having(_processes: &[u32], _inode: u64) -> Vec<u32> {
    Vec::new()
}

/// Only Linux is asked.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn holder(_port: u16) -> Option<Process> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_listening_socket_is_found_with_its_process() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let own = std::process::id();
        let found = of(&[own]);
        let found = found.into_iter().find(|listening| listening.addr == addr).unwrap();
        assert_eq!(found.processes, [own]);
        assert_eq!(having(&[own], found.inode), [own]);
        assert_eq!(holder(addr.port()).map(|process| process.pid), Some(own));
        drop(listener);
        assert!(having(&[own], found.inode).is_empty());
        assert!(!of(&[own]).iter().any(|listening| listening.addr == addr));
        assert_eq!(holder(addr.port()), None);
    }
}

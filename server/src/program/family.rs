//! The processes that came of one.

use rustix::process::{Pid, Signal, kill_process};

/// Everything that descends from `ancestor`, whatever group or session it has made for itself.
#[cfg(target_os = "linux")]
pub(super) fn descendants(ancestor: Pid) -> Vec<Pid> {
    use std::collections::HashMap;

    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    // One that ends meanwhile is none.
    for process in procfs::process::all_processes().into_iter().flatten().flatten() {
        if let Ok(stat) = process.stat() {
            children.entry(stat.ppid).or_default().push(stat.pid);
        }
    }
    let mut found = Vec::new();
    let mut next = vec![ancestor.as_raw_nonzero().get()];
    while let Some(parent) = next.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            next.push(child);
            found.extend(Pid::from_raw(child));
        }
    }
    found
}

/// Where the system does not tell, its own group is all that is known of it.
#[cfg(not(target_os = "linux"))]
pub(super) fn descendants(_ancestor: Pid) -> Vec<Pid> {
    Vec::new()
}

/// Sends a signal to each.
pub(super) fn signal(processes: &[Pid], signal: Signal) {
    for process in processes {
        // One that has ended meanwhile needs none.
        let _ = kill_process(*process, signal);
    }
}

//! The processes that came of one.

use rustix::process::{Pid, Signal, kill_process};

/// Everything that descends from `ancestor`, whatever group or session it has made for itself.
#[cfg(target_os = "linux")]
pub(super) fn descendants(ancestor: Pid) -> Vec<Pid> {
    let all = if *linux::TELLS_CHILDREN { None } else { Some(linux::by_parents()) };
    let mut found = Vec::new();
    let mut next = vec![ancestor.as_raw_nonzero().get()];
    while let Some(parent) = next.pop() {
        let children = match &all {
            Some(all) => all.get(&parent).cloned().unwrap_or_default(),
            None => linux::children(parent),
        };
        for child in children {
            next.push(child);
            found.extend(Pid::from_raw(child));
        }
    }
    found
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{collections::HashMap, path::Path, sync::LazyLock};

    use procfs::process::{Process, all_processes};

    /// Whether the kernel lists the children of a process (`CONFIG_PROC_CHILDREN`): most do, and all others need not be
    /// looked at then.
    pub(super) static TELLS_CHILDREN: LazyLock<bool> =
        LazyLock::new(|| Path::new("/proc/thread-self/children").exists());

    /// The children of a process; one that has ended has none.
    pub(super) fn children(parent: i32) -> Vec<i32> {
        let Ok(tasks) = Process::new(parent).and_then(|process| process.tasks()) else { return Vec::new() };
        let children = tasks.flatten().filter_map(|task| task.children().ok()).flatten();
        children.filter_map(|child| i32::try_from(child).ok()).collect()
    }

    /// All processes by their parents.
    pub(super) fn by_parents() -> HashMap<i32, Vec<i32>> {
        let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
        // One that ends meanwhile is none.
        for stat in all_processes().into_iter().flatten().flatten().filter_map(|process| process.stat().ok()) {
            children.entry(stat.ppid).or_default().push(stat.pid);
        }
        children
    }
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn children_are_found_both_ways() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let (own, number) = (i32::try_from(std::process::id()).unwrap(), i32::try_from(child.id()).unwrap());
        assert!(descendants(Pid::from_raw(own).unwrap()).contains(&Pid::from_raw(number).unwrap()));
        assert!(linux::by_parents()[&own].contains(&number));
        assert!(!*linux::TELLS_CHILDREN || linux::children(own).contains(&number));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(linux::children(number).is_empty());
    }
}

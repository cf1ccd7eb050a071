//! Which of Dapr's cases there are, and which of them are not for one sidecar.
use anyhow::{Context, Result};
use std::{fs, path::Path};

/// The folders of `tests/integration/suite/actors` that concern one host.
const FOLDERS: [&str; 10] =
    ["call", "deactivation", "grpc", "healthz", "http", "lock", "metadata", "state", "timers", "reminders"];

const TWO_HOSTS: &str = "has two hosts of one type: sharing its actors is placement's work";
const PLACEMENT: &str = "is about a placement service that is absent: none is needed here";
const H2C: &str = "has an app that is called over h2c: here apps are called over HTTP/1.1";
const IN_ETCD: &str = "looks into the Scheduler's etcd: reminders are kept in the actor state store here";
const COUNTED: &str = "waits until the Scheduler has counted a sidecar's connections: none is made here";

/// Those that do not apply: the case, or a folder of them with a slash at its end, and why.
const ELSEWHERE: [(&str, &str); 27] = [
    ("actors/call/grpc", TWO_HOSTS),
    ("actors/call/http", TWO_HOSTS),
    ("actors/call/maxbodysize", TWO_HOSTS),
    ("actors/deactivation/idle/ppanic", TWO_HOSTS),
    ("actors/deactivation/move", TWO_HOSTS),
    ("actors/lock/call/remote/", TWO_HOSTS),
    ("actors/lock/reminders/remote/", TWO_HOSTS),
    ("actors/lock/timers/remote", TWO_HOSTS),
    ("actors/timers/remote/", TWO_HOSTS),
    ("actors/reminders/period", TWO_HOSTS),
    ("actors/reminders/scheduler/hop", TWO_HOSTS),
    ("actors/reminders/scheduler/remote", TWO_HOSTS),
    ("actors/call/h2c/", H2C),
    ("actors/call/responsebody", "wants an answer that ends before its Content-Length to count as whole"),
    ("actors/healthz/deactivateOnPlacementFail", PLACEMENT),
    ("actors/metadata/disabled", PLACEMENT),
    ("actors/metadata/hostNoPlacement", PLACEMENT),
    ("actors/metadata/workflows", "runs workflows: there are none here"),
    ("actors/reminders/store", IN_ETCD),
    ("actors/reminders/scheduler/remove", IN_ETCD),
    ("actors/reminders/scheduler/durable", "restarts on state.in-memory, which is lost here with its reminders"),
    ("actors/reminders/scheduler/nostore", "wants to be told that there is no Scheduler: none is needed here"),
    ("actors/reminders/scheduler/reminder", "looks for a line in daprd's log, that it uses the Scheduler"),
    ("actors/reminders/scheduler/staging", "puts a reminder into the Scheduler past the sidecar"),
    ("actors/reminders/scheduler/duetime", COUNTED),
    ("actors/reminders/failurepolicy/constant/interval", COUNTED),
    ("actors/reminders/failurepolicy/drop/", COUNTED),
];

/// Why a case does not apply; `None` when it does.
pub(super) fn elsewhere(case: &str) -> Option<&'static str> {
    let named = |name: &str| name == case || (name.ends_with('/') && case.starts_with(name));
    ELSEWHERE.iter().find(|(name, _)| named(name)).map(|(_, why)| *why)
}

/// All cases, by the names that the suite gives them: folder and Go type.
///
/// # Errors
/// When the sources cannot be read, or have none.
pub(super) fn all(module: &Path) -> Result<Vec<String>> {
    let suite = module.join("tests/integration/suite");
    let mut cases = Vec::new();
    for folder in FOLDERS {
        collect(&suite, &suite.join("actors").join(folder), &mut cases)?;
    }
    cases.sort();
    anyhow::ensure!(!cases.is_empty(), "there are no cases in {}", suite.display());
    Ok(cases)
}

fn collect(suite: &Path, folder: &Path, cases: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(suite, &path, cases)?;
        } else if path.extension().is_some_and(|extension| extension == "go") {
            let name = folder.strip_prefix(suite)?.to_string_lossy().into_owned();
            let source = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            cases.extend(registered(&source).map(|case| format!("{name}/{case}")));
        }
    }
    Ok(())
}

/// The Go types that a source file registers as cases.
fn registered(source: &str) -> impl Iterator<Item = &str> {
    source.split("suite.Register(new(").skip(1).filter_map(|rest| rest.split_once("))")).map(|(case, _)| case)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_read_from_where_they_register_themselves() {
        let source = "func init() {\n\tsuite.Register(new(local))\n\tsuite.Register(new(other))\n}\n";
        assert_eq!(registered(source).collect::<Vec<_>>(), ["local", "other"]);
    }

    #[test]
    fn a_folder_stands_for_its_cases_and_a_case_for_itself() {
        assert!(elsewhere("actors/timers/remote/http").is_some());
        assert!(elsewhere("actors/call/http").is_some());
        assert_eq!(elsewhere("actors/lock/call/reentry/remote/http"), None);
        assert_eq!(elsewhere("actors/http/ttl"), None);
    }
}

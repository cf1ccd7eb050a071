//! Saying what is being done, and for how long it has been going on.
use anyhow::{Context, Result, bail};
use std::{
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// How often a long step says that it is still at it.
const EVERY: Duration = Duration::from_secs(10);

/// Does `work`, saying before it what it is, every ten seconds how long it has been going on, and at the end how
/// long it took.
pub(crate) fn during<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("• {what}");
    let started = Instant::now();
    let (done, wait) = mpsc::channel::<()>();
    let result = thread::scope(|scope| {
        scope.spawn(move || {
            while wait.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                eprintln!("  … {what}: {} s so far", started.elapsed().as_secs());
            }
        });
        let result = work();
        drop(done);
        result
    });
    let took = started.elapsed();
    if result.is_ok() && took >= Duration::from_secs(1) {
        eprintln!("  done in {:.1} s", took.as_secs_f64());
    }
    result
}

/// For what compiles: with nothing built yet and one slow core that can take long.
pub(crate) const BUILD_LIMIT: Duration = Duration::from_secs(45 * 60);

/// For what package managers fetch, over a slow network: the largest is a browser, of some 300 MB.
pub(crate) const FETCH_LIMIT: Duration = Duration::from_secs(30 * 60);

/// Runs a command to its end, its output passed through. Fails with its name when it fails, and ends it when it takes
/// longer than `limit`: what hangs is to be told, where nobody looks on least of all.
pub(crate) fn run(what: &str, limit: Duration, command: &mut Command) -> Result<()> {
    during(what, || {
        let started = Instant::now();
        let mut child = command.spawn().with_context(|| cannot_start(command))?;
        loop {
            if let Some(status) = child.try_wait()? {
                return check(status, command);
            }
            if started.elapsed() > limit {
                child.kill()?;
                child.wait()?;
                bail!("`{}` took longer than {}, and was ended", shown(command), in_words(limit));
            }
            thread::sleep(Duration::from_millis(50));
        }
    })
}

/// What a command prints on standard output, trimmed; an error when it cannot be run or fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::null()).output().with_context(|| cannot_start(command))?;
    check(output.status, command)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The command as a person would type it, without its environment.
fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    command.get_args().fold(name, |line, argument| line + " " + &argument.to_string_lossy())
}

/// A limit as a person says it.
fn in_words(limit: Duration) -> String {
    match limit.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} minutes", seconds / 60),
    }
}

fn cannot_start(command: &Command) -> String {
    format!("`{}` could not be started", shown(command))
}

fn check(status: ExitStatus, command: &Command) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    bail!("`{}` failed ({status})", shown(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_fails_is_named_with_its_arguments() {
        let error = run("trying", FETCH_LIMIT, Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 3` failed (exit status: 3)");
    }

    #[test]
    fn a_command_that_takes_too_long_is_ended() {
        let started = Instant::now();
        let error = run("trying", Duration::from_secs(1), Command::new("sleep").arg("60")).unwrap_err();
        assert_eq!(error.to_string(), "`sleep 60` took longer than 1 s, and was ended");
        assert_eq!(in_words(BUILD_LIMIT), "45 minutes");
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = output(&mut Command::new("no-such-program-of-faultlab")).unwrap_err();
        assert!(error.to_string().contains("`no-such-program-of-faultlab` could not be started"), "{error}");
    }
}

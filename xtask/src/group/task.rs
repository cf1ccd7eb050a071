//! One program that is run to its end, within a limit.
use super::{Asked, LOOK, process::Process};
use anyhow::{Result, bail};
use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, PipeReader, Write},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// How long a program may take to end after its limit has passed and it was asked to.
const END_LIMIT: Duration = Duration::from_secs(5);

/// How long the output may go on after the program has ended: something it started still writes then.
const OUTPUT_LIMIT: Duration = Duration::from_secs(5);

/// How many of the last lines are told when a limit has passed.
const LAST: usize = 12;

/// Runs a program to its end. Each line of its output, and of its errors, is passed on and then given to `each`.
///
/// # Errors
/// When it cannot be started; when it takes longer than `limit` or a person asks for the end: it is ended then with
/// all that it has started, and the error tells its last lines.
pub(crate) fn to_its_end(
    command: &mut Command,
    limit: Duration,
    asked: &Asked,
    mut each: impl FnMut(&str),
) -> Result<ExitStatus> {
    let (output, input) = io::pipe()?;
    command.stdout(input.try_clone()?).stderr(input);
    let mut process = Process::start(command)?;
    // The command's own ends of the pipe are let go, or it would never end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let lines = lines_of(output);
    let (started, before) = (Instant::now(), asked.times());
    let mut last = VecDeque::new();
    let mut gone: Option<Instant> = None;
    loop {
        match lines.recv_timeout(LOOK) {
            Ok(line) => {
                // Whoever reads the output of a pipe may be gone; the program runs all the same.
                let _ = writeln!(io::stdout(), "{line}");
                each(&line);
                last.truncate(LAST - 1);
                last.push_front(line);
            }
            Err(RecvTimeoutError::Timeout) => {}
            // It has closed its output, and may go on for a moment.
            Err(RecvTimeoutError::Disconnected) if process.is_gone()? => return process.finish(),
            Err(RecvTimeoutError::Disconnected) => thread::sleep(LOOK),
        }
        if gone.is_none() && process.is_gone()? {
            gone = Some(Instant::now());
        }
        if gone.is_some_and(|gone| gone.elapsed() > OUTPUT_LIMIT) {
            eprintln!("  something that it started has outlived it, and is ended");
            return process.finish();
        }
        let stopped = asked.times() > before;
        if stopped || started.elapsed() > limit {
            process.end(END_LIMIT, || asked.times() > before + 1)?;
            let why =
                if stopped { "stopped".into() } else { format!("ended after its limit of {} s", limit.as_secs()) };
            let last: Vec<_> = last.into_iter().rev().collect();
            bail!("{why}; its last lines:\n    {}", last.join("\n    "));
        }
    }
}

/// The lines that come out of a pipe; the channel ends with it.
fn lines_of(output: PipeReader) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn every_line_is_given_on_in_order_and_the_status_is_the_programs() {
        let mut lines = Vec::new();
        let mut command = shell("echo one; echo two >&2; printf three; exit 3");
        let asked = Asked::listen().unwrap();
        let status = to_its_end(&mut command, Duration::from_secs(60), &asked, |line| lines.push(line.to_owned()));
        assert_eq!((status.unwrap().code(), lines.join(" ").as_str()), (Some(3), "one two three"));
    }

    #[test]
    fn what_takes_too_long_is_ended_with_all_that_it_has_started_and_its_last_lines_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let (up, asked) = (folder.path().join("up"), folder.path().join("asked"));
        let inner = format!(
            "trap 'echo asked > {}; exit 0' TERM; echo up > {}; while :; do sleep 0.01; done",
            asked.display(),
            up.display()
        );
        // The leader goes only when what it has started has gone.
        let script = format!(
            "trap : TERM; ({inner}) & while [ ! -e {} ]; do sleep 0.01; done; seq 1 30; wait; wait",
            up.display()
        );
        let listening = Asked::listen().unwrap();
        let mut seen = 0;
        let error = to_its_end(&mut shell(&script), Duration::from_secs(5), &listening, |_| seen += 1).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with("ended after its limit of 5 s; its last lines:\n    19\n"), "{error}");
        assert!(error.ends_with("\n    30"), "{error}");
        assert_eq!((seen, fs::read_to_string(asked).unwrap().as_str()), (30, "asked\n"));
    }

    #[test]
    fn what_does_not_listen_is_ended_by_force() {
        let started = Instant::now();
        let listening = Asked::listen().unwrap();
        let mut command = shell("trap '' TERM; while :; do sleep 1; done");
        to_its_end(&mut command, Duration::ZERO, &listening, |_| {}).unwrap_err();
        assert!(started.elapsed() < END_LIMIT + Duration::from_secs(30));
    }
}

//! What is typed after `faultlab`: nothing but flags for the lab itself, or a command with its own.

mod check;
mod health;
mod ignored;
mod run;

use std::{env, ffi::OsString, path::PathBuf};

use clap::{Parser, Subcommand};

use self::{check::CheckArguments, run::RunArguments};
use crate::{
    check::Settings as CheckSettings,
    config::Config,
    own::{Settings, Status},
    program::GUARD,
};

/// What the process is to do.
pub enum Asked {
    /// The lab over its own actor.
    Lab(Box<Config>),
    /// The lab over the learner's program.
    Run(Box<Settings>),
    /// The checks over the learner's program.
    Check(Box<CheckSettings>),
    /// A folder to begin with.
    New(PathBuf),
    /// To stand between a lab and a program.
    Guard(Vec<OsString>),
}

/// Why nothing is done.
pub enum Refused {
    /// It makes no sense: a line that says what to do, and the exit status.
    Usage(String, u8),
    /// `--help` or `--version`.
    Help(clap::Error),
}

/// The exit status of flags of the lab itself that make no sense, as clap has it.
const WRONG_FLAGS: u8 = 2;

#[derive(Parser)]
#[command(name = "faultlab", version, args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: Config,
}

#[derive(Subcommand)]
enum Command {
    /// Run your own program under the lab: its sidecar, its log, and the page over it.
    ///
    /// Takes the flags of `dapr run`, and needs nothing installed: faultlab run -p 8000 -- uvicorn main:app --port 8000
    Run(RunArguments),
    /// The same for a program that you start yourself, in a debugger for instance; it is waited for as long as it takes.
    Sidecar(RunArguments),
    /// Judge your own program: the lesson's five checks, and nine beyond them; no page.
    ///
    /// faultlab check -p 8000 -- uvicorn main:app --port 8000. Exit status: 0 the five hold, 1 one does not, 2 could not be
    /// judged, 3 wrong usage, 4 the program did not start.
    Check(Box<CheckArguments>),
    /// Make a folder to begin with: a program that runs, its components, and the lesson's steps.
    New {
        /// The folder; it must not be there yet, or be empty.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// Reads the command line and the environment.
///
/// # Errors
/// What makes no sense, in one line; also where help is asked for.
pub fn read() -> Result<Asked, Refused> {
    let arguments: Vec<OsString> = env::args_os().collect();
    let first = arguments.get(1).and_then(|argument| argument.to_str()).unwrap_or_default();
    if first == GUARD {
        // Behind it there are two dashes.
        return Ok(Asked::Guard(arguments.into_iter().skip(3).collect()));
    }
    let is_command = !first.is_empty() && !first.starts_with('-');
    let (status, help) = match is_command {
        true => (Status::Usage as u8, format!("faultlab {first} --help")),
        false => (WRONG_FLAGS, "faultlab --help".to_owned()),
    };
    let refused = |error| in_one_line(error, status, &help);
    Config::check_environment().map_err(refused)?;
    let CommandLine { command, config } = CommandLine::try_parse_from(&arguments).map_err(refused)?;
    match command {
        None => config.checked().map(|config| Asked::Lab(Box::new(config))).map_err(refused),
        Some(Command::New { folder }) => Ok(Asked::New(folder)),
        Some(Command::Check(check)) => {
            let settings = check.settings().map_err(|words| Refused::Usage(words, Status::Usage as u8))?;
            Ok(Asked::Check(Box::new(settings)))
        }
        Some(Command::Run(run)) => settings(run, true, &arguments),
        Some(Command::Sidecar(run)) => settings(run, false, &arguments),
    }
}

fn settings(run: RunArguments, starts_it: bool, arguments: &[OsString]) -> Result<Asked, Refused> {
    let settings = run.settings(starts_it, arguments);
    settings.map(|settings| Asked::Run(Box::new(settings))).map_err(|words| Refused::Usage(words, Status::Usage as u8))
}

fn in_one_line(error: clap::Error, status: u8, help: &str) -> Refused {
    if !error.use_stderr() {
        return Refused::Help(error);
    }
    let words = error.to_string();
    let mut lines = words.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut reason = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    if reason.ends_with(':') {
        // What is missing stands on the next.
        reason = format!("{reason} {}", lines.next().unwrap_or_default());
    }
    Refused::Usage(format!("{reason}; {help} lists the flags"), status)
}

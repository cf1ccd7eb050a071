//! What is typed after `faultlab`: nothing but flags for the lab itself, or a command with its own.

mod check;
mod health;
mod ignored;
mod manual;
mod run;

use std::{env, ffi::OsString, net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use self::{check::CheckArguments, run::RunArguments};
use crate::{
    check::Settings as CheckSettings,
    config::Config,
    own::{Settings, Status},
    program::GUARD,
    version,
};

pub use self::manual::{completions, manual};

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
    /// Whether the lab at this address is ready.
    Health(SocketAddr),
    /// The words that a shell completes.
    Completions(Shell),
    /// The manual, into this folder.
    Manual(PathBuf),
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
#[command(name = "faultlab", version = version::full(), args_conflicts_with_subcommands = true)]
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
    /// Ask a lab on this machine whether it is ready: the exit status is 0 if it is.
    Health {
        /// Where people reach it; 0.0.0.0 is asked at 127.0.0.1.
        #[arg(long, env = "FAULTLAB_ADDR", value_name = "HOST:PORT", default_value = "127.0.0.1:8000")]
        addr: SocketAddr,
    },
    /// Print what a shell needs to complete faultlab's commands and flags.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write the manual's pages into a folder: man -l DIR/faultlab.1
    Man {
        /// The folder; made when missing.
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
        Some(Command::Health { addr }) => Ok(Asked::Health(addr)),
        Some(Command::Completions { shell }) => Ok(Asked::Completions(shell)),
        Some(Command::Man { folder }) => Ok(Asked::Manual(folder)),
        Some(Command::Run(run)) => settings(run, true, &arguments),
        Some(Command::Sidecar(run)) => settings(run, false, &arguments),
    }
}

fn settings(run: RunArguments, starts_it: bool, arguments: &[OsString]) -> Result<Asked, Refused> {
    let settings = run.settings(starts_it, arguments);
    settings.map(|settings| Asked::Run(Box::new(settings))).map_err(|words| Refused::Usage(words, Status::Usage as u8))
}

fn current_folder() -> Result<PathBuf, String> {
    env::current_dir().map_err(|error| format!("the folder that this was started in is gone: {error}"))
}

fn this_program() -> Result<PathBuf, String> {
    env::current_exe().map_err(|error| format!("the program that runs is not to be found: {error}"))
}

/// An app id that can be part of a state key.
fn checked_app_id(id: String) -> Result<String, String> {
    if id.is_empty() || id.contains('.') {
        return Err("an app id has a character at least and no dots: say another with -a".to_owned());
    }
    Ok(id)
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

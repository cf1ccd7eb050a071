//! A program of somebody else's under the lab: started, listened to and ended, so that nothing of it is left.
//!
//! # Layout
//! - `supervise`: the handle: starting, ending, how it ended. [`guard`] is the process between the two, which ends the
//!   program when the lab is gone, whatever ended that
//! - `terminal`: the pseudoterminal that the program writes to
//! - `family`: the processes that came of it
//! - [`log`]: what it wrote, kept within bounds; `lines`, `clean` and [`secrets`]: from bytes to lines that may be shown
//! - [`traceback`]: what a Python traceback says
//! - [`sockets`]: who listens where
//!
//! Programs are run on Unix; `elsewhere` says so on other systems.

mod clean;
#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod family;
#[cfg(unix)]
pub mod guard;
mod lines;
pub mod log;
pub mod secrets;
pub mod sockets;
#[cfg(unix)]
mod supervise;
#[cfg(unix)]
mod terminal;
pub mod traceback;

use std::{ffi::OsString, fmt, io, path::PathBuf};

#[cfg(not(unix))]
pub use elsewhere::{Program, guard};
#[cfg(unix)]
pub use supervise::Program;

/// What is started.
#[derive(Clone, Debug)]
pub struct Command {
    /// The program and its arguments; there is the program at least.
    pub words: Vec<OsString>,
    /// The folder that it runs in; none for the lab's own.
    pub folder: Option<PathBuf>,
    /// What its environment has beside the lab's own.
    pub environment: Vec<(OsString, OsString)>,
    /// Whose lines its log has: the app's id, or `your_program`.
    pub origin: String,
    /// The program that runs [`guard`] when its first argument is [`GUARD`]: the lab itself.
    pub guard: PathBuf,
}

/// The first argument with which the lab becomes a guard.
pub const GUARD: &str = "guard-of-program";

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By itself, or by its own answer to a signal, with this status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// Its guard was ended from outside, and the program with it.
    Lost,
}

impl How {
    /// Whether it ended as a program does that has done its work.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::Exit(0)
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(status) => write!(f, "with status {status}"),
            Self::Signal(2) => write!(f, "by SIGINT"),
            Self::Signal(6) => write!(f, "by SIGABRT"),
            Self::Signal(9) => write!(f, "by SIGKILL"),
            Self::Signal(11) => write!(f, "by SIGSEGV"),
            Self::Signal(15) => write!(f, "by SIGTERM"),
            Self::Signal(number) => write!(f, "by signal {number}"),
            Self::Lost => write!(f, "with its guard, which was ended from outside"),
        }
    }
}

/// Where a program stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It runs.
    Running,
    /// It has ended; what it started is being ended too.
    Ended(How),
    /// It has ended, and nothing of it is left.
    Gone(How),
}

/// Why a program was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system refused it: most often it is not there.
    #[error("{0}")]
    Program(#[source] io::Error),
    /// What stands around it could not be made.
    #[error("the lab cannot run a program: {0}")]
    Around(#[source] io::Error),
}

//! Systems on which the lab runs no programs.

use std::io;

use super::{Command, How, Life, StartError, log::ProgramLog};

/// What there is of a program here: nothing.
pub struct Program;

impl Program {
    /// # Errors
    /// Always.
    pub async fn start(_command: &Command, _log: ProgramLog) -> Result<Self, StartError> {
        let words = "programs are run on Linux and macOS only; `faultlab sidecar` serves one that you start yourself";
        Err(StartError::Around(io::Error::new(io::ErrorKind::Unsupported, words)))
    }

    /// Never asked: none is started.
    #[must_use]
    pub fn pid(&self) -> u32 {
        0
    }

    /// None.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        Vec::new()
    }

    /// It is gone.
    #[must_use]
    pub fn life(&self) -> Life {
        Life::Gone(How::Lost)
    }

    /// At once.
    pub async fn ended(&self) -> How {
        How::Lost
    }

    /// At once.
    pub async fn gone(&self) -> How {
        How::Lost
    }

    /// It was not.
    #[must_use]
    pub fn was_asked(&self) -> bool {
        false
    }

    /// Nothing.
    pub fn end(&self) {}

    /// Nothing.
    pub fn killer(&self) -> impl Fn() + Send + use<> {
        || ()
    }
}

/// The process between lab and program.
pub mod guard {
    use std::{ffi::OsString, process::ExitCode};

    /// There is none here.
    #[must_use]
    pub fn run(_words: &[OsString]) -> ExitCode {
        ExitCode::FAILURE
    }
}

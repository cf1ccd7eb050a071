//! The learner's program in the place of the lab's own actor: `faultlab run`, `faultlab sidecar`, `faultlab new`.
//!
//! # Layout
//! - `session`: a run from its beginning to its end
//! - `life`: one app of it: its program starts, opens its port, registers its actors, is started anew, ends
//! - `output`: the lines of its program
//! - [`app`](self): what an app is; `apps_file`: reading `dapr.yaml`
//! - `hosting`: its sidecar; `components`: its component files
//! - [`finding`](self): what is wrong, in one line with what to do; `python`: which Python it is that runs
//! - `registered`: what it registers; `ask`: asking it
//! - `page`: the page over it
//! - `shell`: what the shell shows
//! - [`starter`]: the folder that `faultlab new` makes

mod app;
mod apps_file;
pub(crate) mod ask;
mod components;
pub(crate) mod finding;
pub(crate) mod hosting;
mod life;
mod output;
mod page;
mod python;
pub(crate) mod registered;
mod session;
pub(crate) mod shell;
pub mod starter;

use std::{net::SocketAddr, path::PathBuf};

use crate::config::Tokens;

pub use self::{
    app::{APP_ID, App, channel_address, most_calls},
    apps_file::read as read_apps_file,
    finding::Finding,
    session::run,
};

/// The origin of a single program's lines.
pub(crate) const YOUR_PROGRAM: &str = "your_program";

/// How a run ended, for the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As it was asked to, or its program ended well.
    Done = 0,
    /// Its program ended with a failure.
    Failed = 1,
    /// It was asked for in a way that makes no sense.
    Usage = 3,
    /// The program did not start.
    NotStarted = 4,
}

/// What is run, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The apps; the page is over the first one that has a port.
    pub apps: Vec<App>,
    /// Where people reach the page; 8080 or the next free port unless it is said.
    pub addr: Option<SocketAddr>,
    /// The folder with the built browser files.
    pub site: Option<PathBuf>,
    /// Host names under which people may open the page.
    pub allow_hosts: Vec<String>,
    /// The folder for state.
    pub data: PathBuf,
    /// Component files as they are, with nothing mapped.
    pub real_stores: bool,
    /// What the environment says must be shown.
    pub tokens: Tokens,
    /// What is said once, at the beginning.
    pub notes: Vec<String>,
    /// What is logged of the sidecar and the lab, as a filter of `tracing`.
    pub log_filter: String,
    /// The program that guards others: this one.
    pub guard: PathBuf,
}

//! The flags of `faultlab check`.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;

use super::{checked_app_id, current_folder, this_program};
use crate::{
    check::{Formats, PORT, Settings},
    config::Tokens,
    own::{APP_ID, App},
};

/// Where results go unless it is said.
const RESULTS: &str = "faultlab-results";

/// What GitHub sets in its Actions.
const IN_ACTIONS: &str = "GITHUB_ACTIONS";

#[derive(Clone, Debug, Args)]
pub(super) struct CheckArguments {
    /// The app's id, a part of every state key.
    #[arg(short = 'a', long, default_value = APP_ID)]
    app_id: String,
    /// The port that the program listens on; or write {port} in its command, and a free one is put there.
    #[arg(short = 'p', long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    app_port: Option<u16>,
    /// A folder of component and subscription files; give it once for each [default: ./components, else what is built in].
    #[arg(short = 'd', long, visible_alias = "components-path", value_name = "DIR", value_delimiter = ',')]
    resources_path: Vec<PathBuf>,
    /// What names and texts are made from: the same seed makes the same ones.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How long all of it may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 180, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// Let the checks beyond the lesson count for the exit status.
    #[arg(long)]
    strict: bool,
    /// The folder of results.
    #[arg(long, value_name = "DIR", default_value = RESULTS)]
    results: PathBuf,
    /// Write the verdicts as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the verdicts as JUnit's XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write the report.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write annotations and the step summary for GitHub; on by itself in its Actions.
    #[arg(long)]
    github: bool,
    /// Write /autograder/results/results.json for Gradescope.
    #[arg(long)]
    gradescope: bool,
    /// Write result.json for Classroom 50, and exit with 0 whatever the verdicts are.
    #[arg(long)]
    classroom50: bool,
    #[command(flatten)]
    tokens: Tokens,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl CheckArguments {
    /// What is checked.
    ///
    /// # Errors
    /// What makes no sense: one line that says what to do.
    pub(super) fn settings(self) -> Result<Settings, String> {
        const USUAL: &str = "faultlab check -p 8000 -- uvicorn main:app --port 8000";
        if self.command.is_empty() {
            return Err(format!("say which program to check, as in: {USUAL}"));
        }
        let has_place = self.command.iter().any(|word| word.to_string_lossy().contains(PORT));
        let port = match (self.app_port, has_place) {
            (Some(_), true) => return Err(format!("{PORT} stands in the command: leave -p away")),
            (Some(port), false) => port,
            (None, true) => 0,
            (None, false) => {
                return Err(format!("say which port your program listens on, with -p or by {PORT}, as in: {USUAL}"));
            }
        };
        let (folder, guard) = (current_folder()?, this_program()?);
        let command = Some(self.command);
        let app = App {
            id: checked_app_id(self.app_id)?,
            command,
            resources: self.resources_path,
            ..App::at(port, folder.clone())
        };
        let Self { json, junit, html, gradescope, classroom50, .. } = self;
        let github = self.github || env::var_os(IN_ACTIONS).is_some_and(|value| value == "true");
        Ok(Settings {
            app,
            seed: self.seed,
            timeout: Duration::from_secs(self.timeout),
            strict: self.strict,
            results: shown(&self.results, &folder),
            formats: Formats { json, junit, html, github, gradescope, classroom50 },
            tokens: self.tokens.checked()?,
            guard,
        })
    }
}

/// A path as it is said from a folder.
fn shown(path: &Path, folder: &Path) -> PathBuf {
    path.strip_prefix(folder).unwrap_or(path).to_path_buf()
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::*;

    fn read(words: &str) -> Result<Settings, String> {
        let command = CheckArguments::augment_args(Command::new("check"));
        let matches = command.try_get_matches_from(format!("check {words}").split_whitespace());
        let matches = matches.unwrap_or_else(|error| panic!("{error}"));
        CheckArguments::from_arg_matches(&matches).unwrap().settings()
    }

    #[test]
    fn the_port_is_said_or_has_its_place_in_the_command() {
        assert_eq!(read("-p 8000 -- uvicorn main:app").unwrap().app.port, 8000);
        assert_eq!(read("-- uvicorn main:app --port {port}").unwrap().app.port, 0);
        for (words, said) in [
            ("-- uvicorn main:app", "with -p or by {port}"),
            ("-p 8000 -- uvicorn --port {port}", "leave -p away"),
            ("-p 8000", "say which program"),
            ("-p 8000 -a a.b -- x", "with -a"),
        ] {
            let refused = read(words).err().unwrap_or_default();
            assert!(refused.contains(said) && refused.lines().count() == 1, "{words}: {refused}");
        }
    }
}

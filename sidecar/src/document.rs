//! Reading documents: YAML of files, JSON of the app, and what is wrong with one.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::json::Go;

/// A resource file that cannot be read or understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceError {
    /// The file or folder.
    pub file: String,
    /// The line, from 1, where it is known.
    pub line: Option<u64>,
    /// What is wrong with it.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

impl std::error::Error for ResourceError {}

impl fmt::Display for ResourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {} ({})", self.problem, self.remedy)
    }
}

/// What every document begins with.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Head {
    pub(crate) api_version: String,
    pub(crate) kind: String,
}

impl Head {
    /// Whether it is a resource of Dapr, right or wrong: other programs' files lie about in the same folders.
    pub(crate) fn is_dapr(&self) -> bool {
        match self.api_version.as_str() {
            "" => matches!(self.kind.as_str(), "Component" | "Subscription" | "Resiliency" | "Configuration"),
            version => version.starts_with("dapr.io/"),
        }
    }
}

/// A document's `metadata`, as far as it is used.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Named {
    pub(crate) name: String,
    /// The namespace that it belongs to; empty means any.
    pub(crate) namespace: String,
}

/// Splits a file at its `---` lines; each document comes with the line that it begins on.
/// Documents of comments and blanks alone are left out.
#[must_use]
pub fn split(text: &str) -> Vec<(u64, String)> {
    let mut documents = vec![(1, String::new())];
    for (number, line) in (1_u64..).zip(text.lines()) {
        if line == "---" || line.starts_with("--- ") {
            documents.push((number + 1, String::new()));
        } else if let Some((_, document)) = documents.last_mut() {
            document.push_str(line);
            document.push('\n');
        }
    }
    documents
        .retain(|(_, document)| document.lines().map(str::trim).any(|line| !line.is_empty() && !line.starts_with('#')));
    documents
}

/// Reads one document into values; an error carries its line in the whole file.
pub(crate) fn yaml(file: &str, text: &str, first_line: u64) -> Result<Value, ResourceError> {
    serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map(|location| first_line + location.line().saturating_sub(1));
        let whole = error.to_string();
        let first = whole.lines().next().unwrap_or_default();
        // The place in front of the message counts from the document's first line, not the file's.
        let problem = match first.split_once(": ").zip(line) {
            Some(((_, rest), _)) => rest.split_once(": ").map_or(rest, |(_, problem)| problem),
            None => first,
        };
        unreadable(file, line.unwrap_or(first_line), problem.to_owned())
    })
}

/// What a document begins with; one that is no object begins with nothing.
pub(crate) fn head(document: &Value) -> Head {
    match document {
        Value::Object(_) => Head::deserialize(Go::yaml(document.clone())).unwrap_or_default(),
        _ => Head::default(),
    }
}

/// What a document says, as Dapr reads it. Calls `unknown` with the path of each field that is none.
///
/// # Errors
/// The path of a field, and what is wrong with it.
pub(crate) fn read<T: DeserializeOwned>(
    file: &str,
    document: Value,
    first_line: u64,
    unknown: impl FnMut(String),
) -> Result<T, ResourceError> {
    let mut unknown = unknown;
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(Go::yaml(document), &mut track);
    let read = serde_ignored::deserialize(tracked, |path| unknown(path.to_string().replace(".?", "")));
    read.map_err(|error| match track.path().to_string().as_str() {
        "." => unreadable(file, first_line, error.to_string()),
        path => unreadable(file, first_line, format!("{path}: {error}")),
    })
}

fn unreadable(file: &str, line: u64, problem: String) -> ResourceError {
    ResourceError {
        file: file.to_owned(),
        line: Some(line),
        problem,
        remedy: "correct the file, or move it out of the resources folder".into(),
    }
}

/// Dapr's own list of words for "yes".
#[must_use]
pub fn is_truthy(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "y" | "yes" | "true" | "t" | "on" | "1")
}

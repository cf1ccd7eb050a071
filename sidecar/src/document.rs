//! Reading documents: YAML of files, JSON of the app, and what is wrong with one.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;

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
#[derive(Deserialize)]
pub(crate) struct Head {
    #[serde(default)]
    pub(crate) kind: String,
}

/// A document's `metadata`, as far as it is used.
#[derive(Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
}

/// Splits a file at its `---` lines; each document comes with the line that it begins on.
/// Documents of comments and blanks alone are left out.
pub(crate) fn split(text: &str) -> Vec<(u64, String)> {
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

/// Deserialises one document; an error carries its line in the whole file.
pub(crate) fn yaml<T: DeserializeOwned>(file: &str, text: &str, first_line: u64) -> Result<T, ResourceError> {
    serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map(|location| first_line + location.line().saturating_sub(1));
        let whole = error.to_string();
        let first = whole.lines().next().unwrap_or_default();
        // The place in front of the message counts from the document's first line, not the file's.
        let problem = match first.split_once(": ").zip(line) {
            Some(((_, rest), _)) => rest.split_once(": ").map_or(rest, |(_, problem)| problem),
            None => first,
        };
        let problem = problem.to_owned();
        ResourceError {
            file: file.to_owned(),
            line: Some(line.unwrap_or(first_line)),
            problem,
            remedy: "correct the file, or move it out of the resources folder".into(),
        }
    })
}

/// Dapr's own list of words for "yes".
pub(crate) fn is_truthy(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "y" | "yes" | "true" | "t" | "on" | "1")
}

/// Reads a field of the app's JSON in which `null` means the same as nothing, as in Go.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de> + Default,
{
    let value = <Option<T> as serde::Deserialize>::deserialize(deserializer)?;
    Ok(value.unwrap_or_default())
}

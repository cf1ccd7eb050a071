//! `target/bench.json`: the figures of the last runs, each kind under its own name.
use crate::paths;
use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::{Map, Value};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Puts these figures in place of what the file has under `name`, and keeps the rest; says where the file is.
///
/// # Errors
/// When it cannot be read or written.
pub(super) fn put(name: &str, figures: &impl Serialize) -> Result<PathBuf> {
    let file = paths::target().join("bench.json");
    let old = match fs::read_to_string(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read.with_context(|| format!("{} cannot be read", file.display()))?,
    };
    write(&file, &with(&old, name, serde_json::to_value(figures)?)?)?;
    Ok(file)
}

/// The file's text with these figures in it. One that holds something else is begun anew.
fn with(old: &str, name: &str, figures: Value) -> Result<String> {
    let mut all: Map<String, Value> = serde_json::from_str(old).unwrap_or_default();
    all.insert(name.to_owned(), figures);
    Ok(serde_json::to_string_pretty(&all)?)
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_kind_of_figures_takes_the_place_of_its_own_and_of_nothing_else() {
        let one = with("", "programs", json!([1])).unwrap();
        let both = with(&one, "page", json!([2])).unwrap();
        let again = with(&both, "programs", json!([3])).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), json!({ "programs": [3], "page": [2] }));
        assert_eq!(with("[1]", "page", json!([])).unwrap(), with("", "page", json!([])).unwrap());
    }
}

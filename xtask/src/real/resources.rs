//! The component files of `components/redis`, with the addresses of this run.
//!
//! A component can take a value from the environment (`envRef`), but then the file works nowhere without that
//! variable. So the files keep the address that most people have, and a run writes a copy with its own.
use crate::site;
use anyhow::{Context, Result, bail};
use std::{fs, path::Path};

/// Where a run's components find Redis.
pub(crate) struct Addresses<'a> {
    /// For the state store: the wire, where there is one.
    pub(crate) state: &'a str,
    /// For everything else: Redis itself.
    pub(crate) others: &'a str,
}

/// Copies the files of `from` into `to`, which is emptied first, with these addresses.
///
/// # Errors
/// When a file cannot be read or written, or when no state store with a `redisHost` is among them.
pub(crate) fn write(from: &Path, to: &Path, addresses: &Addresses<'_>) -> Result<()> {
    site::remove_folder(to)?;
    fs::create_dir_all(to).with_context(|| format!("{} cannot be made", to.display()))?;
    let mut stores = 0;
    for file in site::files_in(from)? {
        let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let (text, found) = with_addresses(&text, addresses);
        stores += found;
        let copy = to.join(file.file_name().context("a component file has a name")?);
        fs::write(&copy, text).with_context(|| format!("{} cannot be written", copy.display()))?;
    }
    if stores != 1 {
        bail!("{} holds {stores} state stores with a redisHost; there has to be one", from.display());
    }
    Ok(())
}

/// The documents with these addresses, and how many state stores got theirs.
fn with_addresses(text: &str, addresses: &Addresses<'_>) -> (String, usize) {
    let mut stores = 0;
    let documents = text.split_inclusive("\n---\n").map(|document| {
        let is_store = document.lines().any(|line| line.trim().starts_with("type: state."));
        let address = if is_store { addresses.state } else { addresses.others };
        let (document, found) = with_address(document, address);
        stores += usize::from(is_store && found);
        document
    });
    (documents.collect(), stores)
}

/// One document with this `redisHost`, and whether it has one.
fn with_address(document: &str, address: &str) -> (String, bool) {
    let (mut text, mut found, mut named) = (String::new(), false, false);
    for line in document.split_inclusive('\n') {
        match line.split_once("value:") {
            Some((indent, _)) if named => {
                text += &format!("{indent}value: {address}\n");
                found = true;
            }
            _ => text += line,
        }
        named = line.trim() == "- name: redisHost";
    }
    (text, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESSES: Addresses<'static> = Addresses { state: "127.0.0.1:1", others: "127.0.0.1:2" };

    #[test]
    fn the_state_store_goes_through_the_wire_and_everything_else_past_it() {
        let store = "spec:\n  type: state.redis\n  metadata:\n  - name: redisHost\n    value: localhost:6379\n  - name: \
                     redisPassword\n    value: \"\"\n";
        let (text, stores) = with_addresses(store, &ADDRESSES);
        assert_eq!(text, store.replace("localhost:6379", "127.0.0.1:1"));
        assert_eq!(stores, 1);
        let both = format!("{store}---\n{}", store.replace("state.redis", "pubsub.redis"));
        let (text, stores) = with_addresses(&both, &ADDRESSES);
        assert!(text.contains("pubsub.redis\n  metadata:\n  - name: redisHost\n    value: 127.0.0.1:2\n"), "{text}");
        assert_eq!(stores, 1);
    }

    #[test]
    fn the_project_s_own_files_have_one_state_store() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (crate::paths::root().join("components/redis"), folder.path().join("copy"));
        write(&from, &to, &ADDRESSES).unwrap();
        let all: String = site::files_in(&to).unwrap().iter().map(|file| fs::read_to_string(file).unwrap()).collect();
        assert!(!all.contains("localhost:6379") && all.contains("127.0.0.1:1") && all.contains("127.0.0.1:2"), "{all}");
    }

    #[test]
    fn components_without_a_redis_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let local = crate::paths::root().join("components/local");
        let error = write(&local, &folder.path().join("copy"), &ADDRESSES).unwrap_err().to_string();
        assert!(error.contains("holds 0 state stores with a redisHost"), "{error}");
    }
}

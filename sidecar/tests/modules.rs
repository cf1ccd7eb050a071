//! The modules of the library use each other in one direction: there is no circle.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The modules at the top, each with those that it names as `crate::…`. `lib.rs` and the tests stand outside.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules: BTreeMap<String, String> = BTreeMap::new();
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let inside = path.strip_prefix(&src).unwrap();
            let top = inside.components().next().unwrap().as_os_str().to_str().unwrap();
            let name = top.trim_end_matches(".rs").to_owned();
            if !["lib", "bin", "properties"].contains(&name.as_str()) {
                modules.entry(name).or_default().push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let named = |text: &str| {
        let parts = text.split("crate::").skip(1);
        let names =
            parts.map(|part| part.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap().to_owned());
        names.collect::<BTreeSet<_>>()
    };
    modules
        .iter()
        .map(|(name, text)| {
            let used = named(text).into_iter().filter(|used| used != name && modules.contains_key(used));
            (name.clone(), used.collect())
        })
        .collect()
}

#[test]
fn no_module_is_used_by_what_it_uses() {
    let mut left = uses();
    assert!(left.len() > 15 && left["start"].contains("actors"), "they are found: {left:?}");
    loop {
        let free: Vec<_> = left.iter().filter(|(_, used)| used.is_empty()).map(|(name, _)| name.clone()).collect();
        if free.is_empty() {
            break;
        }
        for name in free {
            left.remove(&name);
            for used in left.values_mut() {
                used.remove(&name);
            }
        }
    }
    assert!(left.is_empty(), "a circle, and what leads into it: {left:#?}");
}

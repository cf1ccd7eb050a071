//! The modules of the library use each other in one direction: there is no circle.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// What a file does: without its tests, and without what it says in comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let before_tests = text.split("#[cfg(test)]").next().unwrap();
    before_tests
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .fold(String::new(), |code, line| code + line + "\n")
}

fn name(text: &str) -> String {
    text.chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect()
}

/// The modules that a text names as `crate::…`, one by one or several in braces.
fn named(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for part in text.split("crate::").skip(1) {
        let Some(many) = part.strip_prefix('{').and_then(|part| part.split_once("};")) else {
            names.insert(name(part));
            continue;
        };
        // Those within the outer braces alone.
        let mut depth = 0;
        let mut begins = true;
        for (at, char) in many.0.char_indices() {
            match char {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                _ if begins && char.is_alphabetic() => {
                    names.insert(name(&many.0[at..]));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    names
}

/// The modules at the top, each with those that it uses. `lib.rs` and the program stand outside.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules: BTreeMap<String, String> = BTreeMap::new();
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let top = path.strip_prefix(&src).unwrap().components().next().unwrap();
            let top = top.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
            let is_test = path.file_name().is_some_and(|name| name == "tests.rs");
            if !is_test && !["lib", "main"].contains(&top.as_str()) {
                modules.entry(top).or_default().push_str(&code(&path));
            }
        }
    }
    let known: BTreeSet<_> = modules.keys().cloned().collect();
    let used = |(module, text): (String, String)| {
        let used = named(&text).into_iter().filter(|used| *used != module && known.contains(used)).collect();
        (module, used)
    };
    modules.into_iter().map(used).collect()
}

#[test]
fn no_module_is_used_by_what_it_uses() {
    let mut left = uses();
    assert!(left.len() > 20 && left["backend"].contains("labs") && left["run"].contains("config"), "found: {left:?}");
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

//! The modules of the page use each other in one direction: there is no circle, neither between files nor between folders.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// The modules, by their paths as `panels::chat::lines`, each with its source: without comments and tests.
fn modules() -> BTreeMap<String, String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules = BTreeMap::new();
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(&src).unwrap().with_extension("");
                let name = inside.to_str().unwrap().replace('/', "::");
                let name = name.strip_suffix("::mod").unwrap_or(&name).to_owned();
                // Tests use what they like; the crate's root only says what there is.
                if !name.ends_with("tests") && !name.ends_with("samples") && !name.ends_with("fixture") && name != "lib"
                {
                    modules.insert(name, code(&std::fs::read_to_string(path).unwrap()));
                }
            }
        }
    }
    modules
}

/// The source without its comments and its test module, which comes last.
fn code(source: &str) -> String {
    let source = source.split("\n#[cfg(test)]\nmod tests").next().unwrap();
    let source = source.split("\n#[cfg(all(test").next().unwrap();
    let lines = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths that a `use` brings in: `a::{b, c::{self, d}}` is `a::b`, `a::c` and `a::c::d`.
fn paths(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((before, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap().trim();
        return vec![path.strip_suffix("::self").unwrap_or(path).to_owned()];
    };
    let (mut parts, mut part, mut depth) = (Vec::new(), String::new(), 0);
    for c in rest.trim_end().strip_suffix('}').unwrap().chars() {
        match c {
            ',' if depth == 0 => parts.push(std::mem::take(&mut part)),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                part.push(c);
            }
        }
    }
    parts.push(part);
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| paths(&format!("{before}{}", part.trim()))).collect()
}

/// Every path that a module names: those that it brings in, and those in its code that begin with a word for a module.
fn named(module: &str, code: &str) -> Vec<String> {
    let mut named: Vec<String> = Vec::new();
    for (begin, _) in code.match_indices("use ") {
        let before = code[..begin].rsplit('\n').next().unwrap().trim();
        let is_statement = before.is_empty() || before.starts_with("pub");
        if let Some(end) = code[begin..].find(';').filter(|_| is_statement) {
            named.extend(paths(&code[begin + 4..begin + end]));
        }
    }
    for word in ["crate::", "super::", "self::"] {
        for (begin, _) in code.match_indices(word) {
            if !code[..begin].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                let path = code[begin..].split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).next();
                named.push(path.unwrap().trim_end_matches(':').to_owned());
            }
        }
    }
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    let absolute = |path: String| {
        let (mut at, mut rest) = (module, path.as_str());
        if let Some(path) = rest.strip_prefix("crate::") {
            return Some(path.to_owned());
        }
        rest = rest.strip_prefix("self::").unwrap_or(rest);
        if let Some(path) = rest.strip_prefix("super::") {
            (at, rest) = (parent, path);
        }
        while let Some(path) = rest.strip_prefix("super::") {
            (at, rest) = (at.rsplit_once("::").map_or("", |(parent, _)| parent), path);
        }
        Some(if at.is_empty() { rest.to_owned() } else { format!("{at}::{rest}") })
    };
    named.into_iter().filter_map(absolute).collect()
}

/// What each module gives on by `pub use`, by the full path under which it does.
fn given_on(modules: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut given = BTreeMap::new();
    for (module, code) in modules {
        for (begin, _) in code.match_indices("use self::") {
            let before = code[..begin].rsplit('\n').next().unwrap().trim();
            if before.starts_with("pub")
                && let Some(end) = code[begin..].find(';')
            {
                for path in paths(&code[begin + 4..begin + end]) {
                    let path = path.strip_prefix("self::").unwrap_or(&path).to_owned();
                    let name = path.rsplit("::").next().unwrap().to_owned();
                    given.insert(format!("{module}::{name}"), format!("{module}::{path}"));
                }
            }
        }
    }
    given
}

/// The modules, each with those that it uses. What a module gives on is used where it comes from.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let modules = modules();
    let given = given_on(&modules);
    let home = |path: String| {
        let path = given.get(&path).cloned().unwrap_or(path);
        let parts: Vec<&str> = path.split("::").collect();
        (1..=parts.len()).rev().map(|n| parts[..n].join("::")).find(|module| modules.contains_key(module))
    };
    let uses = modules.iter().map(|(module, code)| {
        let used = named(module, code).into_iter().filter_map(home).filter(|used| used != module);
        (module.clone(), used.collect())
    });
    uses.collect()
}

/// The circles, each as what uses each other in it.
fn circles(uses: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<Vec<&str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = uses.keys().map(|from| (from.as_str(), reach(uses, from))).collect();
    let with = |module: &str| reached[module].iter().copied().filter(|other| reached[other].contains(module)).collect();
    reached.keys().map(|module| with(module)).filter(|circle: &Vec<&str>| !circle.is_empty()).collect()
}

/// All that a module uses, and what that uses.
fn reach<'a>(uses: &'a BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<&'a str> {
    let (mut reached, mut ahead) = (BTreeSet::new(), vec![from]);
    while let Some(module) = ahead.pop() {
        for used in &uses[module] {
            if reached.insert(used.as_str()) {
                ahead.push(used);
            }
        }
    }
    reached
}

#[test]
fn no_file_is_used_by_what_it_uses() {
    let uses = uses();
    assert!(uses.len() > 120, "they are found: {}", uses.len());
    assert!(uses["components::send_again"].contains("state::lab"), "{:?}", uses["components::send_again"]);
    let circles = circles(&uses);
    assert!(circles.is_empty(), "these use each other: {circles:#?}");
}

#[test]
fn no_folder_at_the_top_is_used_by_what_it_uses() {
    let top = |module: &str| module.split("::").next().unwrap_or_default().to_owned();
    let mut tops: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, used) in uses() {
        let at = top(&module);
        tops.entry(at.clone()).or_default().extend(used.iter().map(|used| top(used)).filter(|used| *used != at));
    }
    let circles = circles(&tops);
    assert!(circles.is_empty(), "these use each other: {circles:#?}");
}

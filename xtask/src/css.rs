//! The stylesheet: `style/main.css` with what it imports, as one file.
use anyhow::{Context, Result, bail};
use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

/// Puts a stylesheet and everything it imports into one text, each file once, in the order of the imports.
///
/// Understands `@import "file.css";` on a line of its own, with a path relative to the importing file.
///
/// # Errors
/// When a file is missing, or an import is of another form.
pub(crate) fn bundle(main: &Path) -> Result<String> {
    let mut text = String::new();
    append(main, &mut text, &mut HashSet::new())?;
    Ok(text)
}

fn append(file: &Path, text: &mut String, seen: &mut HashSet<PathBuf>) -> Result<()> {
    let path = file.canonicalize().with_context(|| format!("the stylesheet {} is missing", file.display()))?;
    if !seen.insert(path.clone()) {
        return Ok(());
    }
    let content = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", file.display()))?;
    for (number, line) in content.lines().enumerate() {
        if !line.trim_start().starts_with("@import") {
            text.push_str(line);
            text.push('\n');
            continue;
        }
        let Some(name) = imported(line) else {
            bail!("{}:{}: write imports as `@import \"file.css\";`", file.display(), number + 1);
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        append(&folder.join(name), text, seen).with_context(|| format!("{}:{}", file.display(), number + 1))?;
    }
    Ok(())
}

/// The file name of an import line.
fn imported(line: &str) -> Option<&str> {
    let quoted = line.trim().strip_prefix("@import")?.trim().strip_suffix(';')?.trim();
    let name = quoted.strip_prefix('"')?.strip_suffix('"')?;
    (!name.contains(['"', ':'])).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle_of(files: &[(&str, &str)]) -> Result<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        bundle(&folder.path().join("main.css"))
    }

    #[test]
    fn imports_come_in_order_and_each_file_once() {
        let main = "@import \"a.css\";\n@import \"./b.css\";\nmain {}\n";
        let text = bundle_of(&[("main.css", main), ("a.css", "a {}"), ("b.css", "@import \"a.css\";\nb {}")]).unwrap();
        assert_eq!(text, "a {}\nb {}\nmain {}\n");
    }

    #[test]
    fn a_missing_file_is_named_with_the_line_that_imports_it() {
        let error = format!("{:#}", bundle_of(&[("main.css", "\n@import \"gone.css\";")]).unwrap_err());
        assert!(error.contains("main.css:2") && error.contains("gone.css is missing"), "{error}");
    }

    #[test]
    fn an_import_that_would_be_lost_is_refused() {
        for line in ["@import url(a.css);", "@import \"a.css\" screen;", "@import \"https://example.org/a.css\";"] {
            let error = bundle_of(&[("main.css", line)]).unwrap_err();
            assert!(error.to_string().contains("main.css:1: write imports as"), "{error}");
        }
    }
}

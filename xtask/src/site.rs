//! `target/site`: everything that the browser is served as files.
//!
//! ```text
//! target/site/pkg/app.HASH.js, app.HASH.wasm, app.HASH.css   named by content, so that they may be kept for ever
//! target/site/…                                              what is in public/
//! target/hash.txt                                            the hashes, as Leptos reads them, and which build it is
//! target/site.stamp                                          what the site was made of
//! ```
//! In release every file that gets smaller by it has a `.br` and a `.gz` beside it.
use crate::{
    browser_build::{self, BrowserPart},
    compress, css,
    paths::{self, Profile},
    progress,
};
use anyhow::{Context, Result, bail};
use std::{
    fmt::Write as _,
    fs,
    hash::{DefaultHasher, Hasher},
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::UNIX_EPOCH,
};

/// Builds the browser part and puts the site together; does nothing when it is up to date.
///
/// # Errors
/// When a part cannot be built, or a file cannot be read or written.
pub(crate) fn build(profile: Profile) -> Result<()> {
    let part = browser_build::build(profile)?;
    let stylesheet = css::bundle(&paths::root().join("style/main.css"))?;
    let stamp = stamp(profile, &part, &stylesheet)?;
    let stamp_file = paths::target().join("site.stamp");
    if paths::site().is_dir()
        && paths::hashes().is_file()
        && fs::read_to_string(&stamp_file).is_ok_and(|old| old == stamp)
    {
        return Ok(());
    }
    // Without its stamp a site that was only half replaced is not taken for a finished one.
    remove_file(&stamp_file)?;
    progress::during(&format!("Putting the site together ({})", profile.folder()), || {
        let stylesheet = if profile.is_release() { minified(&stylesheet)? } else { stylesheet };
        let new = paths::target().join("site.new");
        remove_folder(&new)?;
        let hashes = fill(&new, &part, &stylesheet, profile)?;
        if profile.is_release() {
            compress::beside(&new)?;
        }
        remove_folder(&paths::site())?;
        fs::rename(&new, paths::site()).context("the new site cannot be moved to its place")?;
        write(&paths::hashes(), hashes.as_bytes())
    })?;
    write(&stamp_file, stamp.as_bytes())
}

/// Writes the site into an empty folder and returns the content of the hash file.
///
/// Its first line tells `faultlab` which build it is: in a debug build Leptos puts marks into the HTML that the other
/// build's browser part stumbles over.
fn fill(folder: &Path, part: &BrowserPart, stylesheet: &str, profile: Profile) -> Result<String> {
    copy_folder(&paths::root().join("public"), folder)?;
    let pkg = folder.join("pkg");
    fs::create_dir_all(&pkg).with_context(|| format!("{} cannot be made", pkg.display()))?;
    if part.snippets.is_dir() {
        copy_folder(&part.snippets, &pkg.join("snippets"))?;
    }
    let mut hashes = format!("build: {}\n", profile.folder());
    let files = [("js", read(&part.js)?), ("wasm", read(&part.wasm)?), ("css", stylesheet.as_bytes().to_vec())];
    for (kind, content) in files {
        let hash = hash(&content);
        write(&pkg.join(format!("app.{hash}.{kind}")), &content)?;
        writeln!(hashes, "{kind}: {hash}")?;
    }
    Ok(hashes)
}

/// What the site is made of: the profile, and of every file its size and when it was written. Reading the files
/// themselves would take longer than everything else of an unchanged build.
fn stamp(profile: Profile, part: &BrowserPart, stylesheet: &str) -> Result<String> {
    let mut files = browser_build::tool_files()?;
    files.extend([part.js.clone(), part.wasm.clone()]);
    files.extend(files_in(&paths::root().join("public"))?);
    let mut stamp = format!("profile {}\nstylesheet {}\n", profile.folder(), hash(stylesheet.as_bytes()));
    for file in files {
        let metadata = fs::metadata(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let written = metadata.modified()?.duration_since(UNIX_EPOCH)?.as_nanos();
        writeln!(stamp, "{} {} {written}", file.display(), metadata.len())?;
    }
    Ok(stamp)
}

/// A name for this content. It need not be the same for ever, nor withstand an attacker: it only has to change when
/// the content does.
fn hash(content: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    format!("{:016x}", hasher.finish())
}

fn minified(stylesheet: &str) -> Result<String> {
    let mut esbuild = browser_build::tool("esbuild");
    esbuild.args(["--minify", "--loader=css", "--log-level=warning"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = esbuild.spawn().context("esbuild cannot be started")?;
    // Taken, so that it is closed when everything has been written: esbuild reads to the end before it answers.
    child.stdin.take().context("esbuild reads its input")?.write_all(stylesheet.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("esbuild could not minify the stylesheet");
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Every file below a folder, sorted; none when the folder is not there.
pub(crate) fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() { files.extend(files_in(&path)?) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for file in files_in(from)? {
        let copy = to.join(file.strip_prefix(from)?);
        fs::create_dir_all(copy.parent().unwrap_or(to))?;
        fs::copy(&file, &copy).with_context(|| format!("{} cannot be copied", file.display()))?;
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
}

fn write(file: &Path, content: &[u8]) -> Result<()> {
    fs::write(file, content).with_context(|| format!("{} cannot be written", file.display()))
}

/// Removes a folder with everything in it, if it is there.
pub(crate) fn remove_folder(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
    }
    Ok(())
}

fn remove_file(file: &Path) -> Result<()> {
    if file.exists() {
        fs::remove_file(file).with_context(|| format!("{} cannot be removed", file.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_what_is_in_them_and_the_hash_file_says_how() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        fs::create_dir_all(source.join("snippets/a")).unwrap();
        let part = BrowserPart {
            js: source.join("app.js"),
            wasm: source.join("app_bg.wasm"),
            snippets: source.join("snippets"),
        };
        for file in [&part.js, &part.wasm, &part.snippets.join("a/inline.js")] {
            fs::write(file, file.display().to_string()).unwrap();
        }
        let site = folder.path().join("site");
        let hashes = fill(&site, &part, "body {}", Profile::Debug).unwrap();
        let (build, kinds) = hashes.split_once('\n').unwrap();
        assert_eq!(build, "build: debug");
        let kinds: Vec<_> = kinds.lines().map(|line| line.split_once(": ").unwrap()).collect();
        assert_eq!(kinds.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), ["js", "wasm", "css"]);
        for (kind, hash) in kinds {
            assert!(site.join(format!("pkg/app.{hash}.{kind}")).is_file(), "{kind}");
        }
        assert!(site.join("pkg/snippets/a/inline.js").is_file());
        assert_ne!(fill(&folder.path().join("other"), &part, "body{}", Profile::Debug).unwrap(), hashes);
    }
}

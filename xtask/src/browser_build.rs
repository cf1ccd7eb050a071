//! The browser part: compiling `frontend` to WebAssembly, making its JavaScript, and shrinking both for release.
use crate::{
    npm,
    paths::{self, Profile},
    progress::{self, BUILD_LIMIT},
    site,
    wasm_target::{Compiler, TARGET},
};
use anyhow::{Context, Result, anyhow};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use wasm_bindgen_cli_support::Bindgen;

/// What the browser loads, still without hashes in the names.
pub(crate) struct BrowserPart {
    /// The module that loads the WebAssembly.
    pub(crate) js: PathBuf,
    /// The WebAssembly.
    pub(crate) wasm: PathBuf,
    /// JavaScript files of the crates, which `js` imports by relative path; a folder that may not exist.
    pub(crate) snippets: PathBuf,
}

impl BrowserPart {
    /// The names that wasm-bindgen gives.
    fn in_folder(folder: &Path) -> Self {
        Self { js: folder.join("app.js"), wasm: folder.join("app_bg.wasm"), snippets: folder.join("snippets") }
    }
}

/// Everything of the browser part lives in a target folder of its own, so that the two cargos do not wait for each
/// other's lock.
fn folder() -> PathBuf {
    paths::target().join("front")
}

/// The build tools from npm, which only a release needs.
fn tools() -> PathBuf {
    paths::root().join("xtask/npm")
}

/// A release-build tool from npm, by its name.
pub(crate) fn tool(name: &str) -> Command {
    npm::program(&tools(), name)
}

/// Builds the browser part, or does nothing when it is up to date.
///
/// # Errors
/// When there is no compiler for WebAssembly, the code does not compile, or a tool fails or is missing.
pub(crate) fn build(profile: Profile) -> Result<BrowserPart> {
    if profile.is_release() {
        npm::packages(&tools(), "the release build")?;
    }
    let compiled = compile(profile)?;
    let finished = folder().join(format!("{}-out", profile.browser()));
    let part = BrowserPart::in_folder(&finished);
    if is_newer_than_all(&part.wasm, &tool_files()?.into_iter().chain([compiled.clone()]).collect::<Vec<_>>()) {
        return Ok(part);
    }
    // Moved to its place when it is whole: what a broken-off build leaves is not taken for a finished part.
    let new = folder().join(format!("{}-new", profile.browser()));
    site::remove_folder(&new)?;
    progress::during("Making the browser part's JavaScript", || bind(&compiled, &new, profile))?;
    if profile.is_release() {
        shrink(&BrowserPart::in_folder(&new))?;
    }
    site::remove_folder(&finished)?;
    fs::rename(&new, &finished).with_context(|| format!("{} cannot be moved to its place", new.display()))?;
    Ok(part)
}

/// What the site is made with: when these change it is made again.
pub(crate) fn tool_files() -> Result<Vec<PathBuf>> {
    let mut files = site::files_in(&paths::root().join("xtask/src"))?;
    files.push(tools().join("package-lock.json"));
    Ok(files)
}

/// Runs cargo; the result is the raw WebAssembly, which is touched only when something changed.
fn compile(profile: Profile) -> Result<PathBuf> {
    let mut cargo = Compiler::find()?.cargo_build(profile);
    cargo.args(["--package", "frontend", "--locked"]);
    cargo.arg("--target-dir").arg(folder());
    progress::run(&format!("Compiling the browser part ({})", profile.folder()), BUILD_LIMIT, &mut cargo)?;
    Ok(folder().join(TARGET).join(profile.browser()).join("frontend.wasm"))
}

fn bind(compiled: &Path, folder: &Path, profile: Profile) -> Result<()> {
    let release = profile.is_release();
    let mut bindgen = Bindgen::new();
    bindgen.web(true)?.input_path(compiled).out_name("app").typescript(false);
    // Leptos' loader passes the path, which has a hash in it.
    bindgen.omit_default_module_path(true);
    bindgen.debug(!release).keep_debug(!release).remove_name_section(release).remove_producers_section(release);
    bindgen.generate(folder).map_err(|error| anyhow!("wasm-bindgen failed: {error:#}"))
}

/// Makes the files small, in place.
fn shrink(part: &BrowserPart) -> Result<()> {
    // No feature flags: with `--all-features` wasm-opt writes encodings that Chromium refuses.
    let mut wasm_opt = tool("wasm-opt");
    wasm_opt.arg("-Oz").arg(&part.wasm).arg("-o").arg(&part.wasm);
    progress::run("Shrinking the WebAssembly", BUILD_LIMIT, &mut wasm_opt)?;
    let mut esbuild = tool("esbuild");
    // Bundled, so that the snippets become part of the one file.
    esbuild.arg(&part.js).args(["--bundle", "--minify", "--format=esm", "--log-level=warning", "--allow-overwrite"]);
    let mut outfile = std::ffi::OsString::from("--outfile=");
    outfile.push(&part.js);
    progress::run("Minifying the JavaScript", BUILD_LIMIT, esbuild.arg(outfile))?;
    site::remove_folder(&part.snippets)
}

/// Whether `file` is there and was written after every one of `sources`.
fn is_newer_than_all(file: &Path, sources: &[PathBuf]) -> bool {
    let written = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let Some(file) = written(file) else { return false };
    sources.iter().all(|source| written(source).is_some_and(|source| source < file))
}

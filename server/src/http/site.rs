//! The built browser files: where they are, and how they are served.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::Response,
};
use leptos::config::{LeptosOptions, get_configuration};
use tower_http::services::ServeDir;

#[cfg(feature = "embed")]
use super::embedded;

/// The folder's part with what was built, and the part of its URL.
pub(super) const PKG: &str = "pkg";

/// Set by cargo-leptos, with others that Leptos reads, for the program that it starts.
const STARTED_BY_CARGO_LEPTOS: &str = "LEPTOS_OUTPUT_NAME";

/// Which build this program is, as `cargo xtask build` writes it into the list of hashes.
const BUILD: &str = if cfg!(debug_assertions) { "debug" } else { "release" };

/// The built browser files.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    options: LeptosOptions,
    /// Whether they are inside the program, and not in a folder.
    embedded: bool,
}

impl Site {
    /// Finds the files in `given`, else where cargo-leptos says if it started the program, else inside the program if it
    /// was built so, else in `./target/site`, else in `../site` beside the program.
    ///
    /// # Errors
    /// If they are not there, or were built for the other build of this program: the page would be shown and then do
    /// nothing. The words say what to do.
    pub(crate) fn find(given: Option<&Path>) -> anyhow::Result<Self> {
        if given.is_none() && env::var_os(STARTED_BY_CARGO_LEPTOS).is_some() {
            return Ok(Self::in_folder(get_configuration(None)?.leptos_options));
        }
        #[cfg(feature = "embed")]
        if given.is_none() {
            let options =
                LeptosOptions::builder().output_name(embedded::OUTPUT_NAME.as_str()).site_pkg_dir(PKG).build();
            return Ok(Self { options, embedded: true });
        }
        let beside = || Some(env::current_exe().ok()?.parent()?.parent()?.join("site"));
        let usual = || [Some(PathBuf::from("target/site")), beside()].into_iter().flatten().find(|dir| dir.is_dir());
        let root = given.map(Path::to_path_buf).or_else(usual).unwrap_or_else(|| "target/site".into());
        let site = Self::built_by_xtask(&root).map_err(|error| {
            anyhow::anyhow!(
                "The built browser files are not in {} ({error}): build them with `cargo xtask build`, or name their \
                 folder with --site",
                root.display()
            )
        })?;
        match site.listed("build") {
            Some(other) if other != BUILD => anyhow::bail!(
                "The browser files in {} are of the {other} build, and this program is the {BUILD} build: they do not \
                 fit together. Build them with `cargo xtask build{}`, or start target/{other}/faultlab",
                root.display(),
                if BUILD == "release" { " --release" } else { "" }
            ),
            _ => Ok(site),
        }
    }

    /// The files in `root`, with the list of their hashes beside it: that must not be served.
    fn built_by_xtask(root: &Path) -> io::Result<Self> {
        let root = fs::canonicalize(root)?;
        let hashes = root.with_file_name("hash.txt");
        fs::metadata(root.join(PKG))?;
        fs::metadata(&hashes)?;
        let options = LeptosOptions::builder()
            .output_name("app")
            .site_root(root.to_string_lossy().into_owned())
            .site_pkg_dir(PKG)
            .hash_files(true)
            .hash_file(Arc::<str>::from(hashes.to_string_lossy()))
            .build();
        Ok(Self::in_folder(options))
    }

    const fn in_folder(options: LeptosOptions) -> Self {
        Self { options, embedded: false }
    }

    /// What the list of hashes says under this name. A name without a folder is a file beside the program, as it is for
    /// Leptos.
    fn listed(&self, name: &str) -> Option<String> {
        let list = env::current_exe().ok()?.parent()?.join(&*self.options.hash_file);
        let list = fs::read_to_string(list).ok()?;
        let (_, value) = list.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim() == name)?;
        Some(value.trim().to_owned())
    }

    /// How Leptos finds the files.
    pub(crate) fn leptos_options(&self) -> LeptosOptions {
        self.options.clone()
    }

    /// The stylesheet's URL, for the pages that Leptos' router does not make.
    pub(crate) fn stylesheet(&self) -> Option<String> {
        if !self.options.hash_files {
            return Some(self.options.css_path());
        }
        Some(format!("/{PKG}/app.{}.css", self.listed("css")?))
    }

    /// The stylesheet itself.
    pub(crate) fn style(&self) -> Option<String> {
        #[cfg(feature = "embed")]
        if self.embedded {
            return embedded::text(&self.stylesheet()?);
        }
        let root = Path::new(&*self.options.site_root);
        fs::read_to_string(root.join(self.stylesheet()?.trim_start_matches('/'))).ok()
    }

    /// The files as a service, with `otherwise` for every path that is no file.
    pub(crate) fn files(&self, otherwise: Router) -> Router {
        let has_hash = self.options.hash_files || self.embedded;
        #[cfg(feature = "embed")]
        if self.embedded {
            return embedded::files(otherwise).layer(middleware::from_fn_with_state(has_hash, cache));
        }
        let files = ServeDir::new(&*self.options.site_root)
            .precompressed_br()
            .precompressed_gzip()
            .append_index_html_on_directories(false)
            .call_fallback_on_method_not_allowed(true)
            .fallback(otherwise);
        Router::new().fallback_service(files).layer(middleware::from_fn_with_state(has_hash, cache))
    }
}

/// A name with a content hash never changes its content; everything else is asked for again.
async fn cache(State(has_hash): State<bool>, request: Request, next: Next) -> Response {
    let hashed = has_hash && request.uri().path().starts_with(&format!("/{PKG}/"));
    let mut response = next.run(request).await;
    let served = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let cache = if hashed && served { "public, max-age=31536000, immutable" } else { "no-cache" };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    // The same URL answers with brotli, gzip or plain bytes.
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(list: &str) -> (tempfile::TempDir, anyhow::Result<Site>) {
        let folder = tempfile::TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join("site/pkg")).unwrap();
        fs::write(folder.path().join("hash.txt"), list).unwrap();
        let site = Site::find(Some(&folder.path().join("site")));
        (folder, site)
    }

    #[test]
    fn files_of_the_other_build_are_refused_with_what_to_do() {
        let other = if BUILD == "debug" { "release" } else { "debug" };
        let (_folder, refused) = site(&format!("build: {other}\njs: j\ncss: c\n"));
        let words = refused.unwrap_err().to_string();
        assert!(words.contains(&format!("of the {other} build, and this program is the {BUILD} build")), "{words}");
        assert!(words.contains(&format!("start target/{other}/faultlab")), "{words}");
    }

    #[test]
    fn files_of_this_build_are_taken_and_so_are_those_that_do_not_say() {
        for list in [format!("build: {BUILD}\ncss: c\n"), "css: c\n".to_owned()] {
            let (_folder, site) = site(&list);
            assert_eq!(site.unwrap().stylesheet().as_deref(), Some("/pkg/app.c.css"));
        }
    }
}

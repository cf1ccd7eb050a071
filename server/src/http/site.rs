//! The built browser files: where they are, and how they are served.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::Response,
};
use leptos::config::LeptosOptions;
use tower_http::services::ServeDir;

/// The folder's part with the content-hashed files, and the part of their URL.
const PKG: &str = "pkg";

/// The built browser files.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    root: PathBuf,
    /// The list of content hashes, beside the folder: it must not be served.
    hashes: PathBuf,
}

impl Site {
    /// Finds the files in `given`, else in `./target/site`, else in `../site` beside the program.
    ///
    /// # Errors
    /// If they are not there; the words say what to do.
    pub(crate) fn find(given: Option<&Path>) -> anyhow::Result<Self> {
        let beside = || Some(env::current_exe().ok()?.parent()?.parent()?.join("site"));
        let usual = || [Some(PathBuf::from("target/site")), beside()].into_iter().flatten().find(|dir| dir.is_dir());
        let root = given.map(Path::to_path_buf).or_else(usual).unwrap_or_else(|| "target/site".into());
        let found = (|| -> io::Result<Self> {
            let root = fs::canonicalize(&root)?;
            let hashes = root.with_file_name("hash.txt");
            fs::metadata(root.join(PKG))?;
            fs::metadata(&hashes)?;
            Ok(Self { root, hashes })
        })();
        found.map_err(|error| {
            anyhow::anyhow!(
                "The built browser files are not in {} ({error}): build them with `cargo xtask build`, or name their \
                 folder with --site",
                root.display()
            )
        })
    }

    /// How Leptos finds the files.
    pub(crate) fn leptos_options(&self) -> LeptosOptions {
        LeptosOptions::builder()
            .output_name("app")
            .site_root(self.root.to_string_lossy().into_owned())
            .site_pkg_dir(PKG)
            .hash_files(true)
            .hash_file(Arc::<str>::from(self.hashes.to_string_lossy()))
            .build()
    }

    /// The stylesheet's URL, for the one page that Leptos' router does not make.
    pub(crate) fn stylesheet(&self) -> Option<String> {
        let hashes = fs::read_to_string(&self.hashes).ok()?;
        let hash = hashes.lines().find_map(|line| line.trim().strip_prefix("css:"))?.trim().to_owned();
        Some(format!("/{PKG}/app.{hash}.css"))
    }

    /// The files as a service, with `otherwise` for every path that is no file.
    pub(crate) fn files(&self, otherwise: Router) -> Router {
        let files = ServeDir::new(&self.root)
            .precompressed_br()
            .precompressed_gzip()
            .append_index_html_on_directories(false)
            .call_fallback_on_method_not_allowed(true)
            .fallback(otherwise);
        Router::new().fallback_service(files).layer(middleware::from_fn(cache))
    }
}

/// A name with a content hash never changes its content; everything else is asked for again.
async fn cache(request: Request, next: Next) -> Response {
    let hashed = request.uri().path().starts_with(&format!("/{PKG}/"));
    let mut response = next.run(request).await;
    let served = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let cache = if hashed && served { "public, max-age=31536000, immutable" } else { "no-cache" };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    // The same URL answers with brotli, gzip or plain bytes.
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

//! The pages, the server functions behind them, and the plain form that needs no backend.

use app::{App, backend::SharedBackend, shell};
use axum::{
    Form, Router,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{any, post},
};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list, render_app_async_with_context};
use serde::Deserialize;

use super::site::Site;

/// How long a browser remembers the theme: a year, in seconds.
const THEME_MAX_AGE: u32 = 31_536_000;

pub(crate) fn router(site: &Site, backend: SharedBackend) -> Router {
    let options = site.leptos_options();
    let context = move || {
        provide_context(backend.clone());
        secure();
    };
    let page = {
        let options = options.clone();
        move || shell(options.clone())
    };
    let not_found = render_app_async_with_context(context.clone(), page.clone());
    let not_found = Router::new().fallback(any(not_found)).layer(middleware::from_fn(never_ok));
    Router::new()
        .leptos_routes_with_context(&options, generate_route_list(App), context, page)
        .with_state(options)
        .route("/theme", post(set_theme))
        .fallback_service(site.files(not_found))
}

/// Lets the page run our own files and Leptos' own scripts, which carry a nonce, and nothing else.
fn secure() {
    let (Some(response), Some(nonce)) = (use_context::<ResponseOptions>(), use_nonce()) else { return };
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.insert_header(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}

/// A path that is neither a file nor a page is a 404, whatever its page was rendered with.
async fn never_ok(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.status().is_success() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

/// The theme in the reader's cookie, as it stands there.
pub(super) fn chosen_theme(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
    let mut pairs = cookies.flat_map(|cookie| cookie.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == "theme").map(|(_, theme)| theme)
}

/// The theme that somebody chose.
#[derive(Deserialize)]
struct ThemeForm {
    theme: Theme,
}

/// Light or dark.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Theme {
    Light,
    Dark,
}

/// `POST /theme`: remembers the theme in a cookie, so that the first paint is right, and goes back to the page.
async fn set_theme(headers: HeaderMap, Form(form): Form<ThemeForm>) -> Response {
    let theme = match form.theme {
        Theme::Light => "light",
        Theme::Dark => "dark",
    };
    let cookie = format!("theme={theme}; Path=/; Max-Age={THEME_MAX_AGE}; SameSite=Lax");
    let from = headers.get(header::REFERER).and_then(|page| page.to_str().ok()?.parse::<Uri>().ok());
    // Only the path: a referrer must not send anybody to another site.
    let back = from.as_ref().and_then(|page| page.path_and_query()).map_or("/", |path| path.as_str());
    let back = if back.starts_with("//") { "/" } else { back };
    ([(header::SET_COOKIE, cookie)], Redirect::to(back)).into_response()
}

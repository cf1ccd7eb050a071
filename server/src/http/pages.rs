//! The pages, and the server functions behind them.

use std::env;

use app::{App, backend::SharedBackend, functions::theme::Theme, shell};
use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::Response,
    routing::any,
};
use axum_extra::extract::cookie::CookieJar;
use leptos::{config::LeptosOptions, nonce::use_nonce, prelude::*};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list, render_app_async_with_context};

use super::{
    room::{self, Room},
    site::Site,
};

pub(super) fn router(site: &Site, backend: SharedBackend, room: Room) -> Router {
    let options = site.leptos_options();
    let reload = reload_address(&options);
    let context = move || {
        provide_context(backend.clone());
        secure(&reload);
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
        // Files are read piece by piece.
        .route_layer(middleware::from_fn_with_state(room, room::within))
        .fallback_service(site.files(not_found))
}

/// Where a page that `cargo leptos watch` serves hears of changes, as a source of the policy; nothing otherwise.
fn reload_address(options: &LeptosOptions) -> String {
    if env::var_os("LEPTOS_WATCH").is_none() {
        return String::new();
    }
    let port = options.reload_external_port.unwrap_or(options.reload_port);
    format!(" ws://localhost:{port} ws://127.0.0.1:{port}")
}

/// Lets the page run our own files and Leptos' own scripts, which carry a nonce, and nothing else.
fn secure(reload: &str) {
    let (Some(response), Some(nonce)) = (use_context::<ResponseOptions>(), use_nonce()) else { return };
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
         connect-src 'self'{reload}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
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

/// The theme in the reader's cookie.
pub(super) fn chosen_theme(headers: &HeaderMap) -> Option<Theme> {
    Theme::named(CookieJar::from_headers(headers).get(Theme::COOKIE)?.value())
}

//! How the answer of a server function goes back.

use http::{
    StatusCode, Uri,
    header::{ACCEPT, REFERER},
    request::Parts,
};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use model::error::LabError;

/// Sets the response's status to the error's. A plain form post keeps its redirect: the page shows the error.
pub(crate) fn set_status(error: &LabError) {
    if let Some(response) = use_context::<ResponseOptions>().filter(|_| !wants_page()) {
        let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.set_status(status);
    }
}

/// Whether the request is a plain form's, whose answer is a page.
pub(crate) fn wants_page() -> bool {
    use_context::<Parts>().is_some_and(|request| {
        let accept = request.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
        accept.is_some_and(|accept| accept.contains("text/html"))
    })
}

/// Sends the reader back to the page that the request came from. Only to its path: a referrer must not send anybody to
/// another site.
pub(crate) fn go_back() {
    let from = use_context::<Parts>().and_then(|request| {
        let page = request.headers.get(REFERER)?.to_str().ok()?;
        page.parse::<Uri>().ok()
    });
    let path = from.as_ref().and_then(|page| page.path_and_query()).map_or("/", |path| path.as_str());
    leptos_axum::redirect(if path.starts_with("//") { "/" } else { path });
}

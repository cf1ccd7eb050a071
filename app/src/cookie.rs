//! The cookies of a request.

use axum_extra::extract::CookieJar;
use http::request::Parts;
use leptos::prelude::*;

/// The value of a cookie of the reader's.
pub(crate) fn cookie(name: &str) -> Option<String> {
    let parts = use_context::<Parts>()?;
    CookieJar::from_headers(&parts.headers).get(name).map(|cookie| cookie.value().to_owned())
}

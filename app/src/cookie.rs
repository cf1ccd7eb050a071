//! What the reader's browser keeps for the server, in cookies.

#[cfg(feature = "ssr")]
use axum_extra::extract::CookieJar;
#[cfg(feature = "ssr")]
use http::{HeaderValue, header::SET_COOKIE, request::Parts};
#[cfg(feature = "ssr")]
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use leptos_axum::ResponseOptions;

/// The line that has a browser keep a value for a year.
pub(crate) fn line(name: &str, value: &str) -> String {
    format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax")
}

/// The value that came with the request.
#[cfg(feature = "ssr")]
pub(crate) fn cookie(name: &str) -> Option<String> {
    let parts = use_context::<Parts>()?;
    CookieJar::from_headers(&parts.headers).get(name).map(|cookie| cookie.value().to_owned())
}

/// Has the browser keep a value, with the answer to its request.
#[cfg(feature = "ssr")]
pub(crate) fn set(name: &str, value: &str) {
    if let Some((response, line)) = use_context::<ResponseOptions>().zip(HeaderValue::from_str(&line(name, value)).ok())
    {
        response.append_header(SET_COOKIE, line);
    }
}

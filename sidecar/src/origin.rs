//! What a request over HTTP tells of where it comes from. The programs that embed the sidecar guard their own listeners by
//! the same marks.

use std::net::IpAddr;

use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderMap, HeaderName};

/// The host of a `Host` header or an authority, without its port.
pub fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether a host is `localhost` or a plain address, whichever: what no foreign DNS can point here.
pub fn needs_no_dns(host: &str) -> bool {
    is_localhost_or(host, |_| true)
}

/// Whether a host is this machine's own: `localhost`, or a loopback address.
pub fn is_loopback(host: &str) -> bool {
    is_localhost_or(host, |address| address.is_loopback())
}

fn is_localhost_or(host: &str, address_is: impl FnOnce(IpAddr) -> bool) -> bool {
    let name = without_port(host).to_ascii_lowercase();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.ends_with(".localhost") || address.parse().is_ok_and(address_is)
}

/// Whether a browser seems to ask for a picture, a script or the like in a page, going by a request that has no `Referer`.
/// To an address that is not this machine's own browsers send no `Sec-Fetch-Site` over plain HTTP, and no `Origin` with a
/// picture.
pub fn looks_like_part_of_a_page(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let browser = text(USER_AGENT).is_some_and(|agent| agent.starts_with("Mozilla/"));
    text(ACCEPT).is_some_and(|accept| {
        ["image/", "text/css", "audio/", "video/"].iter().any(|part| accept.starts_with(part))
            || browser && !accept.starts_with("text/html")
    })
}

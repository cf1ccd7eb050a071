//! Who may come in, on both listeners: by a host name that is ours (against DNS rebinding), and from no other site's page.
//! A browser lets any page send requests to a port of this machine; programs name their host and send neither `Origin` nor
//! `Sec-Fetch-Site`.

use std::sync::Arc;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
};
use sidecar::origin::{is_loopback, looks_like_part_of_a_page, needs_no_dns, without_port};

/// The names under which people may open the lab, and a sidecar reach it, beside `localhost` and plain addresses.
#[derive(Clone, Debug, Default)]
pub(crate) struct AllowedHosts(Arc<[String]>);

/// Why a request may not come in.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Foreign {
    /// It names no host.
    #[error("The request has no Host header")]
    NoHost,
    /// Its host is not ours.
    #[error("This lab is not {0:?}. Open it by its address, or start it with --allow-host {0} if the name is meant")]
    Host(String),
    /// A page of another site sends it.
    #[error("This request comes from another site's page, and only the lab's own pages may ask the lab")]
    Site,
}

impl AllowedHosts {
    pub(crate) fn new(names: &[String]) -> Self {
        Self(names.iter().map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()).collect())
    }

    /// Whether `host`, as a `Host` header gives it, is ours. A plain address is: rebinding needs a name.
    fn allows(&self, host: &str) -> bool {
        needs_no_dns(host) || self.0.contains(&without_port(host).to_ascii_lowercase())
    }

    /// Looks at where a request comes from; `from_any_page` says that a page of any site may send it.
    ///
    /// # Errors
    /// Why it may not come in.
    pub(crate) fn check(&self, request: &Request, from_any_page: bool) -> Result<(), Foreign> {
        let host = host(request).ok_or(Foreign::NoHost)?;
        if !self.allows(host) {
            return Err(Foreign::Host(without_port(host).to_owned()));
        }
        if from_any_page || same_site(request.headers(), host) { Ok(()) } else { Err(Foreign::Site) }
    }
}

fn host(request: &Request) -> Option<&str> {
    let header = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| request.uri().authority().map(|authority| authority.as_str()))
}

/// Whether the browser says that this request comes from one of our own pages, or no browser speaks at all.
///
/// `Sec-Fetch-Site` is what browsers send that have it (Fetch Metadata, W3C); the others are judged by `Origin`. To an
/// address that is not this machine's own they send the first never, over plain HTTP, and the second not with an image: so
/// the rest is judged by what it looks like.
fn same_site(headers: &HeaderMap, host: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    match headers.get(header::ORIGIN) {
        Some(origin) => authority(origin).is_some_and(|authority| authority.eq_ignore_ascii_case(host)),
        None => is_loopback(host) || !is_part_of_a_foreign_page(headers, host),
    }
}

/// The host and port of an origin or an address.
fn authority(url: &HeaderValue) -> Option<&str> {
    url.to_str().ok()?.split_once("://")?.1.split(['/', '?', '#']).next()
}

/// Whether a browser seems to ask for a picture, a script or the like in a page that is not ours, or does not say which
/// it is. Our own pages say it.
fn is_part_of_a_foreign_page(headers: &HeaderMap, host: &str) -> bool {
    if let Some(referer) = headers.get(header::REFERER) {
        return !authority(referer).is_some_and(|authority| authority.eq_ignore_ascii_case(host));
    }
    looks_like_part_of_a_page(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allows_addresses_localhost_and_the_names_it_was_given() {
        let allowed = AllowedHosts::new(&["Lab.example".into()]);
        for ours in ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "192.168.1.7", "lab.example:80"] {
            assert!(allowed.allows(ours), "{ours}");
        }
        for foreign in ["evil.example", "localhost.evil.example:8000", "lab.example.evil", "127.0.0.1.evil", ""] {
            assert!(!allowed.allows(foreign), "{foreign}");
        }
    }

    #[test]
    fn takes_changes_from_our_own_pages_and_from_programs_only() {
        let judge = |pairs: &[(&'static str, &str)]| {
            let headers = pairs.iter().map(|(name, value)| {
                (header::HeaderName::from_static(name), header::HeaderValue::from_str(value).unwrap())
            });
            same_site(&headers.collect(), "localhost:8000")
        };
        assert!(judge(&[]));
        assert!(judge(&[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:8000")]));
        assert!(judge(&[("origin", "http://localhost:8000")]));
        assert!(!judge(&[("sec-fetch-site", "cross-site")]));
        assert!(!judge(&[("sec-fetch-site", "same-site")]));
        assert!(!judge(&[("origin", "http://evil.example")]));
        assert!(!judge(&[("origin", "http://localhost:9000")]));
        assert!(!judge(&[("origin", "null")]));
    }

    #[test]
    fn what_looks_like_a_part_of_a_foreign_page_is_judged_where_browsers_say_no_more() {
        let judge = |host: &str, pairs: &[(&'static str, &'static str)]| {
            let headers = pairs
                .iter()
                .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)));
            same_site(&headers.collect(), host)
        };
        let browser = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0");
        let lan = "192.168.1.7:8000";
        let (image, page) = (("accept", "image/avif,image/webp,*/*;q=0.8"), ("accept", "text/html,*/*;q=0.8"));
        let script = ("accept", "*/*");
        for foreign in [
            &[image][..],
            &[image, browser],
            &[script, browser],
            &[page, browser, ("referer", "http://evil.example/page")],
            &[script, ("referer", "http://192.168.1.7:9000/")],
            &[script, ("referer", "no address")],
        ] {
            assert!(!judge(lan, foreign), "{foreign:?}");
            assert!(
                judge("localhost:8000", foreign) && judge("[::1]:8000", foreign),
                "it says more there: {foreign:?}"
            );
        }
        for ours in [
            &[][..],
            &[script],
            &[browser],
            &[page, browser],
            &[image, browser, ("referer", "http://192.168.1.7:8000/lab?x=1")],
            &[("accept", "text/event-stream"), browser, ("referer", "http://192.168.1.7:8000")],
        ] {
            assert!(judge(lan, ours), "{ours:?}");
        }
    }
}

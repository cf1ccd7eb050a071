//! Which web pages may call the HTTP API: none, unless they are named.
//!
//! A browser lets any page send requests to a port of this machine, and a name that an attacker's DNS points here
//! (rebinding) lets it read the answers. Programs send neither `Origin` nor `Sec-Fetch-Site`, and a host that is ours.
//! (daprd is open to all of it.)

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use http::header::{HOST, ORIGIN, REFERER};
use http::{HeaderMap, HeaderValue};
use tower::util::option_layer;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::error::ApiError;
use crate::origin::{is_loopback, looks_like_part_of_a_page, needs_no_dns, without_port};

/// The origins that were named: `*`, or `scheme://host[:port]`.
#[derive(Debug, Clone)]
struct Origins(Arc<[String]>);

impl Origins {
    fn new(origins: &[String]) -> Self {
        let origins = origins.iter().map(|origin| origin.trim().trim_end_matches('/').to_ascii_lowercase());
        Self(origins.filter(|origin| !origin.is_empty()).collect())
    }

    /// What tells browsers that the pages of these origins may read the answers.
    fn cors(&self) -> Option<CorsLayer> {
        if self.0.is_empty() {
            return None;
        }
        let allowed = self.clone();
        let origins = AllowOrigin::predicate(move |origin, _| origin.to_str().is_ok_and(|text| allowed.has(text)));
        Some(CorsLayer::new().allow_origin(origins).allow_methods(Any).allow_headers(Any).expose_headers(Any))
    }

    fn any(&self) -> bool {
        self.0.iter().any(|origin| origin == "*")
    }

    fn has(&self, origin: &str) -> bool {
        self.any() || self.0.contains(&origin.to_ascii_lowercase())
    }

    /// Whether a `Host` is ours. A plain address is: rebinding needs a name. So is that of an origin that was named.
    fn is_ours(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        needs_no_dns(host)
            || self.any()
            || self.0.iter().any(|origin| origin.split_once("://").is_some_and(|(_, rest)| without_port(rest) == name))
    }

    /// # Errors
    /// What is foreign about a request.
    fn check(&self, authority: Option<&str>, headers: &HeaderMap) -> Result<(), ApiError> {
        let mut hosts: Vec<&str> = authority.into_iter().collect();
        for host in headers.get_all(HOST) {
            hosts.push(host.to_str().map_err(|_| ApiError::bad_request("the Host header is no host"))?);
        }
        let Some(host) = hosts.first() else {
            return Err(ApiError::bad_request("the request has no Host header"));
        };
        if let Some(foreign) = hosts.iter().find(|host| !self.is_ours(host)) {
            return Err(ApiError::foreign(format!("the host {:?}", without_port(foreign))));
        }
        let (mut named, mut says_where) = (false, false);
        for origin in headers.get_all(ORIGIN) {
            let origin = origin.to_str().unwrap_or("?");
            let own = origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host));
            if !own && !self.has(origin) {
                return Err(ApiError::foreign(format!("a page of {origin:?}")));
            }
            named |= self.has(origin);
            says_where = true;
        }
        let elsewhere = |site: &HeaderValue| site != "same-origin" && site != "none";
        if !named && !self.any() && headers.get_all("sec-fetch-site").iter().any(elsewhere) {
            return Err(ApiError::foreign("another site's page"));
        }
        says_where |= headers.contains_key("sec-fetch-site");
        if !says_where && !self.any() && !is_loopback(host) && self.is_part_of_a_page(headers, host) {
            return Err(ApiError::foreign("what looks like a part of another site's page"));
        }
        Ok(())
    }

    /// Whether a browser seems to ask for a picture, a script or the like in a page that was not named.
    fn is_part_of_a_page(&self, headers: &HeaderMap, host: &str) -> bool {
        if let Some(page) = headers.get(REFERER) {
            let page = page.to_str().ok().and_then(|page| page.split_once("://"));
            return page.is_none_or(|(scheme, rest)| {
                let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
                !authority.eq_ignore_ascii_case(host) && !self.has(&format!("{scheme}://{authority}"))
            });
        }
        looks_like_part_of_a_page(headers)
    }
}

/// Routes that programs may call, and web pages if they are named.
pub(crate) fn guarded<S: Clone + Send + Sync + 'static>(routes: Router<S>, allowed_origins: &[String]) -> Router<S> {
    let origins = Origins::new(allowed_origins);
    routes.layer(option_layer(origins.cors())).layer(middleware::from_fn_with_state(origins, guard))
}

/// Lets a request through that a program sends, or a page that may.
async fn guard(State(origins): State<Origins>, request: Request, next: Next) -> Response {
    let authority = request.uri().authority().map(|authority| authority.as_str());
    match origins.check(authority, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, StatusCode};

    use super::*;

    fn check(origins: &[&str], headers: &[(&'static str, &str)]) -> Result<(), StatusCode> {
        let origins: Vec<String> = origins.iter().map(|&origin| origin.to_owned()).collect();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), value.parse().expect("a value"));
        }
        Origins::new(&origins).check(None, &map).map_err(|error| error.status)
    }

    #[test]
    fn programs_and_plain_addresses_come_in_and_pages_and_foreign_names_do_not() {
        for host in ["localhost", "localhost:3500", "127.0.0.1:3500", "[::1]:3500", "a.localhost", "192.168.1.7"] {
            assert_eq!(check(&[], &[("host", host)]), Ok(()), "{host}");
        }
        let local = ("host", "localhost:3500");
        for ours in [("sec-fetch-site", "none"), ("sec-fetch-site", "same-origin"), ("origin", "http://localhost:3500")]
        {
            assert_eq!(check(&[], &[local, ours]), Ok(()), "{ours:?}");
        }
        for foreign in [
            ("host", "evil.example"),
            ("host", "127.0.0.1.evil.example:3500"),
            ("origin", "https://evil.example"),
            ("origin", "http://localhost:8000"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert_eq!(check(&[], &[local, foreign]), Err(StatusCode::FORBIDDEN), "{foreign:?}");
        }
        assert_eq!(check(&[], &[]), Err(StatusCode::BAD_REQUEST));
    }

    #[test]
    fn what_looks_like_a_part_of_a_page_is_refused_where_browsers_say_no_more() {
        let browser = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0");
        let (lan, local) = (("host", "192.168.1.7:3500"), ("host", "127.0.0.1:3500"));
        let (image, script) = (("accept", "image/avif,image/webp,*/*;q=0.8"), ("accept", "*/*"));
        for foreign in [
            &[image][..],
            &[script, browser],
            &[script, ("referer", "http://evil.example/page")],
            &[script, ("referer", "http://192.168.1.7:9000/")],
        ] {
            assert_eq!(check(&[], &[&[lan], foreign].concat()), Err(StatusCode::FORBIDDEN), "{foreign:?}");
            assert_eq!(check(&[], &[&[local], foreign].concat()), Ok(()), "it says more there: {foreign:?}");
            assert_eq!(check(&["*"], &[&[lan], foreign].concat()), Ok(()));
        }
        for ours in [
            &[][..],
            &[script],
            &[browser],
            &[browser, ("accept", "text/html,*/*;q=0.8")],
            &[browser, image, ("referer", "http://192.168.1.7:3500/x")],
        ] {
            assert_eq!(check(&[], &[&[lan], ours].concat()), Ok(()), "{ours:?}");
        }
        let named = [lan, browser, image, ("referer", "https://app.example/page")];
        assert_eq!(check(&["https://app.example"], &named), Ok(()));
    }

    #[test]
    fn a_page_that_was_named_comes_in_by_its_host_and_others_do_not() {
        let named = ["https://app.example/", "http://host.docker.internal:3500"];
        let page = [("host", "localhost"), ("origin", "https://App.example"), ("sec-fetch-site", "cross-site")];
        assert_eq!(check(&named, &page), Ok(()));
        assert_eq!(check(&named, &[("host", "host.docker.internal:3501")]), Ok(()));
        assert_eq!(check(&["*"], &[("host", "any.example"), ("sec-fetch-site", "cross-site")]), Ok(()));
        let other = [("host", "localhost"), ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
        assert_eq!(check(&named, &other), Err(StatusCode::FORBIDDEN));
        assert_eq!(check(&named, &[("host", "evil.example")]), Err(StatusCode::FORBIDDEN));
    }
}

//! Paths with more slashes than they need: clients put a base address and a path together as they like.

use axum::extract::Request;
use http::uri::{PathAndQuery, Uri};

/// Takes slashes in a row for one and leaves one at the end out, as daprd does.
pub(super) fn clean(mut request: Request) -> Request {
    let uri = request.uri();
    let path = uri.path();
    if path.len() > 1 && (path.contains("//") || path.ends_with('/')) {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let cleaned = format!("/{}{query}", segments.join("/"));
        let mut parts = uri.clone().into_parts();
        if let Ok(cleaned) = PathAndQuery::try_from(cleaned) {
            parts.path_and_query = Some(cleaned);
            if let Ok(uri) = Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_the_same_with_more_slashes_and_keeps_its_query() {
        for (given, cleaned) in [
            ("/", "/"),
            ("//v1.0///metadata//", "/v1.0/metadata"),
            ("/v1.0/a%2F%2Fb/?x=//&y=/", "/v1.0/a%2F%2Fb?x=//&y=/"),
            ("http://localhost//v1.0/", "http://localhost/v1.0"),
        ] {
            let request = http::Request::builder().uri(given).body(axum::body::Body::empty()).expect("a request");
            assert_eq!(clean(request).uri().to_string(), cleaned, "{given}");
        }
    }
}

//! The built browser files inside the program, as a release has them: nothing has to lie beside it.

use std::{borrow::Cow, fmt::Write as _, sync::LazyLock};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};
use tower::ServiceExt;

use super::site::PKG;

#[derive(RustEmbed)]
#[folder = "../target/site"]
struct Files;

/// The list of their hashes, as `cargo xtask build` writes it.
pub(super) const HASHES: &str = include_str!("../../../target/hash.txt");

/// The name that Leptos gives to the script, the module and the stylesheet. It reads a list of hashes from a file alone,
/// which there is none of here: so the three share one hash, of that list.
pub(super) static OUTPUT_NAME: LazyLock<String> = LazyLock::new(|| format!("app.{}", hex(&Sha256::digest(HASHES))));

/// The encodings that there are of most files, the smallest first, with the endings of their names.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// The files as a service, with `otherwise` for every path that is no file.
pub(super) fn files(otherwise: Router) -> Router {
    Router::new().fallback(file).with_state(otherwise)
}

/// A file's text.
pub(super) fn text(path: &str) -> Option<String> {
    String::from_utf8(Files::get(&stored(path))?.data.into_owned()).ok()
}

async fn file(State(otherwise): State<Router>, request: Request) -> Response {
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    match looks.then(|| answer(request.uri().path(), request.headers())).flatten() {
        Some(response) => response,
        None => otherwise.oneshot(request).await.unwrap_or_else(|never| match never {}),
    }
}

/// The file at this path, in the encoding that its reader likes best; `None` if there is none.
fn answer(path: &str, headers: &HeaderMap) -> Option<Response> {
    let name = stored(path);
    let plain = Files::get(&name)?;
    let mime = HeaderValue::from_str(plain.metadata.mimetype()).ok()?;
    let encoded = ENCODINGS.iter().filter(|(encoding, _)| accepts(headers, encoding));
    let mut encoded =
        encoded.filter_map(|(encoding, ending)| Some((Some(*encoding), Files::get(&format!("{name}{ending}"))?)));
    let (encoding, file) = encoded.next().unwrap_or((None, plain));
    let tag = format!("\"{}\"", hex(&file.metadata.sha256_hash()));
    let mut response = if knows(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Body::from(bytes(file)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, mime);
        if let Some(encoding) = encoding {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    };
    response.headers_mut().insert(header::ETAG, HeaderValue::from_str(&tag).ok()?);
    Some(response)
}

fn bytes(file: EmbeddedFile) -> Bytes {
    match file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => data.into(),
    }
}

/// The name under which a path's file is kept.
fn stored(path: &str) -> Cow<'_, str> {
    let name = path.trim_start_matches('/');
    let of_leptos = name.strip_prefix(PKG).and_then(|name| name.strip_prefix('/')?.strip_prefix(OUTPUT_NAME.as_str()));
    match of_leptos.and_then(|ending| ending.rsplit_once('.')).and_then(|(_, kind)| Some((kind, listed(kind)?))) {
        Some((kind, hash)) => format!("{PKG}/app.{hash}.{kind}").into(),
        None => name.into(),
    }
}

fn listed(kind: &str) -> Option<&'static str> {
    HASHES.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(':')).map(str::trim)
}

/// Whether the reader takes this encoding (RFC 9110, section 12.5.3).
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let said = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut said = said.flat_map(|value| value.split(',')).map(|word| word.split(';').map(str::trim));
    said.any(|mut word| {
        word.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding))
            && !word.any(|part| part.strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0_f32)))
    })
}

/// Whether the reader has it already (RFC 9110, section 13.1.2).
fn knows(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

/// Half of a hash, which is more than enough for a name.
fn hex(hash: &[u8]) -> String {
    hash.iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(path: &str, headers: &[(header::HeaderName, &str)]) -> Option<Response> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()));
        answer(path, &headers.collect())
    }

    #[tokio::test]
    async fn what_leptos_asks_for_is_there_and_is_known_again_by_its_hash() {
        for (ending, mime) in [(".js", "text/javascript"), ("_bg.wasm", "application/wasm"), (".css", "text/css")] {
            let path = format!("/pkg/{}{ending}", *OUTPUT_NAME);
            let response = ask(&path, &[]).expect(&path);
            assert_eq!(
                (response.status(), &response.headers()[header::CONTENT_TYPE]),
                (StatusCode::OK, &HeaderValue::from_static(mime))
            );
            let tag = response.headers()[header::ETAG].to_str().unwrap().to_owned();
            let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            assert_eq!(tag, format!("\"{}\"", hex(&Sha256::digest(&body))));
            let again = ask(&path, &[(header::IF_NONE_MATCH, &format!("\"x\", W/{tag}"))]).unwrap();
            assert_eq!(
                (again.status(), again.headers()[header::ETAG].to_str().unwrap()),
                (StatusCode::NOT_MODIFIED, tag.as_str())
            );
        }
        for nothing in ["/pkg/app.js", "/pkg/../hash.txt", "/", "/hash.txt", "/pkg", "/pkg/"] {
            assert!(ask(nothing, &[]).is_none(), "{nothing}");
        }
    }

    #[test]
    fn the_smallest_encoding_that_the_reader_takes_is_sent() {
        for (accepted, sent) in [
            ("gzip, deflate, br, zstd", Some("br")),
            ("GZIP;q=0.5", Some("gzip")),
            ("br;q=0, gzip", Some("gzip")),
            ("identity", None),
            ("", None),
        ] {
            let response = ask("/favicon.svg", &[(header::ACCEPT_ENCODING, accepted)]).unwrap();
            let encoding = response.headers().get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap());
            let there = sent.filter(|sent| {
                ENCODINGS
                    .iter()
                    .any(|(name, ending)| name == sent && Files::get(&format!("favicon.svg{ending}")).is_some())
            });
            assert_eq!(encoding, there, "{accepted}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "image/svg+xml");
        }
    }
}

//! The content type of an answer that the app gave none. daprd's HTTP server then looks at how the body begins, as Go's
//! `http.DetectContentType` does and the [MIME Sniffing standard](https://mimesniff.spec.whatwg.org) says.

use axum::body::Bytes;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_TYPE, HeaderValue};

use crate::app_channel::AppReply;

/// No more of a body is looked at, in bytes.
const LOOKED_AT: usize = 512;

/// Tags that a page of HTML begins with, in small letters; a space or `>` follows.
const HTML: [&[u8]; 17] = [
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<script",
    b"<iframe",
    b"<h1",
    b"<div",
    b"<font",
    b"<table",
    b"<a",
    b"<style",
    b"<title",
    b"<b",
    b"<body",
    b"<br",
    b"<p",
    b"<!--",
];

/// How files of other kinds begin.
const SIGNATURES: [(&[u8], &str); 12] = [
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"\xfe\xff", "text/plain; charset=utf-16be"),
    (b"\xff\xfe", "text/plain; charset=utf-16le"),
    (b"\xef\xbb\xbf", "text/plain; charset=utf-8"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b\x08", "application/x-gzip"),
    (b"\0asm", "application/wasm"),
];

/// What the caller gets of an app's answer.
pub(super) fn answer(reply: AppReply) -> Response {
    let guessed = (!reply.headers.contains_key(CONTENT_TYPE)).then(|| of(&reply.body));
    let mut response = (reply.status, reply.headers, reply.body).into_response();
    match guessed {
        Some(Some(kind)) => drop(response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind))),
        // axum has put one there.
        Some(None) => drop(response.headers_mut().remove(CONTENT_TYPE)),
        None => {}
    }
    response
}

/// The type of a body; none of one that is empty.
fn of(body: &Bytes) -> Option<&'static str> {
    let body = &body[..body.len().min(LOOKED_AT)];
    if body.is_empty() {
        return None;
    }
    let text = body.trim_ascii_start();
    let is_html = HTML.iter().any(|tag| {
        let begins = text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
        begins && matches!(text.get(tag.len()), Some(b' ' | b'>'))
    });
    if is_html {
        return Some("text/html; charset=utf-8");
    }
    if text.starts_with(b"<?xml") {
        return Some("text/xml; charset=utf-8");
    }
    if let Some((_, kind)) = SIGNATURES.iter().find(|(start, _)| body.starts_with(start)) {
        return Some(kind);
    }
    let is_binary = |byte: &u8| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    Some(if text.iter().any(is_binary) { "application/octet-stream" } else { "text/plain; charset=utf-8" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_looked_at_as_go_does() {
        for (body, kind) in [
            (&b"5"[..], Some("text/plain; charset=utf-8")),
            (b"{\"a\": \"\xc3\xa9\"}", Some("text/plain; charset=utf-8")),
            (b"", None),
            (b" \n <!DocType HTML>", Some("text/html; charset=utf-8")),
            (b"<b", Some("text/plain; charset=utf-8")),
            (b"<bold>", Some("text/plain; charset=utf-8")),
            (b"<?xml version=\"1.0\"?>", Some("text/xml; charset=utf-8")),
            (b"\x1f\x8b\x08\0", Some("application/x-gzip")),
            (b"a\0", Some("application/octet-stream")),
        ] {
            assert_eq!(of(&Bytes::from_static(body)), kind, "{body:?}");
        }
    }
}

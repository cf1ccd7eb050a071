//! Requests of HTTP/1.1 as bytes.

use fastrand::Rng;

use super::messages::name;
use super::{body, text};
use crate::support::TYPE;

const METHODS: [&str; 10] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "get", "BREW"];

/// A path of one of the routes, its names as they come.
fn path(rng: &mut Rng) -> String {
    let actor = format!("/v1.0/actors/{}/{}", name(rng, TYPE), name(rng, "a"));
    let store = format!("/v1.0/state/{}", name(rng, "statestore"));
    let path = match rng.usize(0..28) {
        0 => "/v1.0/healthz".into(),
        1 => "/v1.0/healthz/outbound".into(),
        2 => "/v1.0/metadata".into(),
        3 => format!("/v1.0/metadata/{}", name(rng, "k")),
        4 | 5 => format!("{actor}/method/{}", name(rng, "m")),
        6 | 7 => format!("{actor}/state"),
        8 => format!("{actor}/state/{}", name(rng, "k")),
        9 | 10 => format!("{actor}/timers/{}", name(rng, "t")),
        11 | 12 => format!("{actor}/reminders/{}", name(rng, "t")),
        13 | 14 => format!("/v1.0/publish/{}/{}", name(rng, "bus"), name(rng, "t")),
        15 => format!("/v1.0/publish/{}", name(rng, "bus")),
        16 => format!("/v1.0-alpha1/publish/bulk/{}/{}", name(rng, "bus"), name(rng, "t")),
        17 => format!("/v1.0/publish/bulk/{}/{}", name(rng, "bus"), name(rng, "t")),
        18 => store,
        19 => format!("{store}/{}", name(rng, "k")),
        20 => format!("{store}/bulk"),
        21 => format!("{store}/transaction"),
        22 => format!("/v1.0-alpha1/state/{}/query", name(rng, "statestore")),
        23 => format!("/v1.0/secrets/{}/{}", name(rng, "env"), name(rng, "k")),
        24 => format!("/v1.0/secrets/{}/bulk", name(rng, "env")),
        25 => format!("/v1.0/invoke/{}/method/{}", name(rng, "app"), name(rng, "m")),
        26 => format!("/v1.0/{}/{}", ["bindings", "configuration", "workflows", "lock"][rng.usize(0..4)], text(rng)),
        _ => format!("/{}", text(rng)),
    };
    match rng.usize(0..6) {
        0 => format!("{path}?{}={}&metadata.{}={}", text(rng), text(rng), text(rng), text(rng)),
        1 => format!("{path}?metadata.rawPayload={}&metadata.ttlInSeconds={}", text(rng), text(rng)),
        _ => path,
    }
}

fn header(rng: &mut Rng) -> (String, String) {
    let names = [
        "content-type",
        "accept",
        "cookie",
        "dapr-api-token",
        "dapr-app-id",
        "dapr-reentrancy-id",
        "traceparent",
        "baggage",
        "origin",
        "referer",
        "sec-fetch-site",
        "expect",
        "connection",
        "upgrade",
        "transfer-encoding",
        "content-length",
        "content-encoding",
        "range",
        "te",
        "trailer",
        "grpc-timeout",
        "host",
        "x-forwarded-for",
    ];
    let values = [
        "text/plain",
        "application/json",
        "application/cloudevents+json",
        "application/octet-stream",
        "text/html",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "chunked",
        "close",
        "keep-alive",
        "upgrade",
        "h2c",
        "100-continue",
        "0",
        "5",
        "99999999999999999999",
        "-1",
        "gzip",
        "cross-site",
        "same-origin",
        "https://evil.example",
        "null",
        "localhost",
        "evil.example",
        "1.2.3.4",
        "[::1]",
    ];
    let name = if rng.usize(0..8) == 0 { text(rng) } else { names[rng.usize(0..names.len())].to_owned() };
    let value = if rng.usize(0..3) == 0 { text(rng) } else { values[rng.usize(0..values.len())].to_owned() };
    (name, value)
}

/// One request or some, one after the other.
pub fn requests(rng: &mut Rng) -> Vec<u8> {
    let count = rng.usize(1..4);
    (0..count).flat_map(|_| request(rng)).collect()
}

fn request(rng: &mut Rng) -> Vec<u8> {
    let method = METHODS[rng.usize(0..METHODS.len()).min(rng.usize(0..METHODS.len()))];
    let (path, body) = (path(rng), body(rng));
    let mut headers: Vec<(String, String)> = (0..rng.usize(0..6)).map(|_| header(rng)).collect();
    if rng.usize(0..12) > 0 {
        headers.push(("Host".into(), "localhost".into()));
    }
    let chunked = rng.usize(0..6) == 0;
    match rng.usize(0..10) {
        0 => {}
        1 => headers.push(("Content-Length".into(), rng.usize(0..100_000).to_string())),
        _ if chunked => headers.push(("Transfer-Encoding".into(), "chunked".into())),
        _ => headers.push(("Content-Length".into(), body.len().to_string())),
    }
    if rng.usize(0..20) == 0 {
        headers.extend((0..rng.usize(0..300)).map(|_| header(rng)));
    }
    rng.shuffle(&mut headers);
    let odd = ["HTTP/1.0", "HTTP/2.0", "HTTP/9.9", ""];
    let version = if rng.usize(0..10) == 0 { odd[rng.usize(0..odd.len())] } else { "HTTP/1.1" };
    let line_end = if rng.usize(0..15) == 0 { "\n" } else { "\r\n" };
    // Spaces and line breaks in a path would end it: now and then they do.
    let path = if rng.usize(0..10) == 0 { path } else { path.replace([' ', '\r', '\n'], "%20") };
    let mut bytes = format!("{method} {path} {version}{line_end}").into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(format!("{name}: {value}{line_end}").as_bytes());
    }
    bytes.extend_from_slice(line_end.as_bytes());
    if chunked {
        bytes.extend_from_slice(format!("{:x}\r\n", body.len().saturating_add(rng.usize(0..2))).as_bytes());
        bytes.extend_from_slice(&body);
        bytes.extend_from_slice(b"\r\n0\r\n\r\n");
    } else {
        bytes.extend_from_slice(&body);
    }
    if rng.usize(0..10) == 0 && !bytes.is_empty() {
        let at = rng.usize(0..bytes.len());
        bytes[at] = rng.u8(..);
    }
    // Whatever came of it, it does not ask for the end.
    if bytes.windows(8).any(|window| window.eq_ignore_ascii_case(b"shutdown")) { Vec::new() } else { bytes }
}

//! One request, made of what means something here and of what means nothing anywhere.

use std::fmt;

use fastrand::Rng;

/// The actors whose labs are asked for; other ids are made up.
pub(super) const ACTORS: [&str; 3] = ["user1", "ada", "x"];

/// What becomes of a connection when its request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The request is whole, and its answer is read.
    Whole,
    /// Nothing more is sent, and the answer is read.
    Shut,
    /// It stays as it is, and nobody reads.
    Left,
    /// It is closed.
    Closed,
    /// It is gone.
    Reset,
}

/// What is sent on a connection.
pub(super) struct Sent {
    pub(super) bytes: Vec<u8>,
    pub(super) ending: Ending,
    /// Whether an answer may take a turn, or has no end.
    pub(super) may_wait: bool,
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.bytes[..self.bytes.len().min(2_000)];
        write!(f, "{:?}, {} bytes:\n{}", self.ending, self.bytes.len(), shown.escape_ascii())
    }
}

const NAMES: [&str; 36] = [
    "actor",
    "content",
    "message_id",
    "on",
    "rows",
    "name",
    "wire",
    "role",
    "plan",
    "fault",
    "attempts",
    "delay_ms",
    "ms",
    "seed",
    "theme",
    "document",
    "file",
    "bar",
    "after",
    "download",
    "scenario",
    "__err",
    "__path",
    "__typed",
    "__cut",
    "plan[0][kind]",
    "plan[0][operation]",
    "plan[7][attempts]",
    "plan[999999999][kind]",
    "plan[][kind]",
    "policy[attempts]",
    "policy[delay_ms]",
    "policy[seed]",
    "a[b][c][d][e][f][g][h]",
    "[",
    "",
];

/// Nothing here hangs or stalls: a turn that does takes as long as it was asked to, which is another test's matter.
const WORDS: [&str; 32] = [
    "user1",
    "ada",
    "x",
    "user",
    "assistant",
    "on",
    "off",
    "add",
    "0",
    "1",
    "3",
    "-1",
    "99999999999999999999",
    "1e309",
    "load",
    "save",
    "publish",
    "error",
    "delay",
    "flaky",
    "actor",
    "store",
    "first",
    "until_off",
    "lesson",
    "dark",
    "light",
    "save-fails-twice",
    "1-1",
    "[[\"a\",\"b\"]]",
    "null",
    "",
];

fn word(rng: &mut Rng) -> String {
    match rng.u8(..10) {
        0 => text(rng, 12),
        1 => text(rng, 300),
        _ => (*rng.choice(&WORDS).unwrap()).to_owned(),
    }
}

/// Any characters, `most` at most.
fn text(rng: &mut Rng, most: usize) -> String {
    let one = |rng: &mut Rng| match rng.u8(..8) {
        0 => rng.char(..),
        1 => *rng.choice(&['\n', '\r', '\0', '"', '\\', '<', '&', '\u{1b}', '\u{2028}']).unwrap(),
        _ => rng.alphanumeric(),
    };
    (0..rng.usize(..=most)).map(|_| one(rng)).collect()
}

/// A text that is far longer than what it is for.
fn long(rng: &mut Rng) -> String {
    let most = *rng.choice(&[9_000, 13_000, 17_000, 40_000, 70_000]).unwrap();
    (*rng.choice(&["a", "é", "\"", "\n", "[", "%", "&="]).unwrap()).repeat(most)
}

fn value(rng: &mut Rng) -> String {
    if rng.u8(..20) == 0 { long(rng) } else { word(rng) }
}

fn name(rng: &mut Rng) -> String {
    match rng.u8(..24) {
        0 => long(rng),
        1 => text(rng, 20),
        _ => (*rng.choice(&NAMES).unwrap()).to_owned(),
    }
}

fn pairs(rng: &mut Rng) -> Vec<(String, String)> {
    if rng.u8(..40) == 0 {
        return vec![(word(rng), word(rng)); rng.usize(..9_000)];
    }
    let mut pairs: Vec<_> = (0..rng.usize(..8)).map(|_| (name(rng), value(rng))).collect();
    if rng.bool() {
        pairs.push(("actor".to_owned(), (*rng.choice(&ACTORS).unwrap()).to_owned()));
    }
    rng.shuffle(&mut pairs);
    pairs
}

fn form(rng: &mut Rng) -> String {
    let fields = pairs(rng);
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn json(rng: &mut Rng, depth: u8) -> serde_json::Value {
    match rng.u8(..if depth == 0 { 4 } else { 9 }) {
        0 => serde_json::Value::Null,
        1 => rng.bool().into(),
        2 => (*rng.choice(&[-1, 0, 1, 2, 20, i64::MAX]).unwrap()).into(),
        3 => value(rng).into(),
        4 => (0..rng.u8(..4)).map(|_| json(rng, depth - 1)).collect::<Vec<_>>().into(),
        _ => (0..rng.u8(..6)).map(|_| (name(rng), json(rng, depth - 1))).collect::<serde_json::Map<_, _>>().into(),
    }
}

fn multipart(rng: &mut Rng) -> String {
    let part = |(name, text): (String, String)| {
        let file = if text.len() % 2 == 0 { "; filename=\"turn.json\"" } else { "" };
        format!("--x\r\nContent-Disposition: form-data; name=\"{}\"{file}\r\n\r\n{text}\r\n", name.escape_default())
    };
    let end = if rng.u8(..5) == 0 { "" } else { "--x--\r\n" };
    pairs(rng).into_iter().map(part).collect::<String>() + end
}

/// A body, and what it says that it is.
fn body(rng: &mut Rng) -> (Vec<u8>, &'static str) {
    match rng.u8(..12) {
        0 => (Vec::new(), ""),
        1 => ((0..rng.usize(..200)).map(|_| rng.u8(..)).collect(), "application/octet-stream"),
        2 => (b"[".repeat(rng.usize(..9_000)), "application/json"),
        3..=5 => (json(rng, 3).to_string().into_bytes(), "application/json"),
        6 => (multipart(rng).into_bytes(), "multipart/form-data; boundary=x"),
        7 => (format!(r#"{{"content": {}}}"#, serde_json::Value::from(value(rng))).into_bytes(), "application/json"),
        _ => (form(rng).into_bytes(), "application/x-www-form-urlencoded"),
    }
}

/// A header's value: no line end, which would be another header.
fn header(rng: &mut Rng) -> String {
    let text = if rng.u8(..30) == 0 { long(rng) } else { word(rng) };
    text.chars().filter(|char| !matches!(char, '\r' | '\n' | '\0')).collect()
}

fn headers(rng: &mut Rng, kind: &str) -> Vec<String> {
    let usual = ["text/html,*/*;q=0.8", "application/json", "*/*", "text/event-stream"];
    let mut headers = vec![format!("Accept: {}", rng.choice(&usual).unwrap())];
    if !kind.is_empty() && rng.u8(..10) > 0 {
        headers.push(format!("Content-Type: {kind}"));
    }
    let known = [
        "Content-Type",
        "Referer",
        "Cookie",
        "Idempotency-Key",
        "Last-Event-ID",
        "Accept-Encoding",
        "Range",
        "If-None-Match",
        "If-Modified-Since",
        "Expect",
        "Upgrade",
        "baggage",
        "Forwarded",
        "X-Forwarded-Host",
        "Accept-Language",
    ];
    for _ in 0..rng.u8(..5) {
        let meant = [
            "Referer: http://localhost/lab/user1?__err=x&__typed=%5B%5D",
            "Referer: //evil.example//",
            "Cookie: theme=dark; tour=off; =; ;",
            "Range: bytes=0-0,1-1,-1",
            "Accept-Encoding: br;q=1, gzip, identity;q=0",
            "Expect: 100-continue",
            "Connection: close",
            "Sec-Fetch-Site: same-origin",
        ];
        headers.push(match rng.u8(..4) {
            0 => format!("{}: {}", rng.choice(&known).unwrap(), header(rng)),
            1 => format!("X-{}: {}", rng.u16(..), header(rng)),
            _ => (*rng.choice(&meant).unwrap()).to_owned(),
        });
    }
    if rng.u8(..20) == 0 {
        headers.push("Sec-Fetch-Site: cross-site".to_owned());
    }
    if rng.u8(..60) == 0 {
        headers.extend((0..rng.u8(..120)).map(|n| format!("X-Many-{n}: {n}")));
    }
    rng.shuffle(&mut headers);
    headers
}

/// The parts of a path as somebody may fill them in.
fn path(rng: &mut Rng, route: &str) -> String {
    let mut filled = String::new();
    for part in route.split('/').skip(1) {
        filled.push('/');
        match part {
            "{actor_id}" => match rng.u8(..8) {
                0 => filled.push_str(&url::form_urlencoded::byte_serialize(word(rng).as_bytes()).collect::<String>()),
                1 => filled.push_str(rng.choice(&["%FF", "%00", "%2e%2e", "a%2Fb", "%", "%zz", "..;"]).unwrap()),
                _ => filled.push_str(rng.choice(&ACTORS).unwrap()),
            },
            part if part.starts_with('{') => {
                filled.push_str(rng.choice(&["1", "0", "-1", "%FF", "x", "18446744073709551616"]).unwrap())
            }
            part => filled.push_str(part),
        }
    }
    if rng.u8(..3) == 0 {
        filled.push('?');
        // A server takes 64 KiB of an address, and hyper says so.
        filled.extend(form(rng).chars().take(60_000));
    }
    filled
}

/// A request for a route, or for what looks like it.
pub(super) fn request(rng: &mut Rng, method: &str, route: &str) -> Sent {
    let method =
        if rng.u8(..10) == 0 { *rng.choice(&["HEAD", "OPTIONS", "DELETE", "TRACE", "BREW"]).unwrap() } else { method };
    let (body, kind) = if method == "GET" && rng.u8(..10) > 0 { (Vec::new(), "") } else { body(rng) };
    let host = if rng.u8(..30) == 0 { word(rng).replace(['\r', '\n', '\0'], "") } else { "localhost".to_owned() };
    let mut bytes = format!("{method} {} HTTP/1.1\r\nHost: {host}\r\n", path(rng, route)).into_bytes();
    for header in headers(rng, kind) {
        bytes.extend(header.into_bytes());
        bytes.extend(b"\r\n");
    }
    if rng.u8(..8) == 0 {
        bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
        for chunk in body.chunks(rng.usize(1..4_000)) {
            bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            bytes.extend(chunk);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n\r\n");
    } else {
        bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes());
        bytes.extend(body);
    }
    let ending = match rng.u8(..12) {
        0 => Ending::Shut,
        1 => Ending::Left,
        2 => Ending::Closed,
        3 => Ending::Reset,
        _ => Ending::Whole,
    };
    if ending != Ending::Whole && rng.bool() {
        bytes.truncate(rng.usize(..bytes.len()));
    }
    let turns = [
        "/chat", "/events", "message", "history", "compare", "send", "reset", "scenario", "hold", "release", "/panels",
    ];
    let may_wait = turns.iter().any(|turn| route.contains(turn));
    Sent { bytes, ending, may_wait }
}

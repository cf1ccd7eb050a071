//! W3C Trace Context: which trace a published message belongs to.

use http::{HeaderMap, HeaderValue};

use super::envelope::Event;

/// `traceparent` and `tracestate` of a request; empty where there is none, or one that is not what it has to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) parent: String,
    pub(crate) state: String,
}

impl Trace {
    /// That of a request, over HTTP and over gRPC.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let parent = text("traceparent").trim();
        if !is_parent(parent) {
            return Self::default();
        }
        Self { parent: parent.to_owned(), state: text("tracestate").to_owned() }
    }
}

/// What a delivery belongs to: what its event says, if that is one.
pub(super) fn parent_of(event: &Event) -> Option<HeaderValue> {
    let text = event.get("traceparent").or(event.get("traceid"))?.as_str()?;
    HeaderValue::from_str(text).ok().filter(|_| is_parent(text))
}

/// Whether it is version 00 with ids that are not all zero.
fn is_parent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &str, length| part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let set = |part: &str| part.bytes().any(|b| b != b'0');
    match parts[..] {
        [version, trace, span, flags] => {
            version == "00" && hex(trace, 32) && set(trace) && hex(span, 16) && set(span) && hex(flags, 2)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_none_is_left_out() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(is_parent(parent));
        for text in
            ["", "x", &parent[1..], &parent.replace('4', "g"), &parent.replace("00f067aa0ba902b7", "0000000000000000")]
        {
            assert!(!is_parent(text), "{text}");
        }
    }
}

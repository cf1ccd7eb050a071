//! What a document from outside costs that is refused.

use model::recording::Recording;
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// As often as fits into the largest document.
fn filled(before: &str, part: &str, after: &str) -> String {
    let room = Recording::MAX_BYTES - before.len() - after.len();
    format!("{before}{}{after}", part.repeat(room / part.len()))
}

const HEAD: &str = r#"{"format":"faultlab-turn","version":1,"actor":"user1","runtime":{"sidecar":"s","store":"s"},
    "utc_offset_min":0,"turn":1,"events":["#;

#[test]
fn no_document_that_is_refused_costs_many_times_its_size() {
    let event = r#"{"seq":1,"at":1,"type":"activated"}"#;
    let of_event = format!(r#"{HEAD}{{"seq":1,"at":1,"type":"activated","more":["#);
    for (what, text) in [
        ("objects in an event", filled(&of_event, r#"{"":0},"#, "0]}]}")),
        ("lists in an event", filled(&of_event, "[],", "0]}]}")),
        ("objects in place of events", filled(HEAD, r#"{"":0},"#, "0]}")),
        ("many events", filled(HEAD, &format!("{event},"), r#"{"mood":1}]}"#)),
        ("events with something unknown", filled(HEAD, r#"{"seq":1,"at":1,"type":"activated","a":{"":0}},"#, "0]}")),
        ("an unknown field", filled(r#"{"more":["#, r#"{"":0},"#, "0]}")),
        ("unknown fields", filled("{", r#""a":{"":0},"#, r#""b":0}"#)),
        ("a policy of many", filled(r#"{"policy":{"#, r#""a":{"":0},"#, r#""b":0}}"#)),
        ("a list", filled("[", r#"{"":0},"#, "0]")),
        ("something nested", filled("", "[", "")),
        ("one text", filled(r#"{"format":""#, "x", r#""}"#)),
    ] {
        HEAP.reset_peak_usage();
        let before = HEAP.current_usage();
        assert!(Recording::parse(text.as_bytes()).is_err(), "{what}");
        let cost = HEAP.peak_usage().saturating_sub(before);
        assert!(cost <= 16 * Recording::MAX_BYTES, "{what}: {} KiB", cost / 1024);
    }
}

//! The deep dives that belong to the checks.

/// The deep dive that belongs to each check, by its name in addresses, and what the lesson's own code does there.
pub(crate) const DIVES: [(&str, &str); 5] = [
    ("failed-read-wipes", "In the lesson’s code, one failed read can empty the history."),
    ("outage-looks-empty", "In the lesson’s code, an outage looks like an empty history."),
    ("retry-around-a-cache", "In the lesson’s code, the save is not retried at all."),
    ("key-that-is-not-there", "Why the lesson’s key finds nothing."),
    ("one-failure", "In the lesson’s code, only one message meets a failure."),
];

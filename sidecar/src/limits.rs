//! How much one request may ask for: a body of a few bytes for each of its items comes to much more than its size.

/// How many messages, keys, values or changes one request may have.
pub(crate) const MOST_ITEMS: usize = 1_000;

/// How many bytes what holds for all items of a request (metadata, a topic) may come to when each has it.
pub(crate) const MOST_SHARED_BYTES: usize = 8 << 20;

/// How many items of one request are at their store at once: whoever comes next waits for no more of them.
pub(crate) const AT_ONCE: usize = 32;

/// What a request is told that has too many items.
pub(crate) fn too_many(count: usize) -> String {
    format!("a request may have {MOST_ITEMS} items at most, and this one has {count}: send them in several")
}

//! The beginning of a value.

use std::borrow::Cow;
use std::fmt;

/// How many bytes of a value an [`Excerpt`] has at most.
pub const EXCERPT_BYTES: usize = 2048;

/// The beginning of a value.
#[derive(Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// How long the whole value is, in bytes.
    pub bytes: usize,
    /// Its first [`EXCERPT_BYTES`] at most.
    pub start: Box<[u8]>,
}

impl Excerpt {
    pub(crate) fn of(value: &[u8]) -> Self {
        Self { bytes: value.len(), start: value[..value.len().min(EXCERPT_BYTES)].into() }
    }

    /// Whether it is the whole value.
    pub fn is_whole(&self) -> bool {
        self.bytes == self.start.len()
    }

    /// What there is of it as text, with `U+FFFD` for what is none.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.start)
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.is_whole() { "" } else { "…" };
        write!(f, "{:?}{more} ({} bytes)", self.text(), self.bytes)
    }
}

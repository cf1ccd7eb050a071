//! Names and texts out of a seed: the same seed gives the same ones.

use std::cell::RefCell;

const WORDS: [&str; 16] = [
    "heron",
    "plover",
    "kestrel",
    "teal",
    "wren",
    "dunlin",
    "osprey",
    "siskin",
    "curlew",
    "merlin",
    "bittern",
    "linnet",
    "godwit",
    "whimbrel",
    "redstart",
    "fieldfare",
];

pub(super) struct Names(RefCell<fastrand::Rng>);

impl Names {
    pub(super) fn new(seed: u64) -> Self {
        Self(RefCell::new(fastrand::Rng::with_seed(seed)))
    }

    /// An actor's id.
    pub(super) fn actor(&self) -> String {
        format!("user-{:08x}", self.0.borrow_mut().u32(..))
    }

    /// A message's text. No two of a run are the same, and none is the beginning of another.
    pub(super) fn text(&self) -> String {
        let mut rng = self.0.borrow_mut();
        format!("{} {}", WORDS[rng.usize(..WORDS.len())], rng.u32(10_000_000..100_000_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_names() {
        let ten = |seed| {
            let names = Names::new(seed);
            (0..10).map(|_| (names.actor(), names.text())).collect::<Vec<_>>()
        };
        assert_eq!(ten(7), ten(7));
        assert_ne!(ten(7), ten(8));
    }
}

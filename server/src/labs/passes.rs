//! The checks of one lab that are proven.

use model::lesson::checks::Check;
use tokio::time::Instant;

/// How many checks there are.
const CHECKS: usize = 5;

/// The checks of one lab that are proven, with their evidence, and when they are to be judged.
#[derive(Default)]
pub(crate) struct Passes {
    proven: Vec<Check>,
    /// The bytes of their evidence.
    bytes: usize,
    /// How often they were taken away: what was judged before that is not kept after it.
    resets: u64,
    /// Whether a judgement is about to be made that nobody asked for.
    pub(crate) pending: bool,
    /// When the last one was made.
    pub(crate) judged: Option<Instant>,
}

impl Passes {
    /// Those that are proven, by number.
    pub(crate) fn proven(&self) -> &[Check] {
        &self.proven
    }

    /// All checks, if all are proven.
    pub(crate) fn all(&self) -> Option<Vec<Check>> {
        (self.proven.len() == CHECKS).then(|| self.proven.clone())
    }

    /// How often they were taken away.
    pub(crate) const fn resets(&self) -> u64 {
        self.resets
    }

    /// Keeps a check that is proven; returns whether it was not yet.
    pub(crate) fn keep(&mut self, check: &Check) -> bool {
        let Err(place) = self.proven.binary_search_by_key(&check.number, |proven| proven.number) else { return false };
        self.bytes += check.evidence.iter().map(|proof| proof.text.len() + size_of_val(proof)).sum::<usize>();
        self.proven.insert(place, check.clone());
        true
    }

    /// Takes them away.
    pub(crate) fn reset(&mut self) {
        self.proven.clear();
        self.bytes = 0;
        self.resets += 1;
    }

    /// What they take in memory, in bytes, about.
    pub(crate) const fn weight(&self) -> usize {
        self.bytes
    }
}

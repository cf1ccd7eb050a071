//! The steps of the tour that are told from the others.

/// Asks for an untouched lab: the tour begins in one.
pub(super) const UNTOUCHED: u8 = 0;
/// The first step.
pub(super) const FIRST: u8 = 1;
/// The steps from which on each is a check to be proven.
pub(super) const PROOFS: u8 = 4;
/// Tells what is left when the steps are done.
pub(super) const LEFT: u8 = 6;
/// Says where to go from here, once all is proven.
pub(super) const GOODBYE: u8 = 7;

//! Where the lesson is: which of its five steps is open.

use leptos::prelude::*;

use super::lab::LabState;

/// The lesson in one lab.
#[derive(Clone, Copy)]
pub struct LessonState {
    /// The check that is open, 1 to 5; 0 if none is.
    pub open_check: RwSignal<u8>,
}

impl LessonState {
    /// The first check that is not proven is open.
    pub fn new(lab: LabState) -> Self {
        let next = lab.panels.with_untracked(|panels| {
            panels.checks.iter().find(|check| !check.is_passed()).map_or(0, |check| check.number)
        });
        Self { open_check: RwSignal::new(next) }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};
    use model::lesson::checks::{Check, CheckState};

    #[test]
    fn the_first_check_that_is_not_proven_is_open() {
        let _owner = fixture::owner();
        let check =
            |number, state| Check { number, state, progress: String::new(), missing: None, evidence: Vec::new() };
        let (one, two) = (check(1, CheckState::Passed), check(2, CheckState::NotYet));
        for (checks, open) in [(vec![], 0), (vec![one.clone()], 0), (vec![one, two], 2)] {
            let lab = fixture::lab();
            lab.panels.update(|panels| panels.checks = checks);
            assert_eq!(LessonState::new(lab).open_check.get_untracked(), open);
        }
    }
}

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
        Self { open_check: RwSignal::new(first_to_prove_untracked(lab)) }
    }

    /// Opens a check, or closes it.
    pub fn toggle(self, number: u8) {
        self.open_check.update(|open| *open = if *open == number { 0 } else { number });
    }

    /// What a person has opened or closed.
    pub fn opened(self, number: u8, open: bool) {
        match (open, self.open_check.get_untracked() == number) {
            (true, false) => self.open_check.set(number),
            (false, true) => self.open_check.set(0),
            _ => {}
        }
    }
}

/// The first check that is not proven; 0 if all are, or none was judged.
pub fn first_to_prove_untracked(lab: LabState) -> u8 {
    lab.panels
        .with_untracked(|panels| panels.checks.iter().find(|check| !check.is_passed()).map_or(0, |check| check.number))
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};
    use model::lesson::checks::{Check, CheckState};

    #[test]
    fn the_first_check_that_is_not_proven_is_open() {
        let _owner = fixture::owner();
        let check = |number, state| Check { state, ..Check::untouched(number) };
        let (one, two) = (check(1, CheckState::Passed), check(2, CheckState::NotYet));
        for (checks, open) in [(vec![], 0), (vec![one.clone()], 0), (vec![one, two], 2)] {
            let lab = fixture::lab();
            lab.panels.update(|panels| panels.checks = checks);
            assert_eq!(LessonState::new(lab).open_check.get_untracked(), open);
        }
    }

    #[test]
    fn a_check_is_opened_by_a_key_and_by_hand_and_another_that_closes_changes_nothing() {
        let _owner = fixture::owner();
        let lesson = LessonState::new(fixture::lab());
        let open = || lesson.open_check.get_untracked();
        lesson.toggle(2);
        assert_eq!(open(), 2);
        lesson.opened(3, true);
        lesson.opened(2, false);
        assert_eq!(open(), 3, "the one before closes when another opens");
        lesson.toggle(3);
        assert_eq!(open(), 0);
    }
}

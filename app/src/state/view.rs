//! What a reader has chosen to see.

use leptos::prelude::*;

use super::{
    address::{self, Address},
    announcements::Announcer,
    lab::LabState,
};
use model::timeline::{BarId, Step};

/// How the page is looked at.
#[derive(Clone, Copy)]
pub struct ViewState {
    lab: LabState,
    announcer: Announcer,
    /// Whether the page has been hydrated: what needs the script stays hidden until then.
    pub hydrated: RwSignal<bool>,
    /// Whether the page is laid out for a room.
    pub present: RwSignal<bool>,
    /// The bar that is selected in the timeline.
    pub selected: RwSignal<Option<BarId>>,
}

impl ViewState {
    /// What the address asks for.
    pub fn new(address: &Address, lab: LabState, announcer: Announcer) -> Self {
        let (present, selected) = (RwSignal::new(address.present), RwSignal::new(address.bar()));
        Self { lab, announcer, hydrated: RwSignal::new(false), present, selected }
    }

    /// Selects a bar, or none; the browser's back button comes back to the one before.
    pub fn select(self, bar: Option<BarId>) {
        if self.selected.get_untracked() != bar {
            address::push();
            self.selected.set(bar);
        }
    }

    /// Lays the page out for a room, and back; the browser's back button comes back to how it was.
    pub fn toggle_present(self) {
        address::push();
        if self.present.get_untracked() {
            self.leave_present();
        } else {
            self.present.set(true);
        }
    }

    /// Leaves the layout for a room. Holding stays as it is, since others may be looking at the same lab; it is announced,
    /// and can be seen and ended in the bar on top.
    pub fn leave_present(self) {
        self.present.set(false);
        if self.lab.panels.with_untracked(|panels| panels.hold) {
            self.announcer.announce_now("Each attempt is still held. The box at the top ends that.");
        }
    }

    /// Shows what the address says: the browser has gone back or forward.
    pub fn restore(self, address: &Address) {
        self.selected.set(address.bar());
        self.present.set(address.present);
    }

    /// What a step changes: of a lab that was reset nothing is selected.
    pub(super) fn apply(self, step: &Step) {
        if matches!(step, Step::LabReset) {
            self.selected.set(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};

    #[test]
    fn the_view_is_what_the_address_says() {
        let _owner = fixture::owner();
        let view = ViewState::new(&Address::default(), fixture::lab(), Announcer::new());
        let shown = || (view.present.get_untracked(), view.selected.get_untracked());
        assert_eq!(shown(), (false, None));
        view.restore(&Address { bar: Some("t2-load-1".to_owned()), at: None, present: true });
        assert_eq!(shown(), (true, "t2-load-1".parse().ok()));
        view.apply(&Step::LabReset);
        assert_eq!(shown(), (true, None));
        view.restore(&Address { bar: Some("a bar that nobody named".to_owned()), ..Address::default() });
        assert_eq!(shown(), (false, None));
    }

    #[test]
    fn who_leaves_the_room_hears_that_attempts_are_still_held() {
        let _owner = fixture::owner();
        let (lab, announcer) = (fixture::lab(), Announcer::new());
        let view = ViewState::new(&Address { present: true, ..Address::default() }, lab, announcer);
        view.leave_present();
        assert_eq!((view.present.get_untracked(), announcer.text().get_untracked()), (false, String::new()));
        lab.set_hold(true);
        view.leave_present();
        assert!(announcer.text().get_untracked().starts_with("Each attempt is still held."));
    }
}

//! What a reader has chosen to see.

use leptos::prelude::*;

use super::address::{self, Address};
use model::timeline::BarId;

/// How the page is looked at.
#[derive(Clone, Copy)]
pub struct ViewState {
    /// Whether the page has been hydrated: what needs the script stays hidden until then.
    pub hydrated: RwSignal<bool>,
    /// Whether the page is laid out for a room.
    pub present: RwSignal<bool>,
    /// The bar that is selected in the timeline.
    pub selected: RwSignal<Option<BarId>>,
}

impl ViewState {
    /// What the address asks for.
    pub fn new(address: &Address) -> Self {
        Self {
            hydrated: RwSignal::new(false),
            present: RwSignal::new(address.present),
            selected: RwSignal::new(address.bar()),
        }
    }

    /// Selects a bar, or none; the browser's back button comes back to the one before.
    pub fn select(self, bar: Option<BarId>) {
        if self.selected.get_untracked() != bar {
            address::push();
            self.selected.set(bar);
        }
    }

    /// Shows what the address says: the browser has gone back or forward.
    pub fn restore(self, address: &Address) {
        self.selected.set(address.bar());
        self.present.set(address.present);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};

    #[test]
    fn the_view_is_what_the_address_says() {
        let _owner = fixture::owner();
        let view = ViewState::new(&Address::default());
        assert_eq!((view.present.get_untracked(), view.selected.get_untracked()), (false, None));
        view.restore(&Address { bar: Some("t2-load-1".to_owned()), at: None, present: true });
        assert_eq!((view.present.get_untracked(), view.selected.get_untracked()), (true, "t2-load-1".parse().ok()));
        view.restore(&Address { bar: Some("a bar that nobody named".to_owned()), ..Address::default() });
        assert_eq!((view.present.get_untracked(), view.selected.get_untracked()), (false, None));
    }
}

//! What opens over the page at a press.

use leptos::{html, prelude::*};

/// The menus of the page, for whatever closes the one that is open.
#[derive(Clone, Copy, Default)]
pub struct Menus {
    /// The scenarios.
    pub scenarios: NodeRef<html::Details>,
    /// The question before a reset.
    pub reset: NodeRef<html::Details>,
}

impl Menus {
    /// Closes the one that is open; says whether there was one.
    pub fn close(self) -> bool {
        let mut menus = [self.scenarios, self.reset].into_iter().filter_map(|menu| menu.get_untracked());
        let open = menus.find(|menu| menu.open());
        open.inspect(|menu| menu.set_open(false)).is_some()
    }
}

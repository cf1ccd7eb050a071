//! What opens over the page at a press.

use leptos::{ev, html, prelude::*, wasm_bindgen::JsCast, web_sys};

/// The menus of the page, for whatever closes the one that is open.
#[derive(Clone, Copy, Default)]
pub struct Menus {
    /// The scenarios.
    pub scenarios: NodeRef<html::Details>,
    /// The question before a reset.
    pub reset: NodeRef<html::Details>,
    /// What the failures can be besides.
    pub more: NodeRef<html::Details>,
}

impl Menus {
    fn all(self) -> impl Iterator<Item = web_sys::HtmlDetailsElement> {
        [self.scenarios, self.reset, self.more].into_iter().filter_map(|menu| menu.get_untracked())
    }

    /// Closes what is open when something outside it is pressed. For the browser alone.
    pub fn close_from_outside(self) {
        window_event_listener(ev::pointerdown, move |event| {
            let at = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
            for menu in self.all().filter(|menu| menu.open() && !menu.contains(at.as_ref())) {
                menu.set_open(false);
            }
        });
    }

    /// Closes the one that is open; says whether there was one.
    pub fn close(self) -> bool {
        let open = self.all().find(|menu| menu.open());
        open.inspect(|menu| menu.set_open(false)).is_some()
    }
}

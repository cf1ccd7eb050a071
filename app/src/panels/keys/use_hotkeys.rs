//! The keys, anywhere on the page.

use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement, KeyboardEvent};

use super::{hotkeys::Hotkeys, shortcut::Shortcut, table::find};
use crate::{
    dom,
    functions::{hold::Release, policy::SetPolicy},
    panels::slow_motion,
    state::{lesson::first_to_prove_untracked, playback::Playback},
};

/// What matches the sheet while it is open: a popover has no property that says so.
const OPEN: &str = ":popover-open";

/// Listens once the page has been hydrated.
pub fn use_hotkeys(hotkeys: Hotkeys) {
    Effect::new(move |_| {
        let by_mouse = RwSignal::new(false);
        window_event_listener(ev::pointerdown, move |_| by_mouse.set(true));
        window_event_listener(ev::keydown, move |event| {
            hotkeys.pressed(&event, by_mouse.get_untracked());
            // A clicker is no keyboard: the focus stays where the mouse has put it.
            by_mouse.update(|by_mouse| *by_mouse &= is_clicker(&event.key()));
        });
    });
}

/// Whether clickers send this key.
fn is_clicker(key: &str) -> bool {
    matches!(key, " " | "ArrowRight" | "PageDown" | "PageUp")
}

/// Whether keys write or choose there, and are nobody else's.
fn is_typed_into(at: &Element) -> bool {
    match at.dyn_ref::<HtmlInputElement>() {
        Some(input) => !matches!(input.type_().as_str(), "radio" | "checkbox" | "range"),
        None => at.is_instance_of::<HtmlTextAreaElement>() || at.is_instance_of::<HtmlSelectElement>(),
    }
}

/// Whether space and the arrows work on it. Somebody who has come there by keyboard wants that; what was pressed by mouse
/// has the focus too, and must not take a clicker's keys.
fn has_own_keys(at: &Element) -> bool {
    matches!(at.local_name().as_str(), "button" | "summary" | "input")
}

impl Hotkeys {
    fn pressed(self, event: &KeyboardEvent, by_mouse: bool) {
        let at = dom::target(event);
        let chord = event.ctrl_key() || event.meta_key() || event.alt_key();
        if chord || event.default_prevented() || event.repeat() || event.is_composing() {
            return;
        }
        let typing = at.as_ref().is_some_and(is_typed_into);
        let key = event.key();
        let done = match key.as_str() {
            " " | "ArrowRight" | "PageDown"
                if self.releases(&key, at.as_ref().filter(|_| typing || !by_mouse), typing) =>
            {
                self.actions.release.dispatch(Release { actor: self.lab.actor() });
                true
            }
            "Escape" if typing => {
                dom::blur();
                true
            }
            _ if typing => false,
            "?" => self.enabled.get_untracked() && Shortcut::Sheet.run(self),
            _ if self.sheet_is_open() => false,
            "Escape" => self.leave(),
            "PageDown" | "PageUp" if self.view.present.get_untracked() => {
                self.step(key == "PageDown");
                true
            }
            "1" | "2" | "5" if self.view.present.get_untracked() && self.enabled.get_untracked() => {
                self.slow_down(key.parse().unwrap_or(1));
                true
            }
            _ => key.chars().count() == 1 && self.listed(&key.to_ascii_lowercase()),
        };
        if done {
            event.prevent_default();
        }
    }

    /// Does what the sheet lists for a key, if keys are on; says whether there was something to do.
    fn listed(self, key: &str) -> bool {
        find(key).filter(|_| self.enabled.get_untracked()).is_some_and(|shortcut| shortcut.run(self))
    }

    /// Whether the sheet is open: its keys are to be read then.
    fn sheet_is_open(self) -> bool {
        self.sheet.get_untracked().is_some_and(|sheet| sheet.matches(OPEN).unwrap_or_default())
    }

    /// Whether a clicker's key lets a held attempt go: in a room, while one is held. A field in which something is written
    /// keeps its keys, and what works by them does; an empty message field has no use for them, and has the focus still
    /// when the message that is held was sent from it.
    fn releases(self, key: &str, at: Option<&Element>, typing: bool) -> bool {
        if !self.view.present.get_untracked() || !self.timeline.is_held_untracked() || self.sheet_is_open() {
            return false;
        }
        if typing {
            return self.is_message(at) && (key == "PageDown" || self.messages.draft.with_untracked(String::is_empty));
        }
        key == "PageDown" || !at.is_some_and(has_own_keys)
    }

    /// Whether this is the message field.
    fn is_message(self, at: Option<&Element>) -> bool {
        let field = self.targets.message.get_untracked();
        at.zip(field.as_deref()).is_some_and(|(at, field)| *at == **field)
    }

    /// Leaves whatever is open, one after the other: a menu, such as the question before a reset, the room, an earlier
    /// moment, a selection.
    fn leave(self) -> bool {
        let Self { view, playback, .. } = self;
        if self.menus.close() {
        } else if view.present.get_untracked() {
            view.leave_present();
        } else if playback.get_untracked() != Playback::Live {
            playback.go_live();
        } else if view.selected.with_untracked(Option::is_some) {
            view.selected.set(None);
        } else {
            return false;
        }
        true
    }

    /// The actor waits so many seconds between its attempts from now on.
    fn slow_down(self, seconds: u64) {
        let lab = self.lab;
        let policy = slow_motion::slowed(lab.panels.with_untracked(|panels| panels.policy), seconds);
        self.actions.set_policy.dispatch(SetPolicy { actor: lab.actor(), policy });
    }

    /// One press of a clicker: does what the lesson's step asks for; once it is proven, goes on to the next. Backwards it
    /// goes to the step before.
    fn step(self, forward: bool) {
        let (lab, opened) = (self.lab, self.lesson.open_check);
        let is_proven = move |at| at == 0 || lab.check_untracked(at).is_passed();
        spawn_local(async move {
            // Where none is open, the first that is not proven is next.
            let at =
                || Some(opened.get_untracked()).filter(|at| *at > 0).unwrap_or_else(|| first_to_prove_untracked(lab));
            if forward && !is_proven(at()) {
                // A room sees a turn end before the checks are read anew: pressed then, it is not to be done once more.
                lab.read().await;
            }
            let at = at();
            let to = match (forward, is_proven(at)) {
                (true, true) => (at + 1).min(5),
                (true, false) => at,
                (false, _) => at.saturating_sub(1).max(1),
            };
            opened.set(to);
            self.actions.run_step(to);
        });
    }
}

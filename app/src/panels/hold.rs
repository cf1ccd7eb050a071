//! Holding attempts before they begin: in the bar on top, on a page that is laid out for a room, and wherever it is on.

use leptos::prelude::*;
use maud::{Markup, html};

use super::fields::{apply_button, error_line};
use crate::{
    icons::symbol,
    live::{hold::HOLD, store::Store},
};

/// The box, and the button that lets a held attempt go. Without script the button is there as long as attempts are
/// held: the page does not hear when the next one is.
pub(super) fn hold_form(store: Store) -> Markup {
    let on = store.panels.with(|panels| panels.hold);
    let held = store.is_held();
    let nothing_to_release = !held && (store.mounted.get() || !on);
    html! {
        form.hold.on[on].held[held] action=(HOLD) method="post" autocomplete="off" {
            // Enter in the box presses a form's first button: not *Release*.
            button type="submit" hidden tabindex="-1" aria-hidden="true" {}
            input type="hidden" name="actor" value=(store.actor_id());
            label.tick { input type="checkbox" name="on" checked[on]; " Hold before each attempt" }
            (apply_button())
            button.btn.small.primary.hold-release type="submit" name="release" value="1"
                title="Let the held attempt go: y" hidden[nothing_to_release] { (symbol("#i-play")) "Release" }
            (error_line(store, &[HOLD], |_| false))
        }
    }
}

//! A button that copies a text.

use maud::{Markup, html};

use crate::icons::symbol;

/// The button, called `label`. It appears once the script runs, and only where the browser has a clipboard: dead
/// buttons are worse than none. Pressing it is heard by [`clicks`](crate::live::clicks).
pub fn copy_button(label: &str, text: &str) -> Markup {
    html! {
        button.btn.quiet.icon.copy.swap type="button" aria-label=(label) title=(label) data-copy=(text) {
            (symbol("#i-copy")) (symbol("#i-check"))
        }
    }
}

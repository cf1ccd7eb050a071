//! The scenario menu in the chat's head, and the card of the chosen one. Nothing in them moves.

use maud::{Markup, PreEscaped, html};

use crate::icons::symbol;

/// The scenarios as HTML, for one page: the server gives them to the chat that it renders.
#[derive(Clone)]
pub struct ScenarioHtml {
    /// The title of the one that the address names.
    pub title: Option<String>,
    /// The items of the menu.
    pub menu: String,
    /// What the one that the address names is about; empty if it names none.
    pub card: String,
}

impl ScenarioHtml {
    /// The menu.
    pub(super) fn menu(&self) -> Markup {
        html! {
            details.menu.scenarios {
                summary.btn.quiet {
                    span { @match &self.title { Some(title) => { "Scenario: " (title) }, None => "Scenarios" } }
                    (symbol("#i-chevron"))
                }
                ul.menu-list { (PreEscaped(&self.menu)) }
            }
        }
    }

    /// The card.
    pub(super) fn card(&self) -> Markup {
        html! { div.scenario hidden[self.card.is_empty()] { (PreEscaped(&self.card)) } }
    }
}

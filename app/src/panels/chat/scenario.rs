//! The scenario menu in the chat's head, and the card of the chosen one: HTML that the server made.

use leptos::prelude::*;

use crate::{icons::icon, island::ScenarioHtml};

/// The menu.
pub(super) fn menu(html: &ScenarioHtml) -> impl IntoView + use<> {
    let title = html.title.clone().map_or_else(|| "Scenarios".to_owned(), |title| format!("Scenario: {title}"));
    view! {
        <details class="menu scenarios">
            <summary class="btn quiet">
                <span>{title}</span>
                {icon("#i-chevron")}
            </summary>
            <ul class="menu-list" inner_html=html.menu.clone()></ul>
        </details>
    }
}

/// The card.
pub(super) fn card(html: &ScenarioHtml) -> impl IntoView + use<> {
    view! { <div class="scenario" hidden=html.card.is_empty() inner_html=html.card.clone()></div> }
}

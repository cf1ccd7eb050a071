//! A link to a bar of the timeline.

use leptos::prelude::*;

use crate::{dom, state::view::ViewState};
use model::timeline::BarId;

/// Selects the bar and brings the timeline into view; without script the address does the same.
#[component]
pub fn BarLink(
    /// The bar. Without one the link leads nowhere.
    bar: Option<BarId>,
    /// What the link shows.
    children: Children,
) -> impl IntoView {
    let view = expect_context::<ViewState>();
    let select = move |click: leptos::ev::MouseEvent| {
        if bar.is_some() && dom::is_plain(&click) {
            click.prevent_default();
            view.select(bar);
            dom::bring_into_view("timeline");
        }
    };
    view! {
        <a href=bar.map(BarId::href) on:click=select>
            {children()}
        </a>
    }
}

//! What bars have in common: the link that selects one, its ring, its tip, its operation's name.

use leptos::{
    children::TypedChildren,
    ev::{self, MouseEvent},
    prelude::*,
    svg,
};

use super::{context::PlotContext, scale::Percent};
use crate::{components::FocusTargets, dom, state::view::ViewState};
use model::{operation::Operation, timeline::BarId};

/// The flag that stands on what was done on purpose, on a drawing whose bars begin at 24.
pub(super) const FLAG: &str = "M1 24V9M1 9l10 3.5-10 3.5z";

/// A bar that can be selected, as a link.
#[component]
pub(super) fn SelectingBar<C: IntoView + 'static>(
    /// The bar.
    bar: BarId,
    /// What it is, as a class.
    kind: &'static str,
    /// Its place in its row: the row's rings, which are painted last, go by it.
    nth: usize,
    /// Its name for who cannot see it.
    label: String,
    /// Whether it is the one that the detail shows.
    selected: bool,
    /// Whether it is the one that a key leads to.
    leads: bool,
    /// The bar, drawn.
    children: TypedChildren<C>,
) -> impl IntoView {
    // On a page without a lab the link leads to the same page with the bar selected.
    let view = use_context::<ViewState>();
    let select = move |click: MouseEvent| {
        if let Some(view) = view.filter(|_| dom::is_plain(&click)) {
            click.prevent_default();
            view.select(Some(bar));
        }
    };
    let led_to =
        use_context::<FocusTargets>().filter(|_| leads).map_or_else(NodeRef::new, |targets| targets.newest_bar);
    let node = if selected { expect_context::<PlotContext>().shown_bar } else { NodeRef::new() };
    // In `view!` the `<a>` at a component's root would be the one of HTML.
    svg::a()
        .attr("href", bar.href())
        .class(format!("bar {kind} k{nth}{}", if selected { " sel" } else { "" }))
        .attr("aria-label", label)
        .attr("aria-current", selected.then_some("true"))
        .on(ev::click, select)
        .node_ref(node)
        .node_ref(led_to)
        .child(children.into_inner()())
}

/// A bar's ring. The style sheet shows the one whose bar is selected or has the focus.
#[component]
pub(super) fn Ring(
    /// The bar's place in its row.
    nth: usize,
    /// Its left edge.
    x: Percent,
    /// Its width.
    w: Percent,
    /// Whether the bar is that of a wait, which is lower.
    thin: bool,
    /// Whether the bar is the one that the detail shows.
    selected: bool,
) -> impl IntoView {
    let (thin, y, height) = if thin { (" thin", "29", "18") } else { ("", "24", "28") };
    let class = format!("ring k{nth}{thin}{}", if selected { " sel" } else { "" });
    view! {
        <svg class=class x=x.to_string() y=y width=w.to_string() height=height>
            <rect rx="4"></rect>
        </svg>
    }
}

/// What a bar says while it is pointed at or has the focus. The first line is its title.
#[component]
pub(super) fn Tip(
    /// The bar's left edge.
    x: Percent,
    /// The lines. Where the tip opens upwards, the style sheet goes by how many there are.
    lines: Vec<String>,
) -> impl IntoView {
    // Near the right edge it opens to the left.
    let dx = if x.0 > 7_000 { -190 } else { 0 };
    let (class, height) = (format!("tip l{}", lines.len()), 12 + 16 * lines.len());
    let lines = lines.into_iter().enumerate().map(|(n, line)| {
        let (class, y) = ((n == 0).then_some("tip-t"), 18 + 16 * n);
        view! {
            <text class=class x=(dx + 10).to_string() y=y.to_string()>
                {cut(line)}
            </text>
        }
    });
    view! {
        <svg class=class x=x.to_string() y="64" aria-hidden="true">
            <rect x=dx.to_string() width="236" height=height.to_string() rx="6"></rect>
            {lines.collect::<Vec<_>>()}
        </svg>
    }
}

/// As much of a line as a tip has room for.
fn cut(line: String) -> String {
    const MOST: usize = 40;
    if line.chars().count() > MOST { line.chars().take(MOST - 1).chain(['…']).collect() } else { line }
}

/// The operation's word above its bar, moved aside where a flag stands.
#[component]
pub(super) fn OperationName(
    /// The bar's left edge.
    x: Percent,
    /// The operation.
    operation: Operation,
    /// Whether a flag stands there.
    flagged: bool,
) -> impl IntoView {
    let dx = if flagged { "14" } else { "0" };
    view! {
        <text class="op" x=x.to_string() dx=dx y="16">
            {operation.as_str()}
        </text>
    }
}

//! The bar of one attempt: its mark and number, its operation above, torn where it failed, flagged where that was on
//! purpose.

use leptos::{ev, prelude::*, svg};

use super::{Lab, bar_id::BarId, calls, link, scale::Percent, words};
use crate::timeline::{Attempt, AttemptState, Operation};

/// The flag that stands on what was done on purpose, on a drawing whose bars begin at 24.
pub(super) const FLAG: &str = "M1 24V9M1 9l10 3.5-10 3.5z";

/// The operation's word above its bar, moved aside where a flag stands.
pub(super) fn name_above(x: &str, operation: Operation, flagged: bool) -> impl IntoView + use<> {
    let dx = if flagged { "14" } else { "0" };
    view! { <text class="op" x=x.to_owned() dx=dx y="16">{operation.as_str()}</text> }
}

/// The class of a bar that is `nth` in its row: the row's rings, which are painted last, go by it.
pub(super) fn bar_class(lab: Lab, bar: BarId, kind: &'static str, nth: usize) -> impl Fn() -> String + Clone + 'static {
    move || {
        let selected = if lab.shown.get() == Some(bar) { " sel" } else { "" };
        format!("bar {kind} k{nth}{selected}")
    }
}

/// The ring of the `nth` bar. Rings come after all bars of a row, so that no neighbour covers them; the style sheet
/// shows the one whose bar is selected or has the focus.
pub(super) fn ring(lab: Lab, bar: BarId, nth: usize, x: Percent, w: Percent, is_wait: bool) -> impl IntoView {
    let class = move || {
        let selected = if lab.shown.get() == Some(bar) { " sel" } else { "" };
        format!("ring k{nth}{selected}")
    };
    let (y, height) = if is_wait { ("29", "18") } else { ("24", "28") };
    view! {
        <svg class=class x=x.to_string() y=y width=w.to_string() height=height>
            <rect rx="4"></rect>
        </svg>
    }
}

/// A link around `children` that selects `bar`.
pub(super) fn selecting<C: IntoView + 'static>(
    lab: Lab,
    bar: BarId,
    class: impl Fn() -> String + Send + Sync + Clone + 'static,
    label: String,
    children: C,
) -> impl IntoView {
    svg::a()
        .attr("href", bar.href())
        .class(class)
        .attr("aria-label", label)
        .attr("aria-current", move || (lab.shown.get() == Some(bar)).then_some("true"))
        .on(ev::click, link::on_click(lab.selected, Some(bar)))
        .child(children)
}

/// What a bar tells while it is pointed at or has the focus. The first line is its title.
pub(super) fn tip(x: Percent, lines: Vec<String>) -> impl IntoView {
    const MOST: usize = 40;
    // Near the right edge it opens to the left.
    let dx = if x.0 > 7_000 { -190 } else { 0 };
    let height = 12 + 16 * lines.len();
    // Where it opens upwards, the style sheet goes by how many lines it has.
    let class = format!("tip l{}", lines.len());
    let line = move |(n, text): (usize, String)| {
        let class = if n == 0 { "tip-t" } else { "" };
        let cut = if text.chars().count() > MOST { text.chars().take(MOST - 1).chain(['…']).collect() } else { text };
        view! { <text class=class x=(dx + 10).to_string() y=(18 + 16 * n).to_string()>{cut}</text> }
    };
    view! {
        <svg class=class x=x.to_string() y="64" aria-hidden="true">
            <rect x=dx.to_string() width="236" height=height.to_string() rx="6"></rect>
            {lines.into_iter().enumerate().map(line).collect_view()}
        </svg>
    }
}

const fn kind(a: &Attempt) -> &'static str {
    match a.state {
        AttemptState::Running => "run",
        AttemptState::Succeeded { .. } => "ok",
        AttemptState::Failed { .. } => "fail",
    }
}

/// The attempt's number on its bar. It stands beside the link and not in it: in the link's name it is said in words.
pub(super) fn number(x: Percent, a: &Attempt) -> impl IntoView + use<> {
    let class = format!("num {}", kind(a));
    view! { <text class=class x=x.to_string() dx="20" y="42" aria-hidden="true">{a.attempt.to_string()}</text> }
}

/// The bar of an attempt of `turn`.
pub(super) fn attempt(lab: Lab, turn: u64, nth: usize, x: Percent, w: Percent, a: &Attempt) -> impl IntoView + use<> {
    let (left, right) = (x.to_string(), Percent(x.0 + w.0).to_string());
    let kind = kind(a);
    let icon = match kind {
        "ok" => "#i-check",
        "fail" => "#i-cross",
        _ => "#i-dot",
    };
    let flagged = matches!(a.state, AttemptState::Failed { cause, .. } if cause.simulated);
    let tear = (kind == "fail").then(|| view! { <use_ class="tear" href="#tear" x=right y="24"></use_> });
    let flag = flagged.then(|| svg::path().class("flag").attr("d", FLAG));
    let bar = BarId::of_attempt(turn, a);
    let children = view! {
        <rect class="face" x=left.clone() y="24" width=w.to_string() height="28" rx="3"></rect>
        {tear}
        {name_above(&left, a.operation, flagged)}
        {calls::calls(x, w, a, lab.now.get_untracked())}
        <svg x=left y="0">
            <use_ class="mark" href=icon x="5" y="32" width="12" height="12"></use_>
            {flag}
        </svg>
        {tip(x, told(a))}
    };
    selecting(lab, bar, bar_class(lab, bar, kind, nth), words::attempt_label(turn, a), children)
}

fn told(a: &Attempt) -> Vec<String> {
    let mut lines = told_of_attempt(a);
    lines.extend(calls::in_short(a));
    lines
}

fn told_of_attempt(a: &Attempt) -> Vec<String> {
    let title = |outcome| format!("{}, attempt {} of {}: {outcome}", words::title(a.operation), a.attempt, a.max);
    match &a.state {
        AttemptState::Running => vec![title("under way")],
        AttemptState::Succeeded { took_us } => vec![title("succeeded"), words::lasted(*took_us)],
        AttemptState::Failed { error, cause, took_us, .. } => {
            let (who, place) = words::cause(*cause);
            vec![title("failed"), error.clone(), format!("{who}, {place} · {}", words::lasted(*took_us))]
        }
    }
}

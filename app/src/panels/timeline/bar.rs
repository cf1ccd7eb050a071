//! The bar of one attempt: its mark and number, its operation above, torn where it failed, flagged where that was on
//! purpose.

use maud::{Markup, html};

use super::{Lab, bar_id::BarId, calls, scale::Percent, words};
use model::{
    operation::Operation,
    timeline::{Attempt, AttemptState},
};

/// The flag that stands on what was done on purpose, on a drawing whose bars begin at 24.
pub(super) const FLAG: &str = "M1 24V9M1 9l10 3.5-10 3.5z";

/// The operation's word above its bar, moved aside where a flag stands.
pub(super) fn name_above(x: Percent, operation: Operation, flagged: bool) -> Markup {
    html! { text.op x=(x) dx=(if flagged { "14" } else { "0" }) y="16" { (operation.as_str()) } }
}

/// The ring of the `nth` bar. Rings come after all bars of a row, so that no neighbour covers them; the style sheet
/// shows the one whose bar is selected or has the focus.
pub(super) fn ring(lab: Lab<'_>, bar: BarId, nth: usize, x: Percent, w: Percent, is_wait: bool) -> Markup {
    let (thin, y, height) = if is_wait { (" thin", "29", "18") } else { ("", "24", "28") };
    html! {
        svg class={ "ring k" (nth) (thin) (selected(lab, bar)) } x=(x) y=(y) width=(w) height=(height) { rect rx="4" {} }
    }
}

/// The class of what is selected, after others.
fn selected(lab: Lab<'_>, bar: BarId) -> &'static str {
    if lab.shown == Some(bar) { " sel" } else { "" }
}

/// A link around `children` that selects `bar`, which is the `nth` of its row: the row's rings, which are painted last,
/// go by it.
pub(super) fn selecting(lab: Lab<'_>, bar: BarId, kind: &str, nth: usize, label: &str, children: &Markup) -> Markup {
    let is_selected = selected(lab, bar);
    let current = (!is_selected.is_empty()).then_some("true");
    html! {
        a href=(bar.href()) class={ "bar " (kind) " k" (nth) (is_selected) } aria-label=(label) aria-current=[current] {
            (children)
        }
    }
}

/// What a bar tells while it is pointed at or has the focus. The first line is its title.
pub(super) fn tip(x: Percent, lines: &[String]) -> Markup {
    const MOST: usize = 40;
    // Near the right edge it opens to the left.
    let dx = if x.0 > 7_000 { -190 } else { 0 };
    let cut = |text: &str| {
        if text.chars().count() > MOST { text.chars().take(MOST - 1).chain(['…']).collect() } else { text.to_owned() }
    };
    // Where it opens upwards, the style sheet goes by how many lines it has.
    html! {
        svg class={ "tip l" (lines.len()) } x=(x) y="64" aria-hidden="true" {
            rect x=(dx) width="236" height=(12 + 16 * lines.len()) rx="6" {}
            @for (n, text) in lines.iter().enumerate() {
                text class=[(n == 0).then_some("tip-t")] x=(dx + 10) y=(18 + 16 * n) { (cut(text)) }
            }
        }
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
pub(super) fn number(x: Percent, a: &Attempt) -> Markup {
    html! { text class={ "num " (kind(a)) } x=(x) dx="20" y="42" aria-hidden="true" { (a.attempt) } }
}

/// The bar of an attempt of `turn`.
pub(super) fn attempt(lab: Lab<'_>, turn: u64, nth: usize, x: Percent, w: Percent, a: &Attempt) -> Markup {
    let kind = kind(a);
    let icon = match kind {
        "ok" => "#i-check",
        "fail" => "#i-cross",
        _ => "#i-dot",
    };
    // What has ended moves no more.
    let now = if kind == "run" { (lab.now)() } else { 0 };
    let flagged = matches!(a.state, AttemptState::Failed { cause, .. } if cause.simulated);
    let children = html! {
        rect.face x=(x) y="24" width=(w) height="28" rx="3" {}
        @if kind == "fail" { use.tear href="#tear" x=(Percent(x.0 + w.0)) y="24" {} }
        (name_above(x, a.operation, flagged))
        (calls::calls(x, w, a, now))
        svg x=(x) y="0" {
            use.mark href=(icon) x="5" y="32" width="12" height="12" {}
            @if flagged { path.flag d=(FLAG) {} }
        }
        (tip(x, &told(a)))
    };
    selecting(lab, BarId::of_attempt(turn, a), kind, nth, &words::attempt_label(turn, a), &children)
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

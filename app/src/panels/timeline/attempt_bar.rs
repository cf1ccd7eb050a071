//! The bar of one attempt: its mark and number, its operation above, torn where it failed, flagged where that was on
//! purpose, the sidecar's calls under it.

use leptos::prelude::*;

use super::{
    bar::{FLAG, OperationName, SelectingBar, Tip},
    call_words,
    calls::CallMarks,
    context::AxisClock,
    scale::Percent,
    words,
};
use model::timeline::{Attempt, AttemptState, BarId};

const fn kind(a: &Attempt) -> &'static str {
    match a.state {
        AttemptState::Running => "run",
        AttemptState::Succeeded { .. } => "ok",
        AttemptState::Failed { .. } => "fail",
    }
}

/// The bar of an attempt.
#[component]
pub(super) fn AttemptBar(
    /// The number of its turn.
    turn: u64,
    /// The attempt.
    attempt: Attempt,
    /// Its place in its row.
    nth: usize,
    /// Its left edge.
    x: Percent,
    /// Its width.
    w: Percent,
    /// Whether it is the one that the detail shows.
    selected: bool,
    /// Whether it is the one that a key leads to.
    leads: bool,
    /// The axis' clock.
    clock: AxisClock,
) -> impl IntoView {
    let kind = kind(&attempt);
    let icon = match kind {
        "ok" => "#i-check",
        "fail" => "#i-cross",
        _ => "#i-dot",
    };
    let flagged = matches!(attempt.state, AttemptState::Failed { cause, .. } if cause.simulated);
    let tear = (kind == "fail").then(|| {
        let x = Percent(x.0 + w.0).to_string();
        view! { <use_ class="tear" href="#tear" x=x y="24"></use_> }
    });
    let (bar, label) = (BarId::of_attempt(turn, &attempt), words::attempt_label(turn, &attempt));
    let (operation, lines) = (attempt.operation, tip_lines(&attempt));
    view! {
        <SelectingBar bar kind nth label selected leads>
            <rect class="face" x=x.to_string() y="24" width=w.to_string() height="28" rx="3"></rect>
            {tear}
            <OperationName x operation flagged />
            {(!attempt.calls.is_empty()).then(|| view! { <CallMarks x w attempt clock /> })}
            <svg x=x.to_string() y="0">
                <use_ class="mark" href=icon x="5" y="32" width="12" height="12"></use_>
                {flagged.then(|| view! { <path class="flag" d=FLAG></path> })}
            </svg>
            <Tip x lines />
        </SelectingBar>
    }
}

/// The attempt's number on its bar. It stands beside the link and not in it: in the link's name it is said in words.
#[component]
pub(super) fn AttemptNumber(
    /// The attempt.
    attempt: Attempt,
    /// The bar's left edge.
    x: Percent,
) -> impl IntoView {
    view! {
        <text class=format!("num {}", kind(&attempt)) x=x.to_string() dx="20" y="42" aria-hidden="true">
            {attempt.attempt.to_string()}
        </text>
    }
}

fn tip_lines(a: &Attempt) -> Vec<String> {
    let title = |outcome| format!("{}, attempt {} of {}: {outcome}", words::title(a.operation), a.attempt, a.max);
    let mut lines = match &a.state {
        AttemptState::Running => vec![title("under way")],
        AttemptState::Succeeded { took_us } => vec![title("succeeded"), words::lasted(*took_us)],
        AttemptState::Failed { error, cause, took_us, .. } => {
            let (who, place) = words::cause(*cause);
            vec![title("failed"), error.clone(), format!("{who}, {place} · {}", words::lasted(*took_us))]
        }
    };
    lines.extend(call_words::in_short(a));
    lines
}

//! The sidecar's own calls to the store, nested under the bar of the attempt that they belong to.

use leptos::prelude::*;

use super::{context::AxisClock, layout::Plot, scale::Percent};
use model::timeline::{Attempt, AttemptState};

/// The whole bar.
const WHOLE: u64 = 1_000;
/// The least width of a mark, in thousandths of a pixel.
const LEAST: u64 = 4_000;

/// One call's mark: from where to where in thousandths of the bar, and whether Redis carried it out.
type Place = (u64, u64, bool);

/// Where the calls lie under the bar: to scale with each other, never too short to be seen, and side by side where
/// there are more than that leaves room for. `wide` is the bar's width in nominal pixels.
fn places(a: &Attempt, now: u64, wide: u64) -> Vec<Place> {
    let took_us = match a.state {
        AttemptState::Running => now.saturating_sub(a.started_at) * 1_000,
        AttemptState::Failed { took_us, .. } | AttemptState::Succeeded { took_us } => took_us,
    };
    // Clocks to the millisecond: a call may seem to end a little after its attempt.
    let began = a.started_at * 1_000;
    let last = a.calls.iter().map(|seen| seen.ended_at * 1_000).max().unwrap_or_default();
    let whole = took_us.max(last.saturating_sub(began)).max(1);
    let mut calls: Vec<Place> = a
        .calls
        .iter()
        .map(|seen| {
            let end = (seen.ended_at * 1_000).saturating_sub(began).min(whole);
            let begin = end.saturating_sub(seen.call.took_us);
            (begin * WHOLE / whole, end * WHOLE / whole, seen.call.ok())
        })
        .collect();
    calls.sort_unstable();
    let (least, mut free) = (LEAST / wide.max(1), 0);
    for (from, to, _) in &mut calls {
        *from = (*from).min(WHOLE.saturating_sub(least)).max(free);
        *to = (*to).max(*from + least);
        free = *to;
    }
    if free > WHOLE {
        let each = WHOLE / calls.len() as u64;
        for (n, (from, to, _)) in (0..).zip(&mut calls) {
            (*from, *to) = (n * each, (n + 1) * each);
        }
    }
    calls
}

/// The marks of an attempt's calls: a low one was answered, a high one was not. What they say is in the bar's name, its
/// tip and its detail.
#[component]
pub(super) fn CallMarks(
    /// The attempt.
    attempt: Attempt,
    /// The bar's left edge.
    x: Percent,
    /// Its width.
    w: Percent,
    /// The axis' clock.
    clock: AxisClock,
) -> impl IntoView {
    let wide = w.0.unsigned_abs() as f64 / 10_000.0 * Plot::WIDE.width;
    let marks = move || {
        // What has ended moves no more.
        let now = if attempt.state == AttemptState::Running { clock.time.get() } else { 0 };
        places(&attempt, now, wide as u64).into_iter().map(mark).collect::<Vec<_>>()
    };
    view! {
        <svg class="calls" x=x.to_string() y="55" width=w.to_string() height="7">
            {marks}
        </svg>
    }
}

fn mark((from, to, ok): Place) -> impl IntoView {
    // A thousandth of the bar is ten hundredths of a percent of it.
    let percent = |thousandths: u64| Percent(i32::try_from(10 * thousandths).unwrap_or(i32::MAX)).to_string();
    let (class, height) = if ok { ("c-ok", "3") } else { ("c-fail", "7") };
    // A fifth of each is the gap to the next.
    view! { <rect class=class x=percent(from) width=percent((to - from) * 4 / 5) height=height></rect> }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        operation::Operation,
        timeline::EndedCall,
        wire::{CallOutcome, SeenCall},
    };

    fn seen(ended_at: u64, took_ms: u64, outcome: CallOutcome) -> EndedCall {
        let (command, keys) = ("HGETALL".to_owned(), vec!["history-user1".to_owned()]);
        EndedCall { ended_at, call: SeenCall { command, keys, outcome, took_us: took_ms * 1_000 } }
    }

    fn attempt(took_ms: u64, calls: Vec<EndedCall>) -> Attempt {
        let state = AttemptState::Succeeded { took_us: took_ms * 1_000 };
        Attempt { operation: Operation::Load, attempt: 1, max: 3, started_at: 10_000, state, hit: None, calls }
    }

    #[test]
    fn calls_lie_where_they_were_in_their_attempt() {
        let calls = vec![seen(12_000, 2_000, CallOutcome::NoAnswer), seen(14_000, 1_000, CallOutcome::Ok)];
        assert_eq!(places(&attempt(4_000, calls), 0, 36), [(0, 500, false), (750, 1_000, true)]);
    }

    #[test]
    fn the_shortest_call_can_be_seen_and_calls_do_not_cover_each_other() {
        let calls = vec![seen(10_000, 0, CallOutcome::Refused), seen(10_000, 0, CallOutcome::Refused)];
        assert_eq!(places(&attempt(4_000, calls), 0, 36), [(0, 111, false), (111, 222, false)]);
    }

    #[test]
    fn under_a_wide_bar_many_calls_keep_their_places() {
        let calls = (1..=16).map(|n| seen(10_000 + n * 200, 10, CallOutcome::NoAnswer)).collect();
        let places = places(&attempt(3_200, calls), 0, 140);
        assert_eq!((places[0], places[15]), ((59, 87, false), (972, 1_000, false)));
    }

    #[test]
    fn more_calls_than_there_is_room_for_stand_side_by_side() {
        let calls = (0..16).map(|n| seen(10_000 + n, 1, CallOutcome::Refused)).collect();
        let places = places(&attempt(16, calls), 0, 36);
        assert_eq!((places[0], places[15]), ((0, 62, false), (930, 992, false)));
    }

    #[test]
    fn a_call_that_seems_to_end_after_its_attempt_stays_under_its_bar() {
        let places = places(&attempt(1, vec![seen(10_002, 1, CallOutcome::Ok)]), 0, 36);
        assert_eq!(places, [(500, 1_000, true)]);
    }
}

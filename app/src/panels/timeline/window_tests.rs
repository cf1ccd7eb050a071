//! What the drawing holds, in the situations that the lesson leads to.

use super::{super::samples, *};
use model::{
    fault::FaultStatus,
    lesson::prediction::{Stored, predict},
    operation::Operation,
    policy::RetryPolicy,
    timeline::AttemptState,
};

fn lesson() -> Prediction {
    predict(&FaultStatus::lesson(), RetryPolicy::LESSON, 1, Stored::default())
}

fn used_up() -> Prediction {
    let off = FaultStatus { on: false, ..FaultStatus::lesson() };
    predict(&off, RetryPolicy::LESSON, 1, Stored::default())
}

/// The mock's moment: turn 1 recovered, turn 2 waits, turn 3 is queued.
fn the_lab() -> (Vec<Turn>, u64) {
    (vec![samples::recovered(1, 1_000), samples::waiting(2, 40_000), samples::queued(3, 40_200)], 40_600)
}

fn wide(items: &[Item]) -> Vec<(&'static str, i32, i32)> {
    let place = |item: &Item| match item {
        Item::Activated(x) => ("activated", x.0, 0),
        Item::Queue(Queue { x, to, .. }) => ("queue", x.0, to.map_or(10_000, |to| to.0) - x.0),
        Item::Attempt(x, w, _) => ("attempt", x.0, w.0),
        Item::Wait(x, w, _) => ("wait", x.0, w.0),
        Item::Hold(x, w, _) => ("hold", x.0, w.0),
        Item::Ghost(x, w, _) => ("ghost", x.0, w.0),
        Item::Reply(x) => ("reply", x.0, 0),
        Item::GaveUp(x) => ("gave up", x.0, 0),
    };
    items.iter().map(place).collect()
}

fn names(items: &[Item]) -> Vec<&'static str> {
    wide(items).into_iter().map(|(name, ..)| name).collect()
}

#[test]
fn turns_share_the_axis_and_idle_time_between_them_is_folded() {
    let (turns, now) = the_lab();
    let drawing = draw(&turns, Some(&used_up()), true, now, Plot::WIDE);
    assert_eq!(
        names(drawing.row(1).unwrap()),
        ["activated", "attempt", "wait", "attempt", "attempt", "attempt", "reply"]
    );
    assert_eq!(names(drawing.row(2).unwrap()), ["activated", "attempt", "wait", "ghost", "ghost", "ghost"]);
    assert_eq!(names(drawing.row(3).unwrap()), ["queue"]);
    assert_eq!(drawing.marks.folds.len(), 1);
    assert!(drawing.marks.labels.iter().any(|(_, kind)| kind.text(0) == "37 s idle"), "{:?}", drawing.marks.labels);
}

#[test]
fn now_lies_inside_the_wait_and_waits_are_to_scale() {
    let (turns, now) = the_lab();
    let drawing = draw(&turns, Some(&used_up()), true, now, Plot::WIDE);
    let row = wide(drawing.row(2).unwrap());
    let (_, x, w) = row[2];
    let at = drawing.now(now).unwrap().0;
    let part = f64::from(at - x) / f64::from(w);
    assert!((part - 0.6).abs() < 0.02, "600 of 1000 ms are gone, now lies at {part}");
    let (_, _, first) = wide(drawing.row(1).unwrap())[2];
    assert!((w - first).abs() < 30, "both waits last a second: {first} and {w}");
}

#[test]
fn bars_do_not_overlap_and_stay_on_the_plot() {
    let (turns, now) = the_lab();
    for plot in [Plot::WIDE, Plot::NARROW] {
        let drawing = draw(&turns, Some(&used_up()), true, now, plot);
        for (number, items) in &drawing.rows {
            let mut end = 0;
            for (name, x, w) in wide(items).into_iter().filter(|(_, _, w)| *w > 0) {
                assert!(x >= end - 1 && x + w <= 10_001, "turn {number}: {name} at {x}, {w} wide, after {end}");
                end = x + w;
            }
        }
    }
}

#[test]
fn real_bars_replace_the_predicted_ones_in_place() {
    let (mut turns, now) = the_lab();
    turns.remove(0);
    let before = wide(draw(&turns, Some(&used_up()), true, now, Plot::WIDE).row(2).unwrap());
    turns[0] = samples::recovered(2, 40_000);
    turns[0].ended_at = None;
    turns[0].outcome = Outcome::Running;
    let after = wide(draw(&turns, Some(&used_up()), true, now, Plot::WIDE).row(2).unwrap());
    for ((_, x, w), (_, x2, w2)) in before.iter().zip(&after).skip(3) {
        assert!((x - x2).abs() <= 30 && (w - w2).abs() <= 30, "{x},{w} became {x2},{w2}");
    }
}

#[test]
fn an_untouched_lab_shows_the_coming_turn() {
    let drawing = draw(&[], Some(&lesson()), true, 0, Plot::WIDE);
    assert_eq!(names(&drawing.next.unwrap()), ["ghost", "ghost", "ghost", "ghost", "ghost", "reply"]);
    assert_eq!(drawing.marks.labels.iter().map(|(_, kind)| kind.text(0)).next().unwrap(), "0 s");
}

#[test]
fn after_a_failed_turn_the_next_try_is_drawn_behind_the_idle_time() {
    let turns = [samples::recovered(1, 1_000), samples::exhausted(2, 40_000)];
    let drawing = draw(&turns, Some(&used_up()), true, 51_000, Plot::WIDE);
    assert!(drawing.row(1).is_none(), "there is no room for both");
    assert_eq!(names(drawing.row(2).unwrap()).last(), Some(&"gave up"));
    let next = wide(drawing.next.as_ref().unwrap());
    assert_eq!(next.len(), 3);
    assert!(drawing.now(51_000).unwrap().0 < next[0].1);
    assert_eq!(drawing.now(51_000), drawing.now(99_000), "now stands still while nothing runs");
    assert!(draw(&turns, Some(&used_up()), false, 51_000, Plot::WIDE).next.is_none(), "no message, no row");
}

#[test]
fn a_finished_turn_has_no_now() {
    let drawing = draw(&[samples::recovered(1, 0)], Some(&used_up()), true, 9_000, Plot::WIDE);
    assert_eq!((drawing.now(9_000), drawing.next), (None, None));
}

#[test]
fn a_narrow_plot_shows_the_last_turn_alone_with_bars_that_can_be_pressed() {
    let turns = [samples::recovered(1, 1_000), samples::exhausted(2, 40_000)];
    let drawing = draw(&turns, Some(&used_up()), true, 51_000, Plot::NARROW);
    assert_eq!(drawing.rows.len(), 1);
    let least = 28.0 / Plot::NARROW.width * 10_000.0;
    for (name, _, w) in wide(drawing.row(2).unwrap()).into_iter().filter(|(name, ..)| *name == "attempt") {
        assert!(f64::from(w) >= least, "{name} is {w} wide");
    }
}

#[test]
fn many_turns_leave_only_the_last_ones_on_the_axis() {
    let mut turns: Vec<Turn> = (1..=200).map(|n| samples::quick(n, n * 10_000)).collect();
    turns.push(samples::queued(201, 2_000_001));
    let drawing = draw(&turns, Some(&used_up()), true, 2_000_100, Plot::WIDE);
    let rows: Vec<u64> = drawing.rows.iter().map(|(number, _)| *number).collect();
    assert!(rows.len() <= Plot::WIDE.turns + 1 && rows.ends_with(&[200, 201]), "{rows:?}");
}

#[test]
fn a_slow_attempt_is_drawn_to_scale() {
    let mut turn = samples::waiting(1, 0);
    turn.waits.clear();
    turn.attempts[0].state = AttemptState::Running;
    turn.attempts[0].operation = Operation::Load;
    let at = |now| {
        let drawing = draw(std::slice::from_ref(&turn), Some(&used_up()), true, now, Plot::WIDE);
        wide(drawing.row(1).unwrap()).into_iter().find(|(name, ..)| *name == "attempt").unwrap().2
    };
    assert_eq!(at(10), at(100), "a fast one has its fixed width");
    assert!(at(1_500) > 3 * at(100), "a slow one grows");
}

#[test]
fn a_held_attempt_has_a_bar_of_its_own_after_its_wait_and_now_runs_along_it() {
    let turns = [samples::held(1, 1_000)];
    let drawing = draw(&turns, Some(&used_up()), true, 3_000, Plot::WIDE);
    let row = wide(drawing.row(1).unwrap());
    let kinds: Vec<_> = row.iter().map(|(name, ..)| *name).collect();
    assert_eq!(kinds, ["activated", "attempt", "wait", "hold", "ghost", "ghost", "ghost"]);
    let (_, x, w) = row[3];
    assert_eq!(row[2].1 + row[2].2, x, "the wait ends where the hold begins");
    let at = |now| drawing.now(now).unwrap().0;
    assert_eq!(at(2_001), x);
    assert!((at(17_001) - (x + w / 2)).abs() < 5, "half of its 30 s are over");
    assert_eq!(at(40_000), x + w, "past its end it stays there");
}

#[test]
fn a_hold_that_is_over_takes_little_room_and_the_waits_keep_their_scale() {
    let (held, free) = ([samples::released(1, 1_000)], [samples::recovered(1, 1_000)]);
    let row = |turns: &[Turn]| wide(draw(turns, None, false, 20_000, Plot::WIDE).row(1).unwrap());
    let (held, free) = (row(&held), row(&free));
    assert_eq!(held.iter().map(|(name, ..)| *name).collect::<Vec<_>>()[1..5], ["attempt", "wait", "hold", "attempt"]);
    assert!(held[3].2 * 3 < held[2].2, "12 s of holding are narrower than a wait of 1 s: {held:?}");
    assert_eq!(held[2].2, free[2].2);
}

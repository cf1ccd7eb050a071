//! What the rows hold, and which of them stay the same.

use super::{
    super::{layout::Plot, samples, window::draw},
    *,
};

fn made(turns: &[Turn], selected: Option<&str>, before: &[Arc<Row>]) -> Vec<Arc<Row>> {
    let now = turns.iter().filter_map(|turn| turn.ended_at.or(turn.started_at)).max().unwrap_or_default();
    let drawing = draw(turns, None, false, now, Plot::WIDE);
    let selected = selected.and_then(|bar| bar.parse().ok());
    let end_of = |turn: &Turn| Some(turn.until);
    rows(&Source { turns, drawing: &drawing, selected, next: None, end_of: &end_of }, before)
}

/// The numbers of the rows that are not the same as before.
fn changed(before: &[Arc<Row>], now: &[Arc<Row>]) -> Vec<u64> {
    let is_new = |row: &&Arc<Row>| !before.iter().any(|old| Arc::ptr_eq(old, row));
    now.iter().filter(is_new).map(|row| row.key).collect()
}

fn twenty() -> Vec<Turn> {
    (1..=20).map(|n| samples::quick(n, n * 600_000)).collect()
}

#[test]
fn a_row_changes_with_its_own_turn_and_with_no_other() {
    let mut turns = twenty();
    let before = made(&turns, None, &[]);
    assert_eq!(before.len(), 20);
    assert!(changed(&before, &made(&turns, None, &before)).is_empty());
    for of in [3, 20] {
        turns[of - 1].content = Some("Another message".to_owned());
        turns[of - 1].seq += 1;
        let now = made(&turns, None, &before);
        assert_eq!(now[of - 1].head.as_ref().unwrap().subject, "Another message");
        assert_eq!(changed(&before, &now).last(), Some(&(of as u64)));
    }
    assert_eq!(changed(&before, &made(&turns, None, &before)), [3, 20]);
}

#[test]
fn a_selection_changes_the_row_that_it_leaves_and_the_one_that_it_comes_to() {
    let turns = twenty();
    let before = made(&turns, Some("t3-load-1"), &[]);
    let now = made(&turns, Some("t20-load-1"), &before);
    assert_eq!(changed(&before, &now), [3, 20]);
    assert_eq!(now[19].look.class(), "turn sel newest tips-up");
    assert_eq!(now[2].look.class(), "turn short past");
}

#[test]
fn a_turn_off_the_axis_says_how_long_ago_it_was_and_leads_to_its_telling_bar() {
    let mut turns = twenty();
    turns[0] = samples::exhausted(1, 600_000);
    let rows = made(&turns, None, &[]);
    let Body::Earlier { ago, bar, marks } = &rows[0].body else { panic!("{:?}", rows[0]) };
    assert!(ago.ends_with(" earlier"), "{ago}");
    assert_eq!((*bar, marks.len()), ("t1-load-3".parse().ok(), 5));
    assert_eq!(rows[0].head.as_ref().unwrap().words, "failed, 3 attempts, 2.003 s");
}

#[test]
fn of_many_queued_turns_the_rows_are_low_and_the_running_one_stays_in_sight() {
    let mut turns = vec![samples::waiting(1, 1_000)];
    turns.extend((2..=6).map(|n| samples::queued(n, 1_000 + n)));
    let rows = made(&turns, None, &[]);
    assert_eq!(rows[0].look.class(), "turn torn hold sel");
    assert_eq!(rows[5].look.class(), "turn short low newest tips-up");
    assert!(matches!(&rows[5].body, Body::Bars(bars) if bars.low));
}

//! Going along the time: pause, replay, older and newer turns, and any moment between. A form, so that it works without
//! script; the drawing itself is made from the events in either case.

use leptos::prelude::*;
use maud::{Markup, html};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};

use super::bar_id::find;
use crate::{
    format::clock,
    icons::symbol,
    live::{
        moment,
        replay::{self, SLOWER},
        store::Store,
    },
};

/// The turn that is drawn last, and those beside it.
struct Place {
    turn: u64,
    older: Option<u64>,
    newer: Option<u64>,
    newest: u64,
}

fn place(store: Store) -> Place {
    let (turn, older) = store.turns.with(|turns| {
        let mut begun = turns.iter().rev().filter(|turn| turn.started_at.is_some()).map(|turn| turn.number);
        let queued = turns.last().map(|turn| turn.number);
        (begun.next().or(queued).unwrap_or_default(), begun.next())
    });
    let is_past = store.is_past();
    store.events.with(|events| {
        let newer = is_past.then(|| moment::next_turn(events, turn)).flatten();
        let newest = events.iter().rev().find_map(|event| event.step.turn()).unwrap_or_default();
        Place { turn, older, newer, newest }
    })
}

/// The end of a turn as the form sends it.
fn end_of(store: Store, turn: u64) -> Option<u64> {
    if store.is_past() {
        store.events.with(|events| moment::of_turn(events, turn)).map(|(_, end)| end.seq)
    } else {
        store.turns.with(|turns| find(turns, turn).map(|turn| turn.until))
    }
}

/// Does what a button of the form is for; says whether one was pressed.
pub(crate) fn pressed(store: Store, at: &Element) -> bool {
    let Ok(Some(button)) = at.closest(".tl-tools button") else { return false };
    let is = |class| button.class_list().contains(class);
    let turn = |of: fn(Place) -> Option<u64>| {
        if let Some(turn) = of(untrack(|| place(store))) {
            store.show_turn(turn);
        }
    };
    if is("tl-pause") {
        store.pause();
    } else if is("tl-replay") {
        replay::start(store);
    } else if is("tl-older") {
        turn(|place| place.older);
    } else {
        turn(|place| place.newer);
    }
    true
}

/// Goes where the slider is, or takes the speed that was chosen, if `field` is one of these.
pub(crate) fn moved(store: Store, field: &Element) {
    // A choice has a value just as the slider has.
    let value = || field.unchecked_ref::<HtmlInputElement>().value().parse::<u64>();
    let is = |selector| field.matches(selector).unwrap_or_default();
    if is(".tl-scrub input") {
        let seq = value().unwrap_or_default();
        store.go(store.events.with_untracked(|events| moment::at(events, seq)));
    } else if is(".tl-scrub select") {
        store.slower.set(value().ok().and_then(|slower| slower.try_into().ok()).unwrap_or(1));
    }
}

/// The buttons in the timeline's head, and the slider.
pub(super) fn tools(store: Store) -> Markup {
    let Place { turn, older, newer, newest } = place(store);
    let (past, halted, scripted) = (store.is_past(), store.is_halted(), store.mounted.get());
    // Where the script goes along the time, the form need not know how far it is: it stays as it is while turns go by.
    let told = !scripted || past;
    let seq_of = store.events.with(|events| events.first().zip(events.last()).map(|(a, b)| (a.seq, b.seq)));
    let (first, last) = seq_of.filter(|_| told).unzip();
    let drawn = store.moment.get().map(|moment| moment.seq).or(last);
    let end_of = |turn: Option<u64>| turn.filter(|_| told).and_then(|turn| end_of(store, turn));
    let words = past.then(|| format!("Turn {turn} of {newest}, {}", clock(store.clock.get(), store.utc_offset_min)));
    let (icon, word, title) = if halted {
        ("#i-play", "Live", "Show what happens now")
    } else {
        ("#i-pause", "Pause", "Freeze the picture; events go on being kept")
    };
    html! {
        form.tl-tools action={ "/lab/" (store.actor_id()) } method="get" hidden[newest == 0] {
            button.btn.quiet.tl-pause type="submit" name=[(!past).then_some("at")] value=[last] title=(title) {
                (symbol(icon)) span { (word) }
            }
            button.btn.quiet.tl-replay.scripted type="button" title="Show the last turn once more, as it went" {
                (symbol("#i-replay")) span { "Replay" }
            }
            button.btn.quiet.tl-older type="submit" name="at" value=[end_of(older)]
                title="Show the turn before" hidden[older.is_none()] { (symbol("#i-older")) span { "Older" } }
            button.btn.quiet.tl-newer type="submit" name="at" value=[end_of(newer)]
                title="Show the turn after" hidden[newer.is_none()] { (symbol("#i-newer")) span { "Newer" } }
            span.tl-scrub hidden[!past] {
                // The value comes last: the slider keeps it between its ends.
                input type="range" aria-label="Moment" aria-valuetext=[words.as_ref()] autocomplete="off" min=[first]
                    max=[last] value=[drawn] hidden[!scripted];
                span.select hidden[!scripted] {
                    select aria-label="Speed of a replay" autocomplete="off" {
                        @for slower in SLOWER {
                            option value=(slower) {
                                @if slower == 1 { "as it was" } @else { (slower) "× slower" }
                            }
                        }
                    }
                    (symbol("#i-chevron"))
                }
                span.note { @if let Some(words) = &words { (words) } }
            }
        }
    }
}

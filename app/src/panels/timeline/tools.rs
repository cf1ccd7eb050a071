//! Going along the time: pause, replay, older and newer turns, and any moment between. A form, so that it works without
//! script; the drawing itself is made from the events in either case.

use leptos::{ev, prelude::*};

use super::bar_id::find;
use crate::{
    format::clock,
    icons::icon,
    live::{
        moment,
        replay::{self, SLOWER},
        store::Store,
    },
};

/// The turn that is drawn last, and those beside it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
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
fn end_of(store: Store, turn: Option<u64>) -> Option<String> {
    let turn = turn?;
    let end = if store.is_past() {
        store.events.with(|events| moment::of_turn(events, turn)).map(|(_, end)| end.seq)
    } else {
        store.turns.with(|turns| find(turns, turn).map(|turn| turn.until))
    };
    end.map(|seq| seq.to_string())
}

/// The buttons in the timeline's head.
pub(super) fn tools() -> impl IntoView {
    let store = expect_context::<Store>();
    let place = Memo::new(move |_| place(store));
    let past = Memo::new(move |_| store.is_past());
    let halted = Memo::new(move |_| store.is_halted());
    let pause = move |event: ev::MouseEvent| {
        event.prevent_default();
        store.pause();
    };
    let turn = |of: fn(Place) -> Option<u64>| {
        move |event: ev::MouseEvent| {
            event.prevent_default();
            if let Some(turn) = of(place.get_untracked()) {
                store.show_turn(turn);
            }
        }
    };
    let words = move || {
        past.get().then(|| {
            let Place { turn, newest, .. } = place.get();
            format!("Turn {turn} of {newest}, {}", clock(store.clock.get(), store.utc_offset_min))
        })
    };
    let first = move || store.events.with(|events| events.first().map(|event| event.seq));
    let last = move || store.events.with(|events| events.last().map(|event| event.seq));
    let drawn = move || store.moment.get().map(|moment| moment.seq).or_else(last);
    let scrub = move |event: ev::Event| {
        let seq = event_target_value(&event).parse().unwrap_or_default();
        store.go(store.events.with_untracked(|events| moment::at(events, seq)));
    };
    let speeds = SLOWER.map(|slower| {
        let words = if slower == 1 { "as it was".to_owned() } else { format!("{slower}× slower") };
        view! { <option value=slower.to_string()>{words}</option> }
    });
    view! {
        <form
            class="tl-tools"
            action=format!("/lab/{}", store.actor_id())
            method="get"
            hidden=move || place.get().newest == 0
        >
            <button
                class="btn quiet tl-pause"
                type="submit"
                name=move || (!past.get()).then_some("at")
                value=move || last().map(|seq| seq.to_string())
                title=move || if halted.get() { "Show what happens now" } else { "Freeze the picture; events go on being kept" }
                on:click=pause
            >
                {move || icon(if halted.get() { "#i-play" } else { "#i-pause" })}
                <span>{move || if halted.get() { "Live" } else { "Pause" }}</span>
            </button>
            <button
                class="btn quiet tl-replay scripted"
                type="button"
                title="Show the last turn once more, as it went"
                on:click=move |_| replay::start(store)
            >
                {icon("#i-replay")}
                <span>"Replay"</span>
            </button>
            <button
                class="btn quiet tl-older"
                type="submit"
                name="at"
                value=move || end_of(store, place.get().older)
                title="Show the turn before"
                hidden=move || place.get().older.is_none()
                on:click=turn(|place| place.older)
            >
                {icon("#i-older")}
                <span>"Older"</span>
            </button>
            <button
                class="btn quiet tl-newer"
                type="submit"
                name="at"
                value=move || end_of(store, place.get().newer)
                title="Show the turn after"
                hidden=move || place.get().newer.is_none()
                on:click=turn(|place| place.newer)
            >
                {icon("#i-newer")}
                <span>"Newer"</span>
            </button>
            <span class="tl-scrub" hidden=move || !past.get()>
                <input
                    type="range"
                    aria-label="Moment"
                    aria-valuetext=words
                    autocomplete="off"
                    min=first
                    max=last
                    prop:max=last
                    prop:value=drawn
                    hidden=move || !store.mounted.get()
                    on:input=scrub
                />
                <span class="select" hidden=move || !store.mounted.get()>
                    <select
                        aria-label="Speed of a replay"
                        autocomplete="off"
                        on:change=move |event| store.slower.set(event_target_value(&event).parse().unwrap_or(1))
                    >
                        {speeds}
                    </select>
                    {icon("#i-chevron")}
                </span>
                <span class="note">{words}</span>
            </span>
        </form>
    }
}

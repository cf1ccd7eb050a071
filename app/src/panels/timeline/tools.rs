//! Going along the time: pause, replay, older and newer turns, and any moment between. A form, so that it works without
//! script; what is shown is made from the events in either case.

use leptos::{
    ev::{Event, MouseEvent},
    prelude::*,
};

use crate::{
    components::{FocusTargets, Icon},
    format::clock,
    state::{
        lab::LabState,
        playback::{PlaybackState, SLOWER, next_turn, span_of_turn},
        timeline::TimelineState,
        view::ViewState,
    },
};
use model::timeline::find_turn;

/// The turn that is shown last, and those beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    turn: u64,
    older: Option<u64>,
    newer: Option<u64>,
    newest: u64,
}

fn place(timeline: TimelineState, playback: PlaybackState) -> Place {
    let (turn, older) = timeline.turns.with(|turns| {
        let mut begun = turns.iter().rev().filter(|turn| turn.started_at.is_some()).map(|turn| turn.number);
        let queued = turns.last().map(|turn| turn.number);
        (begun.next().or(queued).unwrap_or_default(), begun.next())
    });
    let is_past = playback.is_past();
    timeline.events.with(|events| {
        let newer = is_past.then(|| next_turn(events, turn)).flatten();
        let newest = events.iter().rev().find_map(|event| event.step.turn()).unwrap_or_default();
        Place { turn, older, newer, newest }
    })
}

/// Whether there is anything to go along: a turn, whatever moment is shown.
pub(in crate::panels) fn has_turns_untracked(timeline: TimelineState) -> bool {
    timeline.events.with_untracked(|events| events.iter().any(|event| event.step.turn().is_some()))
}

/// The turn before the one that is shown last.
pub(in crate::panels) fn older_turn_untracked(timeline: TimelineState, playback: PlaybackState) -> Option<u64> {
    untrack(|| place(timeline, playback)).older
}

/// The turn after the one that is shown last.
pub(in crate::panels) fn newer_turn_untracked(timeline: TimelineState, playback: PlaybackState) -> Option<u64> {
    untrack(|| place(timeline, playback)).newer
}

/// The end of a turn as the form sends it.
fn end_of(timeline: TimelineState, playback: PlaybackState, turn: u64) -> Option<u64> {
    if playback.is_past() {
        timeline.events.with(|events| span_of_turn(events, turn)).map(|(_, end)| end.seq)
    } else {
        timeline.turns.with(|turns| find_turn(turns, turn).map(|turn| turn.until))
    }
}

/// The numbers of the first and of the last event, where the form needs them: where the script goes along the time, it
/// need not know how far that is, and stays as it is while turns go by.
fn ends(timeline: TimelineState, playback: PlaybackState, view: ViewState) -> Option<(u64, u64)> {
    if view.hydrated.get() && !playback.is_past() {
        return None;
    }
    timeline.events.with(|events| events.first().zip(events.last()).map(|(first, last)| (first.seq, last.seq)))
}

/// The buttons in the timeline's head, and the slider.
#[component]
pub(super) fn Tools() -> impl IntoView {
    let timeline = expect_context::<TimelineState>();
    let view = expect_context::<ViewState>();
    let playback = expect_context::<PlaybackState>();
    let lab = expect_context::<LabState>();
    let place = Memo::new(move |_| place(timeline, playback));
    let last = move || ends(timeline, playback, view).map(|(_, last)| last);
    let halted = move || playback.is_paused();
    let pause = move |click: MouseEvent| {
        click.prevent_default();
        playback.toggle_pause();
    };
    let replay = move |_| {
        if let Some(turn) = timeline.last_begun_untracked() {
            playback.replay(turn);
        }
    };
    view! {
        <form
            class="tl-tools"
            action=format!("/lab/{}", lab.actor())
            method="get"
            hidden=move || place.get().newest == 0
        >
            <button
                class="btn quiet tl-pause"
                type="submit"
                name=move || (!playback.is_past()).then_some("at")
                value=last
                title=move || {
                    if halted() { "Show what happens now" } else { "Freeze the picture; events go on being kept" }
                }
                on:click=pause
            >
                <svg class="i" aria-hidden="true">
                    <use_ href=move || if halted() { "#i-play" } else { "#i-pause" }></use_>
                </svg>
                <span>{move || if halted() { "Live" } else { "Pause" }}</span>
            </button>
            <button
                class="btn quiet tl-replay scripted"
                type="button"
                title="Show the last turn once more, as it went"
                on:click=replay
            >
                <Icon href="#i-replay" />
                <span>"Replay"</span>
            </button>
            <TurnButton
                class="btn quiet tl-older"
                title="Show the turn before"
                icon="#i-older"
                label="Older"
                turn=Signal::derive(move || place.get().older)
            />
            <TurnButton
                class="btn quiet tl-newer"
                title="Show the turn after"
                icon="#i-newer"
                label="Newer"
                turn=Signal::derive(move || place.get().newer)
            />
            <Scrubber place />
        </form>
    }
}

/// The button that shows an older or a newer turn.
#[component]
fn TurnButton(
    /// Its classes.
    class: &'static str,
    /// What it does.
    title: &'static str,
    /// The icon before its label.
    icon: &'static str,
    /// Its label.
    label: &'static str,
    /// The turn that it shows; without one the button is not there.
    turn: Signal<Option<u64>>,
) -> impl IntoView {
    let timeline = expect_context::<TimelineState>();
    let view = expect_context::<ViewState>();
    let playback = expect_context::<PlaybackState>();
    let end = move || {
        turn.get()
            .filter(|_| ends(timeline, playback, view).is_some())
            .and_then(|turn| end_of(timeline, playback, turn))
    };
    let show = move |click: MouseEvent| {
        click.prevent_default();
        if let Some(turn) = turn.get_untracked() {
            playback.show_turn(turn);
        }
    };
    view! {
        <button
            class=class
            type="submit"
            name="at"
            value=end
            title=title
            hidden=move || turn.get().is_none()
            on:click=show
        >
            <Icon href=icon />
            <span>{label}</span>
        </button>
    }
}

/// The slider to any moment, the speed of a replay, and where it is. While an earlier moment is shown.
#[component]
fn Scrubber(
    /// The turn that is shown last.
    place: Memo<Place>,
) -> impl IntoView {
    let playback = expect_context::<PlaybackState>();
    let lab = expect_context::<LabState>();
    let view = expect_context::<ViewState>();
    let words = Memo::new(move |_| {
        let Place { turn, newest, .. } = place.get();
        let clock = || clock(playback.time.get(), lab.utc_offset_min);
        playback.is_past().then(|| format!("Turn {turn} of {newest}, {}", clock()))
    });
    let choose_speed = move |event: Event| {
        playback.slower.set(event_target_value(&event).parse().unwrap_or(1));
    };
    let speeds = SLOWER.map(|slower| {
        let words = if slower == 1 { "as it was".to_owned() } else { format!("{slower}× slower") };
        view! { <option value=slower.to_string()>{words}</option> }
    });
    let scripted = move || view.hydrated.get();
    view! {
        <span class="tl-scrub" hidden=move || !playback.is_past()>
            <MomentSlider words />
            <span class="select" hidden=move || !scripted()>
                <select aria-label="Speed of a replay" autocomplete="off" on:input=choose_speed>
                    {speeds}
                </select>
                <Icon href="#i-chevron" />
            </span>
            <span class="note">{words}</span>
        </span>
    }
}

/// The slider. It cannot work without script.
#[component]
fn MomentSlider(
    /// Where it is, in words.
    words: Memo<Option<String>>,
) -> impl IntoView {
    let playback = expect_context::<PlaybackState>();
    let timeline = expect_context::<TimelineState>();
    let view = expect_context::<ViewState>();
    let slider = expect_context::<FocusTargets>().moment;
    let go = move |event: Event| {
        let seq = event_target_value(&event).parse().unwrap_or_default();
        playback.seek(seq);
    };
    // All at once, and the value last: the slider keeps it between its ends.
    move || {
        let (first, last) = ends(timeline, playback, view).unzip();
        let at = playback.get().position().map(|at| at.seq).or(last);
        view! {
            <input
                type="range"
                aria-label="Moment"
                aria-valuetext=words
                autocomplete="off"
                min=first
                max=last
                hidden=!view.hydrated.get()
                prop:value=at.map(|at| at.to_string())
                node_ref=slider
                on:input=go
            />
        }
    }
}

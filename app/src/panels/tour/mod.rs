//! The guided tour of a first visit: five steps, each of which points at something on the page and waits until the
//! learner has done it. It covers nothing, and everything can be done without it.
//!
//! The server renders what the steps say; the style sheet shows the one that `data-tour` on the document names, beside
//! what it points at. Here is only what decides which one that is.

#[cfg(feature = "ssr")]
mod callouts;

use std::time::Duration;

use leptos::prelude::*;

#[cfg(feature = "ssr")]
pub use self::callouts::Tour;
use crate::live::{dom, store::Store};
use model::timeline::Outcome;

/// Asks for an untouched lab: the tour begins in one.
const UNTOUCHED: u8 = 0;
/// The first step.
const FIRST: u8 = 1;
/// The steps from which on each is a check to be proven.
const PROOFS: u8 = 4;
/// Says where to go from here, once all is proven.
const GOODBYE: u8 = 7;
/// The cookie in which the browser keeps the step, or that it wants none.
const COOKIE: &str = "tour";

/// Begins the tour on the first visit of an untouched lab, or goes on where this browser was. In the browser alone.
pub(super) fn start(store: Store) {
    let at = RwSignal::new(None);
    Effect::new(move |_| {
        let kept = dom::find(".tour").and_then(|tour| tour.get_attribute("data-kept"));
        let first = untrack(|| store.is_untouched()).then_some(FIRST);
        at.set(kept.map_or(first, |step| step.parse().ok()));
        dom::listen("click", move |event| {
            let target = dom::target(event);
            let on = |what: &str| target.as_ref().is_some_and(|at| at.closest(what).is_ok_and(|found| found.is_some()));
            if on(".tour-skip") {
                at.set(None);
                dom::remember(COOKIE, "off");
            } else if on(".tour-again") {
                at.set(Some(UNTOUCHED));
            }
        });
    });
    let step = Memo::new(move |_| at.get().map(|at| reached(store, at)));
    let mut shown = None;
    Effect::new(move |_| {
        let step = step.get();
        if shown != step {
            shown = step;
            at.set(step);
            show(step);
        }
    });
}

/// Where a tour is that was at this step: what the learner has done meanwhile is behind it.
fn reached(store: Store, at: u8) -> u8 {
    let untouched = store.is_untouched();
    let done = |step: &u8| match *step {
        UNTOUCHED => untouched,
        1 => !untouched,
        2 => store.turns.with(|turns| {
            turns.iter().any(|turn| turn.had_failures() && matches!(turn.outcome, Outcome::Completed { .. }))
        }),
        3 => store.selected.with(Option::is_some),
        4 => store.check(2).is_passed(),
        5 => store.check(4).is_passed(),
        6 => store.check(5).is_passed(),
        _ => false,
    };
    // A lab that was reset meanwhile begins anew.
    let from = if untouched && (FIRST..GOODBYE).contains(&at) { FIRST } else { at };
    // Who went on to a check without pressing the bar is not called back to it.
    let proven = (PROOFS..GOODBYE).rev().find(done).filter(|_| from != UNTOUCHED);
    let from = proven.map_or(from, |step| from.max(step + 1));
    (from..GOODBYE).find(|step| !done(step)).unwrap_or(GOODBYE)
}

/// Shows a step, says it, brings what it points at into view, and keeps it for the next visit.
fn show(step: Option<u8>) {
    let name = step.map(|step| step.to_string());
    dom::mark_document("data-tour", name.as_deref());
    let (Some(step), Some(name)) = (step, name) else { return };
    dom::remember(COOKIE, if step == GOODBYE { "off" } else { &name });
    let Some(callout) = dom::find(&format!(".tour [data-step='{name}']")) else { return };
    if let Some(said) = dom::find(".tour-said") {
        // As it is written: to ask how it is shown would lay out the page in between.
        said.set_text_content(callout.text_content().as_deref());
    }
    if let Some(target) = callout.get_attribute("data-at").and_then(|at| dom::find(&at)) {
        // Once all is drawn that came with the step: a proof that unfolds moves what stands below it.
        set_timeout(move || dom::bring_near(&target), Duration::ZERO);
    }
}

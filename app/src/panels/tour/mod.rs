//! The guided tour of a first visit: five steps, each of which points at something on the page and waits until the
//! learner has done it. It covers nothing, and everything can be done without it.
//!
//! - [`state`]: which step it is at; [`callouts`]: what the steps say; [`steps`]: those that are told from the others
//!
//! The style sheet draws the ring around what a step points at, by `data-tour` on the lab.

mod callouts;
mod state;
mod steps;

use std::time::Duration;

use leptos::prelude::*;

pub use self::state::{COOKIE, TourState};
use self::steps::LEFT;
use crate::{components::LiveRegion, dom, state::lab::LabState};

/// The callout of the step that the tour is at.
#[component]
pub fn Tour(
    /// The tour.
    tour: TourState,
) -> impl IntoView {
    let step = tour.step();
    Effect::new(move |_| {
        if let Some(target) = step.get().and_then(|step| callouts::of_step(step).at) {
            // Once all is there that came with the step: a proof that unfolds moves what stands below it.
            set_timeout(move || dom::bring_near(target), Duration::ZERO);
        }
    });
    let skip = move |_| {
        tour.skip();
    };
    let callout = move |step| {
        let nth = callouts::place(step).map(|place| {
            view! {
                <span class="tour-nth">{place}</span>
                " "
            }
        });
        view! {
            <aside class="tour" aria-label="Guided tour">
                <div data-step=step>
                    {nth}
                    <b>{callouts::of_step(step).title}</b>
                    " "
                    <p>
                        <Words step />
                    </p>
                </div>
                <button class="link tour-skip" type="button" on:click=skip>
                    {if step < LEFT { "Skip the tour" } else { "Close" }}
                </button>
            </aside>
        }
    };
    let sentence = Signal::derive(move || step.get().map(callouts::sentence).unwrap_or_default());
    view! {
        {move || step.get().map(callout)}
        <LiveRegion class="tour-said" text=sentence />
    }
}

/// What there is to see; a deep dive is a link to all of them.
#[component]
fn Words(
    /// The step.
    step: u8,
) -> impl IntoView {
    let lab = expect_context::<LabState>();
    let words = callouts::of_step(step).words;
    let (before, after) = words.split_once("deep dive").unwrap_or((words, ""));
    let dives = (!after.is_empty()).then(|| view! { <a href=format!("/dives?actor={}", lab.actor())>"deep dive"</a> });
    view! {
        {before}
        {dives}
        {after}
    }
}

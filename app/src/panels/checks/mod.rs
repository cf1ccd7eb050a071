//! The lesson's five steps: what to do, a button that does it, and the evidence when it is proven.

mod action;
pub(crate) mod dives;
mod evidence;
mod help;
mod reset;
mod row;

use leptos::prelude::*;

use self::{reset::Reset, row::CheckRow};
use crate::{
    actions::LabActions,
    components::{ErrorLine, Icon},
    state::{lab::LabState, shown_lab::ShownLab},
};
use model::lesson::steps::STEPS;

/// The checklist.
#[component]
pub fn Checks() -> impl IntoView {
    let lab = expect_context::<LabState>();
    let shown = expect_context::<ShownLab>();
    let LabActions { reset, read_history, compare, .. } = expect_context();
    let rows = (1u8..).zip(&STEPS).map(|(number, step)| view! { <CheckRow number step /> });
    view! {
        <section class="panel checks" aria-labelledby="h-checks">
            <div class="panel-head">
                <h2 id="h-checks">"Lesson checks"</h2>
                <span class="score"><b>{move || shown.passed()}</b> " of 5"</span>
                <RunAll />
                <Reset />
            </div>
            <div class="check-errors">
                <ErrorLine error=reset.error() />
                <ErrorLine error=read_history.error() />
                <ErrorLine error=compare.error() />
            </div>
            <div class="check-list">
                <ol>{rows.collect_view()}</ol>
                <p class="to-report">
                    <a href=format!("/lab/{}/report", lab.actor())>"Report"</a>
                    " to print, or to hand in"
                </p>
            </div>
        </section>
    }
}

/// Does all steps, one after the other. Only where the script runs.
#[component]
fn RunAll() -> impl IntoView {
    let run_all = expect_context::<LabActions>().run_all;
    let pending = run_all.pending();
    view! {
        <button
            class="btn quiet run-all scripted"
            type="button"
            disabled=pending
            on:click=move |_| {
                run_all.dispatch(());
            }
        >
            <Icon href="#i-play" />
            <span>{move || if pending.get() { "Running" } else { "Run all" }}</span>
        </button>
    }
}

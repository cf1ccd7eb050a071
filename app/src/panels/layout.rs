//! Where everything stands on the lab's page.

use leptos::prelude::*;

use super::{
    chat::{Chat, scenarios::Scenarios},
    checks::Checks,
    code::CodePane,
    headline::Headline,
    path::SignalPath,
    policy::PolicyPane,
    prediction::PredictionLine,
    stored::StoredPane,
    switch::FailureSwitch,
    tabs::{PaneChoice, PaneStrip, PaneTabs},
    timeline::Timeline,
    topbar::Topbar,
};
use crate::{
    components::LiveRegion,
    state::{announcements::Announcer, lab::LabState},
};
use model::actor_id::ActorId;

/// What stands in a lab's page.
#[component]
pub fn Layout(
    /// Labs that have been used.
    known: Vec<ActorId>,
    /// The scenarios of this lab.
    scenarios: Scenarios,
) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let lab = expect_context::<LabState>();
    let actor = lab.actor();
    view! {
        <a class="skip" href="#msg">
            "Skip to the chat"
        </a>
        <Topbar known />
        <main class="lab-main">
            <Chat scenarios />
            <section class="bench" aria-label="Failure switch and signal path">
                <FailureSwitch />
                <div class="path">
                    <SignalPath />
                    <PredictionLine />
                </div>
            </section>
            <Headline />
            <section class="timeline" id="timeline" aria-labelledby="h-time">
                <Timeline />
            </section>
            <PaneChoice />
            <PaneStrip />
            <Checks />
            <section class="panel side" aria-label="What is stored, and the retry policy">
                <PaneTabs />
                <StoredPane />
                <PolicyPane />
                <CodePane actor />
            </section>
        </main>
        <LiveRegion text=announcer.text() />
    }
}

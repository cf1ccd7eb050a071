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
    // The largest panels are boxed: as one type the page is so deep that an unoptimised server overflows its stack.
    let topbar = view! { <Topbar known /> }.into_any();
    let chat = view! { <Chat scenarios /> }.into_any();
    let switch = view! { <FailureSwitch /> }.into_any();
    let timeline = view! { <Timeline /> }.into_any();
    let checks = view! { <Checks /> }.into_any();
    let stored = view! { <StoredPane /> }.into_any();
    let policy = view! { <PolicyPane /> }.into_any();
    view! {
        <a class="skip" href="#msg">
            "Skip to the chat"
        </a>
        {topbar}
        <main class="lab-main">
            {chat}
            <section class="bench" aria-label="Failure switch and signal path">
                {switch}
                <div class="path">
                    <SignalPath />
                    <PredictionLine />
                </div>
            </section>
            <Headline />
            <section class="timeline" id="timeline" aria-labelledby="h-time">
                {timeline}
            </section>
            <PaneChoice />
            <PaneStrip />
            {checks}
            <section class="panel side" aria-label="What is stored, and the retry policy">
                <PaneTabs />
                {stored}
                {policy}
                <CodePane actor />
            </section>
        </main>
        <LiveRegion class="voice" text=announcer.text() />
    }
}

//! Where everything stands on the lab's page. Rendered by the server alone: the browser's half keeps what moves in it.

use leptos::prelude::*;

use super::{
    chat::{Chat, ScenarioHtml},
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
    voice::Voice,
};
use model::{actor_id::ActorId, lab::Runtime};

/// The page within [`Lab`](crate::island::Lab), which gives it the state.
#[component]
pub fn Layout(
    /// The actor.
    actor: ActorId,
    /// Labs that have been used.
    known: Vec<ActorId>,
    /// What the lab runs on.
    runtime: Runtime,
    /// The menu of scenarios, and the one that the address names.
    scenarios: ScenarioHtml,
) -> impl IntoView {
    // Each by itself: as one type the page would be more than the compiler can hold.
    let topbar = view! { <Topbar actor=actor.clone() known runtime /> }.into_any();
    let chat = view! { <Chat scenarios /> }.into_any();
    let bench = view! {
        <section class="bench" aria-label="Failure switch and signal path">
            <FailureSwitch />
            <div class="path">
                <SignalPath />
                <PredictionLine />
            </div>
        </section>
    };
    let timeline = view! {
        <section class="timeline" id="timeline" aria-labelledby="h-time">
            <Timeline />
        </section>
    };
    let side = view! {
        <section class="panel side" aria-label="What is stored, and the retry policy">
            <PaneTabs />
            <StoredPane />
            <PolicyPane />
            <CodePane actor />
        </section>
    };
    let panes = view! {
        <PaneChoice />
        <PaneStrip />
        <Checks />
    };
    view! {
        <a class="skip" href="#msg">"Skip to the chat"</a>
        {topbar}
        <main class="lab-main">
            {chat} {bench.into_any()} <Headline /> {timeline.into_any()} {panes.into_any()} {side.into_any()}
        </main>
        <Voice />
    }
    .into_any()
}

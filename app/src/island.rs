//! The lab's page as one island: rendered with its data by the server, brought to life by the browser.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    error::LabError,
    lab::LabSnapshot,
    live::{self, address::Address, store::Store},
    panels::{
        chat::Chat,
        checks::Checks,
        headline::Headline,
        path::SignalPath,
        policy::PolicyPane,
        prediction::PredictionLine,
        stored::StoredPane,
        switch::FailureSwitch,
        tabs::{PaneChoice, PaneStrip, PaneTabs},
        timeline::{DetailPanel, TimelinePanel},
        topbar::Topbar,
        tour,
    },
    typed::Typed,
};

/// What went wrong with a form, told by the address after a plain post, or by the server function's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormError {
    /// The path of the server function.
    pub path: String,
    /// Why it refused or failed.
    pub error: LabError,
}

/// The scenarios as the server has made them for this page; nothing in them moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioHtml {
    /// The title of the one that the address names.
    pub title: Option<String>,
    /// The items of the menu.
    pub menu: String,
    /// What the one that the address names is about; empty if it names none.
    pub card: String,
}

/// The lab.
///
/// What never changes while the page is open, the pane *Code*, comes as children: the server renders it, and the
/// browser's half need not carry it.
#[island]
pub fn Lab(
    /// Everything that the page shows first.
    snapshot: LabSnapshot,
    /// What went wrong with the form that led here.
    error: Option<FormError>,
    /// What was typed into it.
    typed: Typed,
    /// What the address says of the page.
    address: Address,
    /// The menu of scenarios, and the one that the address names.
    scenarios: ScenarioHtml,
    /// The id of the next message, made by the server, so that a form posted twice is one message.
    message_id: String,
    /// The pane that never changes.
    children: Children,
) -> impl IntoView {
    let store = Store::new(&snapshot, error, typed, &address, message_id);
    provide_context(store);
    live::start(store);
    tour::start(store);
    let (actor, offset) = (snapshot.actor.clone(), snapshot.utc_offset_min);
    let turns = Signal::from(store.turns);
    let next = Signal::derive(move || Some(store.outlook.read().next.clone()));
    // Where there is no clipboard, nothing offers to copy.
    let clip = move || store.mounted.get() && live::dom::has_clipboard();
    view! {
        <div class="lab" class:present=store.present class:past=move || store.is_past() class:mounted=store.mounted class:clip=clip>
            <a class="skip" href="#msg">"Skip to the chat"</a>
            <Topbar actor=snapshot.actor known=snapshot.known_actors runtime=snapshot.runtime />
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
                    <TimelinePanel
                        turns
                        predicted=next
                        now=store.clock.into()
                        live=store.running.into()
                        selected=store.selected
                        log=store.log.into()
                        utc_offset_min=offset
                        next_content=Signal::derive(move || store.next_content())
                    />
                    <DetailPanel turns selected=store.selected actor utc_offset_min=offset />
                </section>
                <PaneChoice />
                <PaneStrip />
                <Checks />
                <section class="panel side" aria-label="What is stored, and the retry policy">
                    <PaneTabs />
                    <StoredPane />
                    <PolicyPane />
                    {children()}
                </section>
            </main>
            <p class="vh" role="status" aria-live="polite">
                {store.said}
            </p>
        </div>
    }
}

//! The lab's page as one island, which the browser brings to life: its state, and the panels that show it.

use leptos::{prelude::*, server::ServerActionError};
use serde::{Deserialize, Serialize};

use crate::{
    actions::LabActions,
    components::{FocusTargets, Menus},
    dom,
    panels::{
        chat::scenarios::Scenarios,
        keys::{Hotkeys, KeySheet, use_hotkeys},
        layout::Layout,
        tour::{Tour, TourState},
    },
    state::{Initial, form::FormError, playback::PlaybackState, provide_states, run_states, view::ViewState},
};

/// What the lab's page begins with: provided by the page that the server renders.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opening {
    /// What the states begin with.
    pub initial: Initial,
    /// The scenarios.
    pub scenarios: Scenarios,
    /// Whether single keys work.
    pub single_keys: bool,
    /// Where this browser was in the tour, as it keeps it.
    pub tour: Option<String>,
}

/// The lab: its state, and the page that shows it.
///
/// # Panics
/// On the server, without an [`Opening`] in the context; in the browser, if what the page has brought with it is none.
#[island]
pub fn Lab() -> impl IntoView {
    // Leptos counts what server and browser share: this comes first on both.
    let opening = SharedValue::new(expect_context::<Opening>).into_inner();
    let Opening { initial, scenarios, single_keys, tour } = opening;
    let known = initial.snapshot.known_actors.clone();
    // Before any action: each begins with the error of its own form.
    if let Some(FormError { path, encoded }) = &initial.error {
        provide_context(ServerActionError::new(path, encoded));
    }
    provide_states(initial);
    provide_context(LabActions::from_context());
    let menus = Menus::default();
    provide_context(menus);
    provide_context(FocusTargets::default());
    let (view, playback) = (expect_context::<ViewState>(), expect_context::<PlaybackState>());
    let tour = TourState::new(tour.as_deref());
    let hotkeys = Hotkeys::new(tour, single_keys, menus);
    use_hotkeys(hotkeys);
    run_states();
    Effect::new(move |_| menus.close_from_outside());
    let hydrated = move || view.hydrated.get();
    view! {
        <div
            class="lab"
            class:present=move || view.present.get()
            class:past=move || playback.is_past()
            class:mounted=hydrated
            // The style sheet shows by it what the tour points at.
            data-tour=move || tour.step().get()
            // Where there is no clipboard, nothing offers to copy.
            class:clip=move || hydrated() && dom::has_clipboard()
        >
            <Layout known scenarios />
        </div>
        <KeySheet hotkeys />
        <Tour tour />
    }
}

//! The lab's page as one island, which the browser brings to life: its state, and the panels that show it.

use leptos::{prelude::*, server::ServerActionError};
use serde::{Deserialize, Serialize};

use crate::{
    actions::LabActions,
    components::Menus,
    dom,
    live::store::Store,
    panels::{
        chat::scenarios::Scenarios,
        keys::{Hotkeys, KeySheet, use_hotkeys},
        layout::Layout,
        tour::{Tour, TourState},
    },
    state::{address::Address, form::FormError, run_states},
    typed::Typed,
};
use model::lab::LabSnapshot;

/// What the lab's page begins with.
#[derive(Debug, Serialize, Deserialize)]
pub struct Opening {
    /// Everything that the page shows first.
    pub snapshot: LabSnapshot,
    /// The scenarios.
    pub scenarios: Scenarios,
    /// What went wrong with the form that led here.
    pub error: Option<FormError>,
    /// What was typed into it.
    pub typed: Typed,
    /// What the address says of the page.
    pub address: Address,
    /// The id of the next message, made by the server, so that a form posted twice is one message.
    pub message_id: String,
    /// Whether single keys work.
    pub single_keys: bool,
    /// Where this browser was in the tour, as it keeps it.
    pub tour: Option<String>,
}

impl Opening {
    /// The id of the element that carries it to the browser, as JSON.
    pub const ELEMENT: &str = "opening";

    /// What the server has given to the page that it renders.
    #[cfg(feature = "ssr")]
    fn here() -> Option<Self> {
        take_context()
    }

    /// What the page brought with it.
    #[cfg(not(feature = "ssr"))]
    fn here() -> Option<Self> {
        let element = document().get_element_by_id(Self::ELEMENT)?;
        serde_json::from_str(&element.text_content()?).ok()
    }
}

/// The lab: its state, and the page that shows it.
///
/// # Panics
/// The page has no [`Opening`].
#[island]
pub fn Lab() -> impl IntoView {
    let opening = Opening::here().expect("the page has what the lab begins with");
    let known = opening.snapshot.known_actors.clone();
    let scenarios = opening.scenarios.clone();
    let (single_keys, tour) = (opening.single_keys, opening.tour.clone());
    // Before any action: each begins with the error of its own form.
    if let Some(FormError { path, encoded }) = &opening.error {
        provide_context(ServerActionError::new(path, encoded));
    }
    let store = Store::new(opening);
    provide_context(store);
    let actions = LabActions::new(store);
    provide_context(actions);
    let tour = TourState::new(store, tour);
    let menus = Menus::default();
    provide_context(menus);
    let (enabled, sheet) = (RwSignal::new(single_keys), NodeRef::new());
    let hotkeys = Hotkeys { store, actions, tour, enabled, sheet, menus };
    use_hotkeys(hotkeys);
    run_states();
    let mounted = move || store.view.hydrated.get();
    view! {
        <div
            class="lab"
            class:present=move || store.view.present.get()
            class:past=move || store.is_past()
            class:mounted=mounted
            // The style sheet shows by it what the tour points at.
            data-tour=move || tour.step().get()
            // Where there is no clipboard, nothing offers to copy.
            class:clip=move || mounted() && dom::has_clipboard()
        >
            <Layout known scenarios />
        </div>
        <KeySheet hotkeys />
        <Tour tour />
    }
}

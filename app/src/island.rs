//! The lab's page, brought to life. The server renders all of it ([`layout`](crate::panels::layout)); the browser keeps
//! the state, and changes what it changes.
//!
//! What is drawn is text, which [`markup`](crate::markup) keeps: the island itself is the frame around it.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    live::{self, address::Address, dom, store::Store},
    panels,
    typed::Typed,
};
use model::{error::LabError, lab::LabSnapshot};

/// What went wrong with a form, told by the address after a plain post, or by the server function's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormError {
    /// The path of the server function.
    pub path: String,
    /// Why it refused or failed.
    pub error: LabError,
}

/// What the lab's page begins with.
#[derive(Debug, Serialize, Deserialize)]
pub struct Opening {
    /// Everything that the page shows first.
    pub snapshot: LabSnapshot,
    /// What went wrong with the form that led here.
    pub error: Option<FormError>,
    /// What was typed into it.
    pub typed: Typed,
    /// What the address says of the page.
    pub address: Address,
    /// The id of the next message, made by the server, so that a form posted twice is one message.
    pub message_id: String,
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

/// The lab. What stands in it comes as children, which the server renders.
///
/// # Panics
/// The page has no [`Opening`].
#[island]
pub fn Lab(
    /// The page.
    children: Children,
) -> impl IntoView {
    let store = Store::new(Opening::here().expect("the page has what the lab begins with"));
    provide_context(store);
    live::start(store);
    panels::start(store);
    Effect::new(move |_| {
        for (class, is_on) in classes(store) {
            dom::mark(".lab", class, is_on);
        }
    });
    let class = untrack(|| classes(store)).into_iter().filter(|(_, is_on)| *is_on);
    let class = class.fold("lab".to_owned(), |all, (class, _)| all + " " + class);
    view! { <div class=class>{children()}</div> }
}

/// What the style sheet asks of the lab.
fn classes(store: Store) -> [(&'static str, bool); 4] {
    let mounted = store.mounted.get();
    [
        ("present", store.present.get()),
        ("past", store.is_past()),
        ("mounted", mounted),
        // Where there is no clipboard, nothing offers to copy.
        ("clip", mounted && dom::has_clipboard()),
    ]
}

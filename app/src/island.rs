//! The lab's page, brought to life. The server renders all of it ([`layout`](crate::panels::layout)); the browser keeps
//! the state, and changes what it changes.
//!
//! What is drawn is text, which [`markup`](crate::markup) keeps: the island itself is the frame around it.

use leptos::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    error::LabError,
    json::{self, read_fields},
    lab::LabSnapshot,
    live::{self, address::Address, store::Store},
    panels::{self, tour},
    typed::Typed,
};

/// What went wrong with a form, told by the address after a plain post, or by the server function's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormError {
    /// The path of the server function.
    pub path: String,
    /// Why it refused or failed.
    pub error: LabError,
}

/// What the lab's page begins with.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "ssr", derive(Serialize))]
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

read_fields! {
    FormError { path, error }
    Opening { snapshot, error, typed, address, message_id }
}

/// In the browser Leptos writes an island's data once more when it has read it, and nobody reads that.
#[cfg(not(feature = "ssr"))]
impl Serialize for Opening {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

/// Leptos reads an island's data with serde.
impl<'de> Deserialize<'de> for Opening {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::deserialize(deserializer)
    }
}

/// The lab. What stands in it comes as children, which the server renders; the last of them is [`Voice`].
#[island]
pub fn Lab(
    /// What it begins with.
    opening: Opening,
    /// The page.
    children: Children,
) -> impl IntoView {
    let store = Store::new(opening);
    provide_context(store);
    // Where there is no clipboard, nothing offers to copy.
    let clip = move || store.mounted.get() && live::dom::has_clipboard();
    view! {
        <div class="lab" class:present=move || store.present.get() class:past=move || store.is_past() class:mounted=move || store.mounted.get() class:clip=clip>
            {children()}
        </div>
    }
}

/// What is said to those who hear the page. It stands last: when it comes to life everything before it has, and what
/// moves the page may begin.
#[island]
pub fn Voice() -> impl IntoView {
    let store = expect_context::<Store>();
    live::start(store);
    panels::start(store);
    tour::start(store);
    view! {
        <p class="vh" role="status" aria-live="polite">
            {move || store.said.get()}
        </p>
    }
}

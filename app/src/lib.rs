//! What a person sees of Faultlab, and what both sides of it share.
//!
//! # Layout
//! - [`actor_id`], [`message`], [`fault`], [`policy`], [`error`], [`lab`]: the types that both sides share
//! - [`chance`]: chance that can be repeated, for faults that come and go and for jitter
//! - [`sidecar_retries`]: Dapr's own retries around the state store
//! - [`hold`] (server only): attempts that wait until somebody releases them
//! - [`wire`]: how the wire to Redis fails on purpose, and what is seen on it
//! - [`timeline`]: the steps of a turn as events, their log lines, and turns put together from them
//! - [`lesson`]: the five checks and the prediction, as pure functions
//! - [`scenario`] (server only): what can be done with a lab at one press, as data
//! - [`form`], [`fields`] (server only): what a form and a JSON document send, read field by field
//! - [`recording`] (server only): a turn as a JSON document, out and in
//! - [`typed`]: what was typed into a form that came back to be corrected
//! - [`backend`] (server only): the one trait through which everything is done; `server` implements it
//! - [`api`], [`json`]: the server functions, the JSON that they answer in, and how the browser reads it
//! - [`shell`], [`App`], [`pages`] (server only): the document, which page a path shows, the pages
//! - [`island`]: the lab's page as one island, which the browser brings to life
//! - [`live`]: the lab's reactive state, the event stream that feeds it, what a person can do to it
//! - [`panels`]: one folder or file per panel of the lab
//! - [`markup`]: what only shows something, as text that follows the state
//! - [`format`], [`icons`]: times and durations as people read them; the symbols

// Leptos components and server functions expand to items that the lints cannot see documented or narrowed.
#![allow(missing_docs, unreachable_pub)]
// The type of a view has the types of all views in it.
#![recursion_limit = "256"]

pub mod actor_id;
pub mod api;
#[cfg(feature = "ssr")]
mod app;
#[cfg(feature = "ssr")]
pub mod backend;
pub mod chance;
pub mod error;
pub mod fault;
#[cfg(feature = "ssr")]
pub mod fields;
#[cfg(feature = "ssr")]
pub mod form;
pub mod format;
#[cfg(feature = "ssr")]
pub mod hold;
pub mod icons;
pub mod island;
pub mod json;
pub mod lab;
pub mod lesson;
pub mod live;
mod markup;
pub mod message;
#[cfg(feature = "ssr")]
pub mod pages;
pub mod panels;
pub mod policy;
#[cfg(feature = "ssr")]
pub mod recording;
#[cfg(feature = "ssr")]
pub mod scenario;
#[cfg(feature = "ssr")]
mod shell;
pub mod sidecar_retries;
pub mod timeline;
pub mod typed;
pub mod wire;

#[cfg(feature = "ssr")]
pub use self::{app::App, shell::shell};

/// Brings the page's island to life. Called once by the loader when the WebAssembly has arrived.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}

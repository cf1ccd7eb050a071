//! What a person sees of Faultlab, and what both sides of it share.
//!
//! # Layout
//! - [`actor_id`], [`message`], [`fault`], [`policy`], [`error`], [`lab`]: the types that both sides share
//! - [`timeline`]: the steps of a turn as events, their log lines, and turns put together from them
//! - [`lesson`]: the five checks and the prediction, as pure functions
//! - [`backend`] (server only): the one trait through which everything is done; `server` implements it
//! - [`api`]: the server functions

// Leptos components and server functions expand to items that the lint cannot see documented.
#![allow(missing_docs)]

pub mod actor_id;
pub mod api;
#[cfg(feature = "ssr")]
pub mod backend;
pub mod error;
pub mod fault;
pub mod lab;
pub mod lesson;
pub mod message;
pub mod policy;
pub mod timeline;

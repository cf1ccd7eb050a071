//! What a person sees of Faultlab. What both sides share and what is pure is in the crate `model`.
//!
//! # Layout
//! - [`typed`]: what was typed into a form that came back to be corrected
//! - [`backend`] (server only): the one trait through which everything is done; `server` implements it
//! - [`functions`], [`error`], `response`: the server functions by subject, the error that they answer with, how an answer
//!   goes back
//! - [`shell`], [`App`], [`pages`] (server only): the document, which page a path shows, the pages
//! - `cookie`: what a reader's browser keeps for the server
//! - [`island`]: the lab's page as one island, which the browser brings to life
//! - [`state`]: what the lab's page holds, by subject, and the event stream that feeds it
//! - [`actions`]: what a person can do to the lab
//! - [`components`], [`hooks`], [`dom`]: what several panels use, and what they do to the browser
//! - [`panels`]: one folder or file per panel of the lab
//! - [`format`]: times and durations as people read them; `icons` (server only): the symbols

// Leptos components and server functions expand to items that the lints cannot see documented or narrowed.
#![allow(missing_docs, unreachable_pub)]
// The type of a view has the types of all views in it.
#![recursion_limit = "512"]

pub mod actions;
#[cfg(feature = "ssr")]
mod app;
#[cfg(feature = "ssr")]
pub mod backend;
pub mod components;
mod cookie;
pub mod dom;
pub mod error;
pub mod format;
pub mod functions;
pub mod hooks;
#[cfg(feature = "ssr")]
pub mod icons;
pub mod island;
#[cfg(feature = "ssr")]
pub mod pages;
pub mod panels;
#[cfg(feature = "ssr")]
mod response;
#[cfg(feature = "ssr")]
mod shell;
pub mod state;
pub mod typed;

#[cfg(feature = "ssr")]
pub use self::{app::App, shell::shell};

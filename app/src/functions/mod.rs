//! The server functions: what the page asks of the process. Each but [`theme`] goes through the
//! [`Backend`](crate::backend::Backend). What a form of the page sends works as a plain post, without script, too; only the
//! script reads the panels anew, by [`lab::read_panels`].
//!
//! # Layout
//! - [`messages`], [`history`]: a conversation with the actor
//! - [`faults`], [`policy`], [`hold`], [`sidecar_retries`], [`wire`]: what a lab is set to
//! - [`scenarios`], [`lab`]: what is done with a whole lab
//! - [`theme`]: how the page is coloured
//! - `request` (server only): what each of them knows of its request

pub mod faults;
pub mod history;
pub mod hold;
pub mod lab;
pub mod messages;
pub mod policy;
#[cfg(feature = "ssr")]
mod request;
pub mod scenarios;
pub mod sidecar_retries;
pub mod theme;
pub mod wire;

//! The server functions: what the page asks of the process. Each goes through the [`Backend`](crate::backend::Backend)
//! and works as a plain form post, without script, too.
//!
//! # Layout
//! - [`messages`], [`history`]: a conversation with the actor
//! - [`faults`], [`policy`], [`hold`], [`sidecar_retries`], [`wire`]: what a lab is set to
//! - [`scenarios`], [`lab`]: what is done with a whole lab
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
pub mod wire;

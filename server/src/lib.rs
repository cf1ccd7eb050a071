//! Faultlab's process.
//!
//! # Layout
//! - [`timeline`]: what every actor did, kept within bounds and handed on to the event streams

pub mod timeline;

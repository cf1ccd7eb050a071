//! What both sides of Faultlab share, and what is pure: no Leptos, no I/O.
//!
//! Each type has one way into JSON and out of it: serde's derives. What a person has written is read by [`fields`],
//! [`form`] and [`recording`] on top of that, so that what is refused is named.
//!
//! # Layout
//! - [`actor_id`], [`message`], [`error`]: who, what is said, and what can go wrong, in words that say what to do
//! - [`operation`]: what a turn does, and where it can fail
//! - [`fault`], [`policy`], [`hold`], [`sidecar_retries`], [`wire`]: what a lab can be set to
//! - [`chance`]: chance that can be repeated, for faults that come and go and for jitter
//! - [`timeline`]: the steps of a turn as events, their log lines, and turns put together from them
//! - [`lesson`]: the five checks and the prediction, as pure functions
//! - [`lab`]: what the page shows of one lab, in the pieces in which it is read
//! - [`scenario`]: what can be done with a lab at one press, as data
//! - [`recording`]: a turn as a JSON document, out and in
//! - [`own`]: the program of a learner: what is seen of it, and what it proves
//! - [`fields`], [`form`]: what a JSON document and a form send, read field by field

pub mod actor_id;
pub mod chance;
pub mod error;
pub mod fault;
pub mod fields;
pub mod form;
pub mod hold;
pub mod lab;
pub mod lesson;
pub mod message;
pub mod operation;
pub mod own;
pub mod policy;
pub mod recording;
pub mod scenario;
pub mod sidecar_retries;
pub mod timeline;
pub mod wire;

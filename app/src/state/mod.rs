//! What the lab's page holds, by subject: small `Copy` structs of signals with what can be done to them. The island makes
//! them once and provides each by context; a component takes what it needs by `expect_context`.
//!
//! # Layout
//! - [`address`]: what the address says of the page
//! - [`view`]: what a reader has chosen to see
//! - [`lab`]: the lab as the server last told it
//! - [`form`]: what became of the forms

pub mod address;
#[cfg(test)]
mod fixture;
pub mod form;
pub mod lab;
pub mod view;

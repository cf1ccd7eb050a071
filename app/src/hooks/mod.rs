//! What components do with the browser, in the form of Leptos's hooks: to be called while a component is set up.

mod use_copy;
mod use_media_query;

pub use self::{use_copy::use_copy, use_media_query::use_media_query};

//! JSON as Go reads and writes it: Dapr's documents, and those of apps and people, are made for that.

mod read;
mod write;

pub(crate) use read::{Go, from_slice};
pub(crate) use write::{canonical, compact, quoted};

//! One file per page. Pages are rendered on the server; what moves on them is an island.

pub mod dives;
pub mod document;
pub mod lab;
pub mod not_found;
pub mod plain;
pub mod recording;
pub mod report;
pub mod scenario;

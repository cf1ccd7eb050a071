//! The panels of the lab, one folder or file each.

pub mod chat;
pub mod checks;
pub mod code;
pub mod controls;
pub mod copy;
mod deeds;
pub mod headline;
pub mod hold;
pub mod path;
pub mod policy;
pub mod prediction;
pub mod sidecar_retries;
pub mod stored;
pub mod switch;
pub mod tabs;
pub mod timeline;
pub mod topbar;
pub mod tour;
pub mod trace;
pub mod wire;

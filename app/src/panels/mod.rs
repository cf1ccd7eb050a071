//! The panels of the lab, one folder or file each.

pub mod chat;
pub mod checks;
pub mod code;
pub mod headline;
pub mod hold;
pub mod keys;
pub mod layout;
pub mod path;
pub mod policy;
pub mod prediction;
pub mod sidecar_retries;
mod slow_motion;
pub mod stored;
pub mod switch;
pub mod tabs;
pub mod timeline;
pub mod topbar;
pub mod tour;
pub mod wire;

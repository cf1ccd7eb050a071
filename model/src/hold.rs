//! Holding: each attempt of a message waits before it begins, until somebody releases it.
//!
//! Holds count into the turn's time. An attempt that nobody releases goes by itself when no more of that is left than
//! the worst case of what follows needs, see [`needs_ms`](crate::policy::worst::needs_ms): so a hold ends no turn, and
//! no turn outlasts its limit for one.

use serde::{Deserialize, Serialize};

use crate::operation::Operation;

/// Holding as somebody sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HoldSetting {
    /// Whether each attempt of a message is held before it begins.
    pub on: bool,
}

/// Holding as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HoldStatus {
    /// Whether each attempt of a message is held before it begins.
    pub on: bool,
    /// The attempt that is held now.
    pub held: Option<HeldAttempt>,
}

/// An attempt that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeldAttempt {
    /// The turn.
    pub turn: u64,
    /// The operation that will be tried.
    pub operation: Operation,
    /// Which attempt it is, from 1.
    pub attempt: u8,
    /// How many there are at most.
    pub max: u8,
    /// When it goes by itself, in milliseconds since the Unix epoch.
    pub due_at: u64,
}

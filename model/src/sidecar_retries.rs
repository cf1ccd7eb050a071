//! The sidecar's own retries around the state store: Dapr's, below those of the application.
//!
//! They stand around the store of the whole lab, so they are one setting for every actor. What the embedded sidecar
//! tries is told to it call by call ([`Step::StoreCall`](crate::timeline::Step::StoreCall)) while they are on; a daprd
//! reads its policies at its start, and its calls are seen on the wire.

use serde::{Deserialize, Serialize};

/// The Dapr `Resiliency` file that says them.
pub const DOCUMENT: &str = include_str!("../../components/resiliency/store-retries.yaml");

/// How often the sidecar makes a call to the store at most, the first time included, as the file says.
pub const CALLS: u8 = 4;

/// The sidecar's retries as somebody sets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SidecarRetriesSetting {
    /// Whether the sidecar retries.
    pub on: bool,
}

/// The sidecar's retries as they stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SidecarRetries {
    /// Whether the sidecar retries; `null` where it is not known: a daprd does not tell.
    pub on: Option<bool>,
    /// The Dapr `Resiliency` file, as a daprd would be started with it.
    pub document: String,
}

//! What a turn does, and where it can fail: the words that faults, policies, events and predictions have in common.

use serde::{Deserialize, Serialize};

/// An operation of a turn that is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// Reading the history (and the message ids beside it) through the sidecar.
    Load,
    /// Writing both in one transaction.
    Save,
    /// Publishing `ConversationUpdated`. Tried once, as in the lesson.
    Publish,
    /// Taking both away in one transaction, which is a reset.
    Delete,
}

impl Operation {
    /// Those of a turn that processes a message, in their order: what faults, predictions and policies speak of.
    pub const OF_A_MESSAGE: [Self; 3] = [Self::Load, Self::Save, Self::Publish];

    /// The word for it: `load`, `save`, `publish` or `delete`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Save => "save",
            Self::Publish => "publish",
            Self::Delete => "delete",
        }
    }
}

/// The actor method that a turn runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Method {
    /// Stores a message and its reply.
    #[default]
    ProcessMessage,
    /// Returns the history.
    GetConversationHistory,
    /// Takes the stored conversation away. Not in the lesson: it is how a lab is reset.
    ResetConversation,
}

impl Method {
    /// The method's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProcessMessage => "ProcessMessage",
            Self::GetConversationHistory => "GetConversationHistory",
            Self::ResetConversation => "ResetConversation",
        }
    }
}

/// Where an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// In the actor, before the call left.
    Actor,
    /// On the way to the sidecar, or in it.
    Sidecar,
    /// In the state store behind the sidecar.
    Store,
    /// On the wire between the sidecar and Redis, while it failed on purpose.
    Wire,
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cause {
    /// Whether somebody asked for the failure with the switch.
    pub simulated: bool,
    /// Where it happened.
    pub layer: Layer,
}

impl Layer {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Sidecar => "sidecar",
            Self::Store => "store",
            Self::Wire => "wire",
        }
    }
}

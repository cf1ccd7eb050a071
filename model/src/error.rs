//! What can go wrong between a person and the lab, in words that say what to do.

use serde::{Deserialize, Serialize};

/// The kind of a [`LabError`]. It decides the HTTP status; the words are in the error's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// `400`: the actor id is not one.
    InvalidActorId,
    /// `400`: the message, its id or another field is not acceptable.
    InvalidRequest,
    /// `422`: a setting is out of its range, unknown, not there, or goes against another; `field` names it.
    InvalidField,
    /// `422`: the message's id belongs to a message with another text, which is stored; this one was not.
    IdReused,
    /// `403`: the request comes from another site, or names a host that is not this one.
    Forbidden,
    /// `404`: nothing is there.
    NotFound,
    /// `405`: the path is there, for other methods.
    MethodNotAllowed,
    /// `409`: the lab does something that cannot be done twice at a time, or a scenario relies on what would be set.
    Busy,
    /// `413`: the body is over its limit: 16 KiB, or 3 MiB for a recording.
    TooLarge,
    /// `429`: so much of its kind is under way that this was not taken: calls that wait for a turn, of this actor or in all
    /// labs, scenarios that run, or recordings that come in.
    TooManyWaiting,
    /// `415`: the body is not JSON, or does not say so.
    UnsupportedMediaType,
    /// `503`: the lab's own server does not answer, as the page says, or is about to stop.
    ServerUnreachable,
    /// `503`: no sidecar answers.
    SidecarUnreachable,
    /// `503`: the sidecar answers, the state store behind it does not.
    StoreUnreachable,
    /// `503`: every attempt of an operation failed; nothing was stored.
    RetriesExhausted,
    /// `503`: an error that no retry mends; nothing was stored.
    TurnFailed,
    /// `503`: the save may or may not have been stored; the next turn finds out before it writes.
    OutcomeUnknown,
    /// `500`: a fault of this program.
    Internal,
}

impl ErrorCode {
    /// The HTTP status that goes with it.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidActorId | Self::InvalidRequest => 400,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Busy => 409,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::InvalidField | Self::IdReused => 422,
            Self::TooManyWaiting => 429,
            Self::ServerUnreachable
            | Self::SidecarUnreachable
            | Self::StoreUnreachable
            | Self::RetriesExhausted
            | Self::TurnFailed
            | Self::OutcomeUnknown => 503,
            Self::Internal => 500,
        }
    }
}

/// An error as the page, the server functions, the REST routes and the actor report it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[error("{message}")]
pub struct LabError {
    /// What kind it is.
    pub code: ErrorCode,
    /// What happened and what to do, for the person who reads it.
    pub message: String,
    /// The field that was refused, as `plan[0].ms`, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl LabError {
    /// An error of this kind with these words.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None }
    }

    /// A field that is refused, with what it may be.
    pub fn of_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: ErrorCode::InvalidField, message: message.into(), field: Some(field.into()) }
    }

    /// The same error of a field that is part of another: `ms` within `plan[0]` is `plan[0].ms`.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        self.field = self.field.map(|field| format!("{outer}.{field}"));
        self
    }
}

/// A reason as part of a sentence that goes on: without the full stop, should it have one of its own.
#[must_use]
pub fn clause(reason: &str) -> &str {
    reason.trim_end().trim_end_matches('.')
}

/// The value of a field, if it is in its range.
///
/// # Errors
/// It is not: the error names the field and the range.
pub fn ranged<T: TryFrom<u64>>(field: &'static str, value: u64, least: u64, most: u64) -> Result<T, LabError> {
    let refused = || LabError::of_field(field, format!("{field} is {value}: it may be {least} to {most}."));
    if !(least..=most).contains(&value) {
        return Err(refused());
    }
    T::try_from(value).map_err(|_| refused())
}

impl From<crate::actor_id::ActorIdError> for LabError {
    fn from(error: crate::actor_id::ActorIdError) -> Self {
        Self::new(ErrorCode::InvalidActorId, error.to_string())
    }
}

impl From<crate::message::MessageIdError> for LabError {
    fn from(error: crate::message::MessageIdError) -> Self {
        Self::new(ErrorCode::InvalidRequest, error.to_string())
    }
}

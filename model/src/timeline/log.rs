//! The log line of a step, in the lesson's words. The server's log, the page and the checks all show this one text.

use serde::{Deserialize, Serialize};

use super::{Event, Step};
use crate::operation::{Method, Operation};
use crate::{
    actor_id::{ACTOR_TYPE, ActorId},
    fault::words::all_ahead,
};

/// How loud a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// As it should be.
    Info,
    /// Something failed and will be tried again.
    Warn,
    /// Something failed for good.
    Error,
}

impl Level {
    /// The level as a log shows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }

    /// Its class in the style sheet.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Info => "lv info",
            Self::Warn => "lv warn",
            Self::Error => "lv error",
        }
    }
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// The number of the event that it is about.
    pub seq: u64,
    /// When, in milliseconds since the Unix epoch.
    pub at: u64,
    /// How loud.
    pub level: Level,
    /// The line.
    pub text: String,
}

/// The line that comes before all others: since when, in milliseconds since the Unix epoch, the sidecar knows the actor.
/// It is about no lab's event, so its number is 0.
#[must_use]
pub fn registered(at: u64) -> LogLine {
    LogLine { seq: 0, at, level: Level::Info, text: format!("Registered actor: {ACTOR_TYPE}") }
}

/// Seconds with milliseconds, as `1.002`.
fn seconds(us: u64) -> String {
    format!("{}.{:03}", us / 1_000_000, us / 1_000 % 1_000)
}

impl Event {
    /// The event's line in the log of `actor`; steps that the lesson does not log have none.
    #[must_use]
    pub fn log_line(&self, actor: &ActorId) -> Option<LogLine> {
        let key = actor.history_key();
        let (level, text) = match &self.step {
            Step::Activated => (Level::Info, format!("Activating actor for {key}")),
            Step::Deactivated => (Level::Info, format!("Deactivating actor for {key}")),
            Step::TurnStarted { method: Method::ProcessMessage, content, .. } => {
                let content = content.as_deref().unwrap_or_default();
                (Level::Info, format!("Processing message for {key}: {content}"))
            }
            Step::TurnStarted { method: Method::GetConversationHistory, .. } => {
                (Level::Info, format!("Reading history for {key}"))
            }
            Step::AttemptFailed { operation: Operation::Publish, error, .. } => {
                (Level::Error, format!("Failed to publish event: {error}"))
            }
            Step::AttemptFailed { operation, attempt, max, error, transient, .. } => {
                let operation = operation.as_str();
                if !transient {
                    (Level::Error, format!("Failed to {operation} history for {key}, a retry cannot mend it: {error}"))
                } else if attempt < max {
                    (Level::Warn, format!("Retry {attempt} for history {operation}: {error}"))
                } else {
                    let attempts = if *max == 1 { "attempt" } else { "attempts" };
                    (Level::Error, format!("Failed to {operation} history for {key} after {max} {attempts}: {error}"))
                }
            }
            Step::AttemptSucceeded { operation: Operation::Publish, .. } => {
                (Level::Info, format!("Published event for {key}: ConversationUpdated"))
            }
            Step::Recovered { operation, attempt, lost_us, .. } => {
                let (operation, lost) = (operation.as_str(), seconds(*lost_us));
                (Level::Info, format!("Recovered history {operation} for {key} on attempt {attempt} after {lost} s"))
            }
            Step::ReplyReady { content, .. } => (Level::Info, format!("Processed message for {key}: {content}")),
            Step::TurnCompleted { repeated: true, .. } => {
                (Level::Info, format!("Message for {key} was stored before: its stored reply is given again"))
            }
            Step::TurnFailed { method, error, .. } => {
                let what = match method {
                    Method::ProcessMessage => "processing message for",
                    Method::GetConversationHistory => "reading history for",
                    Method::ResetConversation => "resetting",
                };
                (Level::Error, format!("Error {what} {key}: {error}"))
            }
            Step::EventDelivered { input, output, .. } => {
                (Level::Info, format!("Received event: User {actor} sent '{input}', got '{output}'"))
            }
            Step::FaultChanged { fault } if fault.on => {
                (Level::Info, format!("Failure switch on for {key}: {}", all_ahead(fault)))
            }
            Step::FaultChanged { .. } => (Level::Info, format!("Failure switch off for {key}")),
            Step::PolicyChanged { policy } => (Level::Info, format!("Retry policy for {key}: {policy}")),
            Step::WireChanged { wire: Some(fault) } => {
                (Level::Warn, format!("The wire to Redis {} on purpose", fault.verb()))
            }
            Step::WireChanged { wire: None } => (Level::Info, "The wire to Redis works".to_owned()),
            Step::SidecarRetriesChanged { on } => {
                let on = if *on { "on" } else { "off" };
                (Level::Info, format!("The sidecar's own retries around the state store are {on}"))
            }
            Step::LabReset => (Level::Info, format!("Reset {key}")),
            Step::TurnStarted { .. }
            | Step::TurnQueued { .. }
            | Step::AttemptStarted { .. }
            | Step::AttemptSucceeded { .. }
            | Step::RetryScheduled { .. }
            | Step::AttemptHeld { .. }
            | Step::AttemptReleased { .. }
            | Step::HoldChanged { .. }
            | Step::HistoryReturned { .. }
            | Step::TurnCompleted { .. }
            | Step::FaultFired { .. }
            | Step::StoreCall { .. }
            | Step::StoreRead { .. }
            | Step::CheckPassed { .. } => return None,
        };
        Some(LogLine { seq: self.seq, at: self.at, level, text })
    }
}

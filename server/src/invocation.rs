//! What travels with a call of the actor, as both of its ends have it: the lab calls through the sidecar, and the sidecar
//! calls the app channel.

use model::{
    error::{ErrorCode, LabError},
    message::Message,
};

/// The header in which the id of a message travels. InvokeActor metadata becomes headers, and the sidecar sends them
/// again when it sends the call again.
pub const MESSAGE_ID_HEADER: &str = "faultlab-message-id";

/// The header in which the ticket of a queued call travels.
pub const TICKET_HEADER: &str = "faultlab-turn";

/// Sees that a message has a content that can be kept.
///
/// # Errors
/// An empty content, or one over [`Message::MAX_BODY_BYTES`].
pub(crate) fn check_content(content: &str) -> Result<(), LabError> {
    if content.trim().is_empty() {
        return Err(LabError::new(ErrorCode::InvalidRequest, "The content is empty: write a message"));
    }
    if content.len() > Message::MAX_BODY_BYTES {
        let message =
            format!("The content has {} bytes: at most {} are allowed", content.len(), Message::MAX_BODY_BYTES);
        return Err(LabError::new(ErrorCode::TooLarge, message));
    }
    Ok(())
}

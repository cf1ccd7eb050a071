//! Calling an actor's method.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::{ActorRef, Actors, Hosted};
use crate::api::error::ApiError;
use crate::app_channel::{AppReply, method_path};

/// daprd's built-in policy for a type that nobody hosts: look again, 1 s apart, five times.
const LOOKUP_RETRIES: u32 = 5;
const LOOKUP_PAUSE: Duration = Duration::from_secs(1);

/// One call of an actor's method, checked.
#[derive(Debug, Clone)]
pub(crate) struct InvokeCall {
    pub(crate) actor: ActorRef,
    pub(crate) method: String,
    /// What the app receives besides what the sidecar adds.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Actors {
    /// Waits for the actor's turn and calls the app. Dropping the future leaves the line, or
    /// aborts the request that is under way and then lets the next call in: the app sees its
    /// connection closed before the next call of the actor leaves here, but what it had begun
    /// may still be running.
    ///
    /// # Errors
    /// In daprd's words and codes, for both APIs.
    pub(crate) async fn invoke(self: &Arc<Self>, call: InvokeCall) -> Result<AppReply, ApiError> {
        let hosted = self.wait_hosted().await?;
        self.look_up(&hosted, &call.actor).await?;
        let Some(app) = &self.app else {
            return Err(ApiError::no_app_channel());
        };
        let watch = |idle: Option<_>| {
            if let Some(idle) = idle {
                self.watch_idle(call.actor.clone(), hosted.idle_timeout, idle);
            }
        };
        let mut place = self.table.line_up(&call.actor);
        watch(place.activated.take());
        let mut turn = tokio::select! {
            turn = place.turn() => turn,
            () = self.closing.cancelled() => return Err(ApiError::runtime_closed()),
        };
        watch(turn.activated.take());
        if self.closing.is_cancelled() {
            return Err(ApiError::runtime_closed());
        }
        let answered = tokio::select! {
            answered = app.call_actor(&call.actor, &call.method, call.headers, call.body) => answered,
            () = self.aborting.cancelled() => Err("context canceled".into()),
        };
        drop(turn);
        let reply = answered.map_err(ApiError::actor_invoke)?;
        judge(&call.actor, &call.method, reply)
    }

    async fn look_up(&self, hosted: &Hosted, actor: &ActorRef) -> Result<(), ApiError> {
        for attempt in 0..=LOOKUP_RETRIES {
            if hosted.types.contains(&actor.kind) {
                return Ok(());
            }
            if attempt < LOOKUP_RETRIES {
                tokio::select! {
                    () = tokio::time::sleep(LOOKUP_PAUSE) => {}
                    () = self.closing.cancelled() => return Err(ApiError::runtime_closed()),
                }
            }
        }
        Err(ApiError::no_address(actor))
    }
}

/// Only 200 is a success of an actor method; no other 2xx is.
fn judge(actor: &ActorRef, method: &str, reply: AppReply) -> Result<AppReply, ApiError> {
    match reply.status {
        StatusCode::OK if is_true(&reply, "x-daprremindercancel") => {
            Err(ApiError::actor_invoke("reminder has been canceled"))
        }
        StatusCode::OK => Ok(reply),
        StatusCode::NOT_FOUND => {
            Err(ApiError::actor_invoke(format!("actor method not found: {}", method_path(actor, method))))
        }
        status => Err(ApiError::actor_invoke(format!(
            "error from actor service: ({}) {}",
            status.as_u16(),
            String::from_utf8_lossy(&reply.body)
        ))),
    }
}

fn is_true(reply: &AppReply, header: &str) -> bool {
    let value = reply.headers.get(header);
    value.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
}

/// Checks an actor type or id as daprd does.
///
/// # Errors
/// daprd's sentence, without the parameter's name.
pub(crate) fn validate_name(name: &str) -> Result<(), String> {
    if name.contains(['#', '?', '\0', '/', '\\']) {
        return Err(format!("name contains forbidden character: {name:?}"));
    }
    if let Some(position) = name.find(is_control) {
        return Err(format!("name contains control character at position {position}: {name:?}"));
    }
    if name == "." || name == ".." {
        return Err(format!("name is a path traversal sequence: {name:?}"));
    }
    Ok(())
}

fn is_control(c: char) -> bool {
    c.is_ascii_control()
}

/// Checks a method name and resolves its dot segments.
///
/// # Errors
/// daprd's sentence.
pub(crate) fn normalise_method(method: &str) -> Result<String, String> {
    if method.contains(['#', '?', '\0']) {
        return Err(format!("method contains forbidden character: {method:?}"));
    }
    if let Some(position) = method.find(is_control) {
        return Err(format!("method contains control character at position {position}: {method:?}"));
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in method.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    Ok(segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_climbs_is_resolved_before_it_is_called() {
        assert_eq!(normalise_method("a/../b"), Ok("b".into()));
        assert_eq!(normalise_method("/../../x"), Ok("x".into()));
        assert!(normalise_method("x?y").is_err());
    }

    #[test]
    fn a_name_that_would_change_the_path_is_refused() {
        for name in ["a/b", "a\\b", "a?b", "a#b", "a\nb", ".", ".."] {
            assert!(validate_name(name).is_err(), "{name:?}");
        }
        assert_eq!(validate_name("user 1.~_-é"), Ok(()));
    }
}

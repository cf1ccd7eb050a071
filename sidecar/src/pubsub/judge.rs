//! What the app's answer makes of a message.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::deliver::Parcel;
use crate::app_channel::AppReply;
use crate::json;
use crate::resiliency::Failure;

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The app has it.
    Done,
    /// Nobody wants it.
    Dropped,
    /// It was given up.
    Failed(String),
}

/// How one attempt to deliver ended. With a failure comes its cause, which Dapr logs apart.
pub(super) type Judged = (String, Result<Outcome, Failure<String>>);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    status: String,
}

/// Reads the app's answer as Dapr does: a body that is not `{"status": text}` counts for nothing,
/// and a status that Dapr does not know is a failure.
pub(super) fn reply(reply: &AppReply, parcel: &Parcel<'_>) -> Judged {
    let Parcel { id, topic, .. } = parcel;
    let body = reply.text();
    let code = reply.status.as_u16();
    if reply.status.is_success() {
        let answer: Option<Answer> = first_value(&reply.body).and_then(|first| json::from_slice(first).ok());
        return status(&answer.unwrap_or_default().status, id);
    }
    if code == 404 {
        tracing::error!(
            "non-retriable error returned from app while processing pub/sub event {id}: {body}. status code \
             returned: {code}"
        );
        return (no_cause(), Ok(Outcome::Dropped));
    }
    let text = format!(
        "retriable error returned from app while processing pub/sub event {id}, topic: {topic}, body: {body}. status \
         code returned: {code}"
    );
    tracing::warn!("{text}");
    let failure = Failure::status(code, format!("retriable error occurred: {text}"));
    (text, Err(failure))
}

/// What a status means, by its name.
pub(super) fn status(status: &str, id: &str) -> Judged {
    let outcome = match status {
        "" | "SUCCESS" => Ok(Outcome::Done),
        "RETRY" => Err(Failure::transient(format!(
            "RETRY status returned from app while processing pub/sub event {id}: retriable error occurred"
        ))),
        "DROP" => {
            tracing::warn!("DROP status returned from app while processing pub/sub event {id}");
            Ok(Outcome::Dropped)
        }
        other => Err(Failure::transient(format!(
            "unknown status returned from app while processing pub/sub event {id}, status: {other}, err: \
             retriable error occurred"
        ))),
    };
    (no_cause(), outcome)
}

/// The first JSON value of a text: what follows it is not looked at.
pub(super) fn first_value(text: &[u8]) -> Option<&[u8]> {
    let first = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>().next();
    first.and_then(Result::ok).map(|first| first.get().as_bytes())
}

fn no_cause() -> String {
    "<nil>".to_owned()
}

//! What the sidecar's errors mean: for the next attempt, and for a person.

use std::error::Error;

use model::{
    error::{ErrorCode, LabError, clause},
    message::NOT_TWICE,
    operation::{Cause, Layer, Method},
};
use tonic::{Code, ConnectError, Status};

use crate::retry::{AttemptError, Failure};

/// How daprd begins the errors that its state store reported. Source: `pkg/messages/predefined.go`.
const STORE_ERRORS: [&str; 2] = ["error getting actor state: ", "error saving actor transaction state: "];

/// What Go, and what Rust, says of a connection that was lost with a request on it, or on which no answer came, in lower
/// case: the one writes `connection reset`, the other `Connection reset by peer`. Whoever closes it, a pool that gives it
/// up or a peer that ends it, the request may have been carried out. Source: Go's `net`, `syscall`, `io` and `context`; the
/// C library's texts of `errno`; tokio and redis-rs; and what the lab's own sidecar puts around them.
const LOST: [&str; 14] = [
    "it is not known whether this was done",
    "timeout",
    "timed out",
    "deadline exceeded",
    "eof",
    "end of file",
    "connection reset",
    "connection aborted",
    "software caused connection abort",
    "broken pipe",
    "use of closed network connection",
    "closed pipe",
    "unexpectedly terminated",
    "context canceled",
];

/// What Go, its Redis client and Rust say of a store that was not reached at all, in lower case.
const NOT_REACHED: [&str; 4] = ["dial tcp", "connection refused", "no route to host", "client is closed"];

/// What a sidecar, or this process, says when it has no file handle left for a connection.
const NO_HANDLE: &str = "too many open files";

/// What daprd puts around an actor's own answer: `error from actor service: (500) <body>`.
const ACTOR_ERROR: &str = "error from actor service: (";

/// The attempt's error of a failed state or publish call, sorted by whether another attempt can mend it.
///
/// Permanent is what the same call meets again: `InvalidArgument`, `Unimplemented`, `PermissionDenied`,
/// `Unauthenticated`, `ResourceExhausted` (too large a request), `FailedPrecondition`, `NotFound`, `AlreadyExists`,
/// `OutOfRange`, `DataLoss`, and *actor instance is missing*, which daprd reports as `Internal`: the actor was taken
/// out of memory under its turn. Transient is the rest: `Internal` (the store's own errors), `Unavailable`,
/// `DeadlineExceeded`, `Cancelled`, `Aborted`, `Unknown`.
#[must_use]
pub fn attempt_error(status: &Status) -> AttemptError {
    let failure = Failure {
        text: text(status),
        cause: Cause { simulated: false, layer: layer(status) },
        maybe_done: maybe_done(status),
        no_answer: false,
        lost: lost(status) || says(status, &NOT_REACHED),
    };
    if is_transient(status) { AttemptError::Transient(failure) } else { AttemptError::Permanent(failure) }
}

fn is_transient(status: &Status) -> bool {
    match status.code() {
        Code::Internal => !status.message().contains("actor instance is missing"),
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Aborted | Code::Unknown => true,
        Code::Ok
        | Code::InvalidArgument
        | Code::Unimplemented
        | Code::PermissionDenied
        | Code::Unauthenticated
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::NotFound
        | Code::AlreadyExists
        | Code::OutOfRange
        | Code::DataLoss => false,
    }
}

fn layer(status: &Status) -> Layer {
    if is_store_error(status) { Layer::Store } else { Layer::Sidecar }
}

fn is_store_error(status: &Status) -> bool {
    STORE_ERRORS.iter().any(|words| status.message().contains(words))
}

/// Whether the call may have been carried out although it failed: it left, and its answer was lost. A connection that
/// never opened carried nothing, and an answer of the sidecar is an answer, unless it says that the store's own
/// answer was lost.
fn maybe_done(status: &Status) -> bool {
    match status.code() {
        Code::DeadlineExceeded | Code::Cancelled | Code::Unknown => true,
        Code::Unavailable | Code::Internal if status.source().is_some() => !never_connected(status),
        Code::Internal | Code::Aborted => lost(status),
        _ => false,
    }
}

/// Whether the status tells of a connection to the store that was lost with a request on it.
fn lost(status: &Status) -> bool {
    says(status, &LOST)
}

/// Whether the status has one of these words, which are in lower case.
fn says(status: &Status, any: &[&str]) -> bool {
    let message = status.message().to_lowercase();
    any.iter().any(|words| message.contains(words))
}

fn causes(status: &Status) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(status.source(), |&error| error.source())
}

fn never_connected(status: &Status) -> bool {
    causes(status).any(|error| error.is::<ConnectError>())
}

/// The status's message; for one that tonic made of a lost connection, what lost it.
fn text(status: &Status) -> String {
    let cause = causes(status).last().map(ToString::to_string);
    match cause {
        Some(cause) if !status.message().contains(&cause) => format!("{}: {cause}", status.message()),
        _ if status.message().is_empty() => status.code().description().to_owned(),
        _ => status.message().to_owned(),
    }
}

/// The error of a failed InvokeActor of this method: the actor's own where it answered, else what has to be done about the
/// sidecar.
#[must_use]
pub fn invoke_error(status: &Status, endpoint: &str, method: Method) -> LabError {
    actor_error(status.message()).unwrap_or_else(|| error(status, endpoint, Some(method)))
}

/// The error of a failed call of no actor, for something that is stored.
#[must_use]
pub fn read_error(status: &Status, endpoint: &str) -> LabError {
    error(status, endpoint, None)
}

/// What to do once the sidecar answers again, as a clause; what may have been done already is done once.
#[must_use]
pub fn again(method: Option<Method>) -> String {
    match method {
        Some(Method::ProcessMessage) => format!("send the same message again: {NOT_TWICE}"),
        Some(Method::ResetConversation) => "reset the lab again".to_owned(),
        Some(Method::GetConversationHistory) | None => "try again".to_owned(),
    }
}

/// The error of a call whose answer was lost. Of one that only reads nothing is open; what changes something may still do
/// so.
fn lost_answer(method: Option<Method>, what: &str, then: &str) -> LabError {
    let again = again(method);
    match method {
        Some(Method::ProcessMessage | Method::ResetConversation) => LabError::new(
            ErrorCode::OutcomeUnknown,
            format!("{what}. The turn may still run: look at the timeline. {then} {again}."),
        ),
        Some(Method::GetConversationHistory) | None => {
            LabError::new(ErrorCode::SidecarUnreachable, format!("{what}. {then} {again}."))
        }
    }
}

fn error(status: &Status, endpoint: &str, method: Option<Method>) -> LabError {
    let text = text(status);
    let text = clause(&text);
    let unreachable = |message: String| LabError::new(ErrorCode::SidecarUnreachable, message);
    if is_store_error(status) {
        let message = format!("The state store does not answer: {text}. Start it, then try again.");
        return LabError::new(ErrorCode::StoreUnreachable, message);
    }
    if text.to_ascii_lowercase().contains(NO_HANDLE) {
        return unreachable(format!(
            "No file handle is left for a connection ({text}). Close some connections, or raise the limit (ulimit -n), \
             then try again."
        ));
    }
    match status.code() {
        Code::Unavailable if status.source().is_none() => {
            unreachable(format!("The Dapr sidecar at {endpoint} is not ready: {text}. Try again in a moment."))
        }
        Code::Unavailable if never_connected(status) => {
            unreachable(format!("No Dapr sidecar answers at {endpoint} ({text}). Start it, then try again."))
        }
        // Made by the client when its connection broke: what the sidecar itself says has no source.
        Code::Unavailable | Code::Unknown | Code::Internal if status.source().is_some() => lost_answer(
            method,
            &format!("The Dapr sidecar at {endpoint} went away during the call ({text})"),
            "Start the sidecar, then",
        ),
        Code::DeadlineExceeded | Code::Cancelled => lost_answer(
            method,
            &format!("The Dapr sidecar at {endpoint} gave no answer in time ({text})"),
            "When it answers,",
        ),
        Code::FailedPrecondition => unreachable(format!(
            "The Dapr sidecar at {endpoint} does not host the actor: {text}. Look whether it reaches this app and has an \
             actor state store and placement."
        )),
        Code::Unauthenticated => unreachable(format!(
            "The Dapr sidecar at {endpoint} refuses this app ({text}): set DAPR_API_TOKEN to the sidecar's token."
        )),
        _ => LabError::new(ErrorCode::Internal, format!("The Dapr sidecar reported: {text}")),
    }
}

/// The error that the actor answered with, if this is one.
fn actor_error(message: &str) -> Option<LabError> {
    let answer = &message[message.find(ACTOR_ERROR)? + ACTOR_ERROR.len()..];
    let (status, body) = answer.split_once(") ")?;
    Some(
        serde_json::from_str(body)
            .unwrap_or_else(|_| LabError::new(ErrorCode::Internal, format!("The actor answered {status}: {body}"))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(code: Code, message: &str) -> (bool, bool) {
        match attempt_error(&Status::new(code, message)) {
            AttemptError::Transient(failure) => (true, failure.maybe_done),
            AttemptError::Permanent(failure) => (false, failure.maybe_done),
        }
    }

    #[test]
    fn what_the_same_call_meets_again_is_permanent() {
        assert_eq!(sorted(Code::Internal, "actor instance is missing"), (false, false));
        for code in [
            Code::InvalidArgument,
            Code::Unimplemented,
            Code::PermissionDenied,
            Code::Unauthenticated,
            Code::ResourceExhausted,
            Code::FailedPrecondition,
        ] {
            assert_eq!(sorted(code, "no"), (false, false), "{code:?}");
        }
    }

    #[test]
    fn what_can_pass_is_transient_and_says_whether_it_may_have_been_done() {
        let refused = "error saving actor transaction state: dial tcp 127.0.0.1:6379: connect: connection refused";
        assert_eq!(sorted(Code::Internal, refused), (true, false));
        let lost = "error saving actor transaction state: read tcp 127.0.0.1:6379: i/o timeout";
        assert_eq!(sorted(Code::Internal, lost), (true, true));
        for lost in [
            "write tcp 127.0.0.1:1->127.0.0.1:6379: use of closed network connection",
            "read tcp 127.0.0.1:1->127.0.0.1:6379: read: connection timed out",
            "write tcp 127.0.0.1:1->127.0.0.1:6379: write: software caused connection abort",
            "io: read/write on closed pipe",
            "unexpected EOF",
        ] {
            let message = format!("error saving actor transaction state: {lost}");
            assert_eq!(sorted(Code::Internal, &message), (true, true), "{lost}");
        }
        let answered = "error saving actor transaction state: READONLY You can't write against a read only replica.";
        assert_eq!(sorted(Code::Internal, answered), (true, false));
        assert_eq!(sorted(Code::DeadlineExceeded, "too late"), (true, true));
        assert_eq!(sorted(Code::Unknown, "h2"), (true, true));
        assert_eq!(sorted(Code::Unavailable, "not yet"), (true, false));
    }

    #[test]
    fn what_the_own_sidecar_says_of_its_redis_is_understood_as_what_go_says_of_one() {
        let failure = |what: &str| {
            let message = format!("error saving actor transaction state: {what}");
            let AttemptError::Transient(failure) = attempt_error(&Status::internal(message)) else { panic!("{what}") };
            (failure.lost, failure.maybe_done)
        };
        for lost in [
            "no answer came from redis (Connection reset by peer (os error 104)), so it is not known whether this was done",
            "no answer came from redis (something new), so it is not known whether this was done",
            "Connection reset by peer (os error 104)",
            "Broken pipe (os error 32)",
        ] {
            assert_eq!(failure(lost), (true, true), "{lost}");
        }
        assert_eq!(failure("Connection refused (os error 111)"), (true, false));
        assert_eq!(failure("No route to host (os error 113)"), (true, false));
        assert_eq!(failure("READONLY You can't write against a read only replica."), (false, false));
    }

    #[tokio::test]
    async fn a_connection_that_never_opened_carried_nothing() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let dapr = crate::dapr::Dapr::new(&endpoint, None).unwrap();
        let status = dapr.get_state(&model::actor_id::ActorId::lesson(), "k").await.unwrap_err();
        let AttemptError::Transient(failure) = attempt_error(&status) else { panic!("{status:?}") };
        assert!(!failure.maybe_done && failure.text.contains("refused"), "{failure:?}");
        let error = invoke_error(&status, &endpoint, Method::ProcessMessage);
        assert_eq!(error.code, ErrorCode::SidecarUnreachable);
        assert!(error.message.contains(&endpoint), "{error}");
    }

    #[test]
    fn the_actor_s_own_error_comes_out_as_it_went_in() {
        let error = LabError::new(ErrorCode::RetriesExhausted, "Failed to load (3) attempts");
        let json = serde_json::to_string(&error).unwrap();
        let status = Status::internal(format!("error invoke actor method: error from actor service: (500) {json}"));
        assert_eq!(invoke_error(&status, "http://x", Method::ProcessMessage), error);
        let other = Status::internal("error invoke actor method: error from actor service: (502) oops");
        assert_eq!(invoke_error(&other, "http://x", Method::ProcessMessage).code, ErrorCode::Internal);
    }

    #[test]
    fn a_reason_that_ends_its_own_sentence_ends_no_other() {
        let codes =
            [Code::Internal, Code::Unavailable, Code::FailedPrecondition, Code::Cancelled, Code::Unauthenticated];
        for code in codes {
            for words in ["error getting actor state: away. Mend it.", "Go away."] {
                let error = read_error(&Status::new(code, words), "http://x");
                assert!(!error.message.contains(".."), "{code:?}: {error}");
            }
        }
    }

    #[test]
    fn only_a_message_is_to_be_sent_again_and_only_what_changes_something_may_still_run() {
        for code in [Code::Cancelled, Code::DeadlineExceeded] {
            let words = |method| invoke_error(&Status::new(code, "late"), "http://x", method).message;
            let message = words(Method::ProcessMessage);
            assert!(message.contains("send the same message again") && message.contains(NOT_TWICE), "{message}");
            assert!(message.contains("may still run"), "{message}");
            let reset = words(Method::ResetConversation);
            assert!(reset.contains("reset the lab again") && reset.contains("may still run"), "{reset}");
            for (method, told) in [
                (Method::ProcessMessage, ErrorCode::OutcomeUnknown),
                (Method::ResetConversation, ErrorCode::OutcomeUnknown),
                (Method::GetConversationHistory, ErrorCode::SidecarUnreachable),
            ] {
                assert_eq!(invoke_error(&Status::new(code, "late"), "http://x", method).code, told, "{method:?}");
            }
            let history = words(Method::GetConversationHistory);
            let read = read_error(&Status::new(code, "late"), "http://x").message;
            for words in [&reset, &history, &read] {
                assert!(!words.contains("message") && !words.contains("twice"), "{words}");
            }
            for words in [&history, &read] {
                assert!(words.contains("try again") && !words.contains("may still run"), "{words}");
            }
        }
    }

    #[test]
    fn a_sidecar_without_file_handles_is_away_for_a_while_and_no_fault_of_this_program() {
        let words = "error invoke actor method: Put \"http://x\": dial tcp 127.0.0.1:8001: socket: too many open files";
        for code in [Code::Internal, Code::Unavailable] {
            let error = invoke_error(&Status::new(code, words), "http://x", Method::ProcessMessage);
            assert_eq!((error.code, error.code.status()), (ErrorCode::SidecarUnreachable, 503));
            assert!(error.message.contains("ulimit -n") && !error.message.contains("Start"), "{error}");
        }
    }

    #[test]
    fn the_store_s_errors_are_the_store_s() {
        let status = Status::internal("error getting actor state: disk I/O error");
        assert_eq!(read_error(&status, "http://x").code, ErrorCode::StoreUnreachable);
    }
}

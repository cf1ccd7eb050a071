//! The parts of Dapr that this sidecar does not have: each says so in words, over either API.

use std::sync::Once;
use std::time::Duration;

use tonic::Status;

use crate::error::ApiError;
use crate::hooks::Hooks;
use crate::observation::EventKind;

/// A part of Dapr, with what its calls are recognised by.
struct Part {
    name: &'static str,
    /// What the names of its gRPC methods have in them.
    methods: &'static [&'static str],
    /// What follows the version in its HTTP paths.
    paths: &'static [&'static str],
}

const PARTS: [Part; 9] = [
    Part { name: "configuration", methods: &["Configuration"], paths: &["configuration"] },
    Part { name: "the distributed lock", methods: &["TryLock", "Unlock"], paths: &["lock", "unlock"] },
    Part { name: "bindings", methods: &["InvokeBinding"], paths: &["bindings"] },
    Part { name: "jobs", methods: &["Job"], paths: &["jobs"] },
    Part { name: "workflows", methods: &["Workflow"], paths: &["workflows"] },
    Part { name: "conversation", methods: &["Converse"], paths: &["conversation"] },
    Part { name: "cryptography", methods: &["Encrypt", "Decrypt", "Subtle"], paths: &["crypto", "subtlecrypto"] },
    Part { name: "the state query API", methods: &["QueryState"], paths: &[] },
    Part { name: "vector stores", methods: &["Vectors", "Collection", "Index", "Documents", "Search"], paths: &[] },
];

/// The service over which the SDKs' workflow engines speak.
const TASK_HUB: &str = "/TaskHubSidecarService/";

/// How long an engine waits for the word that there is no work: it asks again at once.
const ENGINE_PAUSE: Duration = Duration::from_secs(1);

static TOLD: Once = Once::new();

/// What a method of Dapr's service is told that is not there.
pub(super) fn method(hooks: &Hooks, name: &str) -> ApiError {
    let part = PARTS.iter().find(|part| part.methods.iter().any(|word| name.contains(word)));
    tell(hooks, part.map(|part| part.name), name);
    part.map_or_else(|| ApiError::unimplemented(name), |part| ApiError::absent(part.name))
}

/// What an HTTP request is told whose path is not there.
pub(super) fn path(hooks: &Hooks, method: &http::Method, path: &str) -> ApiError {
    let mut segments = path.trim_start_matches('/').split('/');
    let version = segments.next().is_some_and(|version| version.starts_with("v1.0"));
    let first = segments.next().filter(|_| version).unwrap_or_default();
    let part = match first == "state" && path.ends_with("/query") {
        true => Some("the state query API"),
        false => PARTS.iter().find(|part| part.paths.contains(&first)).map(|part| part.name),
    };
    let request = format!("{method} {path}");
    tell(hooks, part, &request);
    part.map_or_else(|| ApiError::unimplemented(request), ApiError::absent)
}

/// What a call of a gRPC service is told that is not Dapr's; `None` for the greeting of a workflow engine, which is to be
/// answered: Python's SDK waits until it is. That there is no work here is then said in words, and whoever starts a
/// workflow hears it at once.
pub(super) async fn service(hooks: &Hooks, path: &str) -> Option<Status> {
    let Some(method) = path.strip_prefix(TASK_HUB) else {
        tell(hooks, None, path);
        let service = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        return Some(Status::unimplemented(format!("unknown service {service}")));
    };
    if method == "Hello" {
        return None;
    }
    tell(hooks, Some("workflows"), path);
    if method == "GetWorkItems" {
        // It goes on asking.
        TOLD.call_once(|| {
            tracing::warn!("the app's workflow engine asks for work: {}", ApiError::absent("workflows").message);
        });
        tokio::time::sleep(ENGINE_PAUSE).await;
    }
    Some(ApiError::absent("workflows").into())
}

fn tell(hooks: &Hooks, part: Option<&'static str>, request: &str) {
    hooks.tell(|| EventKind::AbsentPart { part, request: request.to_owned() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_told_by_its_name() {
        for (name, part) in [
            ("GetConfigurationAlpha1", "configuration"),
            ("TryLockAlpha1", "the distributed lock"),
            ("ScheduleJob", "jobs"),
            ("StartWorkflowBeta1", "workflows"),
            ("SubtleGetKeyAlpha1", "cryptography"),
            ("ConverseAlpha2", "conversation"),
        ] {
            assert_eq!(method(&Hooks::default(), name), ApiError::absent(part), "{name}");
        }
        assert!(method(&Hooks::default(), "Nope").message.contains("Nope"));
        for (given, part) in [
            ("/v1.0-alpha1/unlock/store", "the distributed lock"),
            ("/v1.0/bindings/b", "bindings"),
            ("/v1.0-beta1/workflows/dapr/w/start", "workflows"),
            ("/v1.0-alpha1/state/store/query", "the state query API"),
        ] {
            assert_eq!(path(&Hooks::default(), &http::Method::POST, given), ApiError::absent(part), "{given}");
        }
        assert!(
            path(&Hooks::default(), &http::Method::GET, "/bindings").message.contains("/bindings"),
            "no version, no API"
        );
    }
}

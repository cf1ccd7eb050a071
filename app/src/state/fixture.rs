//! A lab for the tests of this folder.

use leptos::prelude::*;

use super::lab::{LabFacts, LabState};
use model::{
    fault::FaultStatus,
    lab::{Panels, Runtime, StoredValue},
    policy::RetryPolicy,
};

/// Makes signals possible for as long as what it answers lives.
pub(super) fn owner() -> Owner {
    let owner = Owner::new();
    owner.set();
    owner
}

/// What an untouched lab is set to.
pub(super) fn panels() -> Panels {
    let stored = StoredValue { key: String::new(), value: None, etag: None, read_at: 0, command: String::new() };
    Panels {
        history: Ok(Vec::new()),
        stored: Ok(stored),
        before: Vec::new(),
        checks: Vec::new(),
        fault: FaultStatus::lesson(),
        layers: Vec::new(),
        policy: RetryPolicy::LESSON,
        hold: false,
        sidecar_retries: None,
        wire: None,
    }
}

/// An untouched lab.
pub(super) fn lab() -> LabState {
    let runtime = Runtime {
        sidecar: Runtime::UNKNOWN_SIDECAR.to_owned(),
        store: "SQLite".to_owned(),
        sidecar_http: None,
        origin: "http://127.0.0.1:8000".to_owned(),
    };
    let actor = "user1".parse().expect("an actor id");
    LabState::new(LabFacts { actor, runtime, utc_offset_min: 0, registered_at: None }, panels())
}

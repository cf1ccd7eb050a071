//! Scenarios: what can be done with a lab at one press, as data. One file each in `model/scenarios/`; its name is the
//! scenario's.
//!
//! # Layout
//! - [`Scenario`]: what it does, what to watch, what it teaches, and how it ends; [`all`] of them, or the one that is
//!   [`named`]
//! - [`ending`]: how a scenario ended, held against how it has to

pub mod ending;

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub use self::ending::{Ending, ScenarioReport, TurnEnd, TurnOutcome};
use crate::{error::LabError, fault::FaultSetting, fields, policy::RetryPolicy, wire::WireSetting};

/// One scenario. It begins with a reset lab, with a wire that works and a sidecar that does not retry, and leaves the
/// switch off, the lesson's policy, and wire and sidecar as they were before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name in addresses: the name of its file.
    #[serde(default)]
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// It in one short line, for the menu.
    pub brief: String,
    /// What is done.
    pub action: String,
    /// What to look at meanwhile.
    pub watch: String,
    /// What it shows.
    pub teaches: String,
    /// What it needs of the lab, besides an actor.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// The retry policy; the lesson's where it is left out.
    #[serde(default)]
    pub policy: RetryPolicy,
    /// Whether the sidecar itself retries meanwhile.
    #[serde(default)]
    pub sidecar_retries: bool,
    /// The failure switch at its beginning.
    pub switch: FaultSetting,
    /// What is done, in order.
    pub steps: Vec<ScenarioStep>,
    /// How it has to end.
    pub ends: Ending,
}

/// What a scenario needs of the lab that it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// The wire to Redis, which `cargo xtask run --dapr` has.
    Wire,
    /// Faults in the store behind the sidecar, which the embedded one has.
    StoreLayer,
}

impl Need {
    /// What to do about a lab that does not have it.
    #[must_use]
    pub const fn missing(self) -> &'static str {
        match self {
            Self::Wire => "It needs Redis and the wire to it: start the lab with cargo xtask run --dapr.",
            Self::StoreLayer => "It needs the embedded sidecar: start the lab with cargo xtask run.",
        }
    }
}

/// One step of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ScenarioStep {
    /// Sends a message and waits for its answer or its error.
    Send(String),
    /// Sends messages at the same moment, and waits for all their answers.
    SendAtOnce(Vec<String>),
    /// Sends the last message again, with the same id.
    SendAgain,
    /// Sends a message without waiting.
    Begin(String),
    /// Waits for everything that was begun.
    Finish,
    /// Asks the actor for its history. An error is part of what the scenario shows.
    ReadHistory,
    /// Asks the actor for its history, and reads the value from the store itself.
    Compare,
    /// Deletes the history's key behind the actor's back, through the sidecar, while the actor is in memory.
    DeleteHistory,
    /// Waits for an event that comes after what was sent last.
    Await(Awaited),
    /// Sets the failure switch.
    Switch(FaultSetting),
    /// Sets the wire to Redis.
    Wire(WireSetting),
}

/// An event that a scenario waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Awaited {
    /// A retry waits.
    RetryScheduled,
    /// An attempt failed.
    AttemptFailed,
    /// The sidecar took the actor out of memory.
    Deactivated,
    /// The event of a stored message came back through the subscription.
    EventDelivered,
}

/// The files, by name, in the order in which they are offered: from the lesson's failure on.
const FILES: [(&str, &str); 19] = [
    ("lesson", include_str!("../../scenarios/lesson.json")),
    ("armed-again", include_str!("../../scenarios/armed-again.json")),
    ("save-fails-twice", include_str!("../../scenarios/save-fails-twice.json")),
    ("retries-run-out", include_str!("../../scenarios/retries-run-out.json")),
    ("failed-read", include_str!("../../scenarios/failed-read.json")),
    ("slow-store", include_str!("../../scenarios/slow-store.json")),
    ("hanging-store", include_str!("../../scenarios/hanging-store.json")),
    ("flaky-store", include_str!("../../scenarios/flaky-store.json")),
    ("outage-ends", include_str!("../../scenarios/outage-ends.json")),
    ("five-at-once", include_str!("../../scenarios/five-at-once.json")),
    ("after-idling", include_str!("../../scenarios/after-idling.json")),
    ("key-disappears", include_str!("../../scenarios/key-disappears.json")),
    ("what-is-stored", include_str!("../../scenarios/what-is-stored.json")),
    ("event-comes-back", include_str!("../../scenarios/event-comes-back.json")),
    ("publish-fails", include_str!("../../scenarios/publish-fails.json")),
    ("delivered-twice", include_str!("../../scenarios/delivered-twice.json")),
    ("both-retry", include_str!("../../scenarios/both-retry.json")),
    ("redis-outage", include_str!("../../scenarios/redis-outage.json")),
    ("history-in-outage", include_str!("../../scenarios/history-in-outage.json")),
];

/// Every scenario, in the order in which they are offered.
#[must_use]
pub fn all() -> &'static [Scenario] {
    static ALL: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
        let read = |(name, text): &(&str, &str)| match parse(name, text) {
            Ok(scenario) => scenario,
            // The files are part of the program, and a test reads each.
            Err(error) => unreachable!("{name}.json: {error}"),
        };
        FILES.iter().map(read).collect()
    });
    &ALL
}

/// The scenario of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Scenario> {
    all().iter().find(|scenario| scenario.name == name)
}

/// Reads a scenario's file.
///
/// # Errors
/// The text is no JSON, or no scenario: then the field is named. Numbers out of their ranges and empty texts are none.
pub fn parse(name: &str, text: &str) -> Result<Scenario, LabError> {
    let scenario: Scenario = fields::read(text.as_bytes())?;
    scenario.policy.check().map_err(|error| error.within("policy"))?;
    let Scenario { title, brief, action, watch, teaches, .. } = &scenario;
    let texts = [("title", title), ("brief", brief), ("action", action), ("watch", watch), ("teaches", teaches)];
    if let Some((field, _)) = texts.into_iter().find(|(_, text)| text.is_empty()) {
        return Err(LabError::of_field(field, format!("{field} is empty: say it to who runs the scenario.")));
    }
    if scenario.steps.is_empty() {
        return Err(LabError::of_field("steps", "steps is empty: a scenario does something."));
    }
    Ok(Scenario { name: name.to_owned(), ..scenario })
}

impl Scenario {
    /// Whether it waits until the actor has idled.
    #[must_use]
    pub fn idles(&self) -> bool {
        self.steps.contains(&ScenarioStep::Await(Awaited::Deactivated))
    }

    /// Why it cannot run on a lab that has these; `None` if it can.
    #[must_use]
    pub fn missing(&self, there: &[Need]) -> Option<&'static str> {
        self.needs.iter().find(|need| !there.contains(need)).map(|need| need.missing())
    }
}

#[cfg(test)]
mod tests;

//! What a lab's page shows of the scenarios, read from the lab.

use std::time::Duration;

use leptos::server_fn::ServerFn;

use crate::{
    backend::SharedBackend,
    functions::scenarios::RunScenario,
    panels::chat::scenarios::{ChosenScenario, ScenarioItem, Scenarios},
    state::form::FormError,
};
use model::{
    actor_id::ActorId,
    scenario::{self, Need, Scenario},
};

/// All of them, and the one of this name, if the address names one.
#[must_use]
pub fn scenarios(backend: &SharedBackend, actor: &ActorId, name: Option<&str>, error: Option<&FormError>) -> Scenarios {
    let there = backend.needs_met();
    let chosen = name.map(|name| scenario::named(name).ok_or_else(|| name.to_owned())).transpose();
    let item = |scenario: &Scenario| ScenarioItem {
        name: scenario.name.clone(),
        title: scenario.title.clone(),
        brief: scenario.missing(&there).map_or_else(|| scenario.brief.clone(), str::to_owned),
        is_chosen: chosen.as_ref().is_ok_and(|chosen| chosen.is_some_and(|chosen| chosen.name == scenario.name)),
    };
    let items = scenario::all().iter().map(item).collect();
    let refused = error.filter(|error| error.path == RunScenario::PATH).map(|error| error.error().message);
    let chosen = chosen.map(|chosen| chosen.map(|scenario| of(backend, actor, scenario, &there, refused)));
    Scenarios { items, chosen }
}

fn of(
    backend: &SharedBackend,
    actor: &ActorId,
    scenario: &Scenario,
    there: &[Need],
    refused: Option<String>,
) -> ChosenScenario {
    let missing = scenario.missing(there);
    let first = || match scenario.idles().then(|| backend.idle_timeout()) {
        Some(idle) => format!("It resets this lab first. Here an actor idles for {}.", seconds(idle)),
        None => "It resets this lab first.".to_owned(),
    };
    ChosenScenario {
        name: scenario.name.clone(),
        title: scenario.title.clone(),
        action: scenario.action.clone(),
        watch: scenario.watch.clone(),
        teaches: scenario.teaches.clone(),
        note: missing.map_or_else(first, str::to_owned),
        can_run: missing.is_none(),
        refused,
        report: backend.scenario_report(actor).filter(|report| report.scenario == scenario.name),
    }
}

/// A time of idling as a person says it.
fn seconds(idle: Duration) -> String {
    match idle.as_millis() {
        1_000 => "1 second".to_owned(),
        ms if ms % 1_000 == 0 => format!("{} seconds", ms / 1_000),
        ms => format!("{ms} ms"),
    }
}

//! What a lab's page shows of the scenarios: the menu of all, and the one that the address names.
//!
//! Nothing in it moves, so the browser's half need not know it.

use std::time::Duration;

use leptos::prelude::*;

use crate::{backend::SharedBackend, island::FormError, panels::chat::ScenarioHtml};
use model::{
    actor_id::ActorId,
    scenario::{self, Need, Scenario, ScenarioReport},
};

/// The address of the server function behind *Run it*.
const RUN: &str = "/api/run_scenario";

/// The menu, and the card of the scenario of this name, if the address names one.
#[must_use]
pub fn scenario_html(
    backend: &SharedBackend,
    actor: &ActorId,
    name: Option<&str>,
    error: Option<&FormError>,
) -> ScenarioHtml {
    let there = backend.needs_met();
    let chosen = name.and_then(scenario::named);
    let menu = scenario::all().iter().map(|scenario| item(actor, scenario, chosen, &there)).collect_view().to_html();
    let card = match (name, chosen) {
        (None, _) => String::new(),
        (Some(name), None) => unknown(name).to_html(),
        (Some(_), Some(scenario)) => {
            let report = backend.scenario_report(actor).filter(|report| report.scenario == scenario.name);
            let refused = error.filter(|error| error.path == RUN).map(|error| error.error.message.clone());
            let idle = scenario.idles().then(|| backend.idle_timeout());
            card(actor, scenario, &there, idle, report, refused).to_html()
        }
    };
    ScenarioHtml { title: chosen.map(|scenario| scenario.title.clone()), menu, card }
}

fn item(actor: &ActorId, scenario: &Scenario, chosen: Option<&Scenario>, there: &[Need]) -> impl IntoView + use<> {
    let current = chosen.is_some_and(|chosen| chosen.name == scenario.name).then_some("true");
    let href = format!("/lab/{actor}?scenario={}", scenario.name);
    let brief = scenario.missing(there).map_or_else(|| scenario.brief.clone(), str::to_owned);
    view! {
        <li>
            <a href=href aria-current=current>
                <b>{scenario.title.clone()}</b>
                <span>{brief}</span>
            </a>
        </li>
    }
}

fn unknown(name: &str) -> impl IntoView + use<> {
    view! { <p class="form-error" role="alert">"There is no scenario " {name.to_owned()} ". Choose one from the menu."</p> }
}

fn card(
    actor: &ActorId,
    scenario: &Scenario,
    there: &[Need],
    idle: Option<Duration>,
    report: Option<ScenarioReport>,
    refused: Option<String>,
) -> impl IntoView + use<> {
    let missing = scenario.missing(there);
    let first = match idle {
        Some(idle) => format!("It resets this lab first. Here an actor idles for {}.", seconds(idle)),
        None => "It resets this lab first.".to_owned(),
    };
    let again = if report.is_some() { "Run it again" } else { "Run it" };
    view! {
        <dl>
            <dt>"Do"</dt>
            <dd>{scenario.action.clone()}</dd>
            <dt>"Watch"</dt>
            <dd>{scenario.watch.clone()}</dd>
            <dt>"Learn"</dt>
            <dd>{scenario.teaches.clone()}</dd>
        </dl>
        <form class="scenario-run" method="post" action=RUN>
            <input type="hidden" name="actor" value=actor.to_string() />
            <input type="hidden" name="name" value=scenario.name.clone() />
            <button class="btn primary small" type="submit" disabled=missing.is_some()>{again}</button>
            <span class="note">{missing.map_or(first, str::to_owned)}</span>
        </form>
        {refused.map(|why| view! { <p class="form-error" role="alert">{why}</p> })}
        {report.map(verdict)}
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

/// Whether the last run ended as the scenario says.
fn verdict(report: ScenarioReport) -> impl IntoView {
    if report.as_told() {
        return view! { <p class="scenario-end ok" role="status">"It ended as told. The switch is off now."</p> }
            .into_any();
    }
    let differences = report.differences.into_iter().map(|difference| view! { <li>{difference}</li> }).collect_view();
    view! {
        <div class="scenario-end fail" role="status">
            <p>"It did not end as told. Somebody else may have used the lab meanwhile."</p>
            <ul>{differences}</ul>
        </div>
    }
    .into_any()
}

//! The scenario menu in the chat's head, and the card of the chosen one. Nothing in them changes while the page is open.

use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use serde::{Deserialize, Serialize};

use crate::{
    components::{FocusTargets, Icon, Menus},
    functions::scenarios::RunScenario,
    state::lab::LabState,
};
use model::scenario::ScenarioReport;

/// What a lab's page shows of the scenarios.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Scenarios {
    /// All of them.
    pub items: Vec<ScenarioItem>,
    /// The one that the address names, if it names one; or the name, if there is no such scenario.
    pub chosen: Result<Option<ChosenScenario>, String>,
}

/// A scenario in the menu.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ScenarioItem {
    /// Its name in the address.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is about, or why it cannot run here.
    pub brief: String,
    /// Whether it is the chosen one.
    pub is_chosen: bool,
}

/// The chosen scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChosenScenario {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What to do.
    pub action: String,
    /// What to watch.
    pub watch: String,
    /// What it teaches.
    pub teaches: String,
    /// What a run begins with, or why there can be none here.
    pub note: String,
    /// Whether it can run here.
    pub can_run: bool,
    /// Why it was refused when somebody wanted to run it.
    pub refused: Option<String>,
    /// How its last run ended, if it was the last to run.
    pub report: Option<ScenarioReport>,
}

/// The menu.
#[component]
pub(super) fn ScenarioMenu(
    /// All scenarios.
    items: Vec<ScenarioItem>,
    /// The title of the chosen one.
    title: Option<String>,
) -> impl IntoView {
    let menu = expect_context::<Menus>().scenarios;
    let summary = expect_context::<FocusTargets>().scenarios;
    let lab = expect_context::<LabState>();
    let item = |ScenarioItem { name, title, brief, is_chosen }: ScenarioItem| {
        view! {
            <li>
                <a href=format!("/lab/{}?scenario={name}", lab.actor()) aria-current=is_chosen.then_some("true")>
                    <b>{title}</b>
                    <span>{brief}</span>
                </a>
            </li>
        }
    };
    view! {
        <details class="menu scenarios" node_ref=menu>
            <summary class="btn quiet" node_ref=summary>
                <span>{title.map_or_else(|| "Scenarios".to_owned(), |title| format!("Scenario: {title}"))}</span>
                <Icon href="#i-chevron" />
            </summary>
            <ul class="menu-list">{items.into_iter().map(item).collect_view()}</ul>
        </details>
    }
}

/// The card of the chosen scenario.
#[component]
pub(super) fn ScenarioCard(
    /// The scenario; or the name that is none.
    chosen: Result<Option<ChosenScenario>, String>,
) -> impl IntoView {
    let none = matches!(chosen, Ok(None));
    let card = match chosen {
        Ok(chosen) => Either::Left(chosen.map(|scenario| view! { <Card scenario /> })),
        Err(name) => Either::Right(view! {
            <p class="form-error" role="alert">
                "There is no scenario " {name} ". Choose one from the menu."
            </p>
        }),
    };
    view! {
        <div class="scenario" hidden=none>
            {card}
        </div>
    }
}

/// What the scenario is about, the form that runs it, and how its last run ended.
#[component]
fn Card(
    /// The scenario.
    scenario: ChosenScenario,
) -> impl IntoView {
    let lab = expect_context::<LabState>();
    let ChosenScenario { name, action, watch, teaches, note, can_run, refused, report, .. } = scenario;
    let run = if report.is_some() { "Run it again" } else { "Run it" };
    view! {
        <dl>
            <dt>"Do"</dt>
            <dd>{action}</dd>
            <dt>"Watch"</dt>
            <dd>{watch}</dd>
            <dt>"Learn"</dt>
            <dd>{teaches}</dd>
        </dl>
        <form class="scenario-run" method="post" action=RunScenario::url()>
            <input type="hidden" name="actor" value=lab.actor().to_string() />
            <input type="hidden" name="name" value=name />
            <button class="btn primary small" type="submit" disabled=!can_run>
                {run}
            </button>
            <span class="note">{note}</span>
        </form>
        {refused.map(|why| view! { <p class="form-error" role="alert">{why}</p> })}
        {report.map(|report| view! { <Verdict report /> })}
    }
}

/// Whether the last run ended as the scenario says.
#[component]
fn Verdict(
    /// How it ended.
    report: ScenarioReport,
) -> impl IntoView {
    if report.as_told() {
        return Either::Left(view! {
            <p class="scenario-end ok" role="status">"It ended as told. The switch is off now."</p>
        });
    }
    let differences = report.differences.into_iter().map(|difference| view! { <li>{difference}</li> }).collect_view();
    Either::Right(view! {
        <div class="scenario-end fail" role="status">
            <p>"It did not end as told. Somebody else may have used the lab meanwhile."</p>
            <ul>{differences}</ul>
        </div>
    })
}

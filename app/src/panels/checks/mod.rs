//! The lesson's five steps: what to do, a button that does it, and the evidence when it is proven.

mod deeds;

use leptos::prelude::*;

use self::deeds::Deeds;
use crate::{
    icons::icon,
    lesson::{
        checks::{Check, CheckState, Proof},
        steps::{LessonStep, STEPS},
    },
    live::{
        actions::{self, COMPARE, READ_HISTORY, RESET},
        store::Store,
    },
    panels::controls::{CopyButton, ErrorLine},
    timeline::Level,
};

/// The checklist.
#[component]
pub fn Checks() -> impl IntoView {
    let store = expect_context::<Store>();
    let rows = (1u8..).zip(&STEPS).map(|(number, step)| view! { <CheckRow number step /> }).collect_view();
    let run = move || if store.running_all.get() { "Running" } else { "Run all" };
    view! {
        <section class="panel checks" aria-labelledby="h-checks">
            <div class="panel-head">
                <h2 id="h-checks">"Lesson checks"</h2>
                <span class="score"><b>{move || store.passed().to_string()}</b> " of 5"</span>
                <button
                    class="btn quiet run-all"
                    type="button"
                    hidden=move || !store.mounted.get()
                    disabled=move || store.running_all.get()
                    on:click=move |_| actions::run_all(store)
                >
                    {icon("#i-play")}
                    <span>{run}</span>
                </button>
                <Reset />
            </div>
            <ErrorLine of=&[RESET, READ_HISTORY, COMPARE] />
            <ol class="check-list">{rows}</ol>
            <p class="to-report">
                <a href=format!("/lab/{}/report", store.actor_id())>"Report"</a> " to print, or to hand in"
            </p>
        </section>
    }
}

/// Takes everything back, in two steps: the first press only opens the question.
#[component]
fn Reset() -> impl IntoView {
    let store = expect_context::<Store>();
    let menu = NodeRef::<leptos::html::Details>::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(menu) = menu.get_untracked() {
            let _ = menu.remove_attribute("open");
        }
        actions::reset(store);
    };
    view! {
        <details class="menu" node_ref=menu>
            <summary class="btn quiet icon" aria-label="Reset the lab" title="Reset the lab">{icon("#i-replay")}</summary>
            <form class="menu-list ask" action=RESET method="post" on:submit=submit>
                <input type="hidden" name="actor" value=store.actor_id() />
                <p>
                    <b>"Reset this lab?"</b>
                    " Its conversation, timeline and proven checks are taken away, and the switch is put back."
                </p>
                <button class="btn small danger" type="submit">"Reset " {store.actor_id()}</button>
            </form>
        </details>
    }
}

/// How a check looks: its class, its mark, its word.
fn look(check: &Check, is_next: bool) -> (&'static str, &'static str, String) {
    match check.state {
        CheckState::Passed => ("check pass", "#i-check", check.progress.clone()),
        CheckState::Failed => ("check no", "#i-cross", check.progress.clone()),
        CheckState::NotYet if check.progress != "not yet" => ("check run", "#i-dot", check.progress.clone()),
        CheckState::NotYet if is_next => ("check next", "#i-right", "next".to_owned()),
        CheckState::NotYet => ("check idle", "", check.progress.clone()),
    }
}

#[component]
fn CheckRow(number: u8, step: &'static LessonStep) -> impl IntoView {
    let store = expect_context::<Store>();
    // The check, and whether it is the first that is not proven.
    let check = Memo::new(move |_| {
        let next = store.panels.with(|panels| panels.checks.iter().find(|c| !c.is_passed()).map(|c| c.number));
        (store.check(number), next == Some(number))
    });
    let look = move || check.with(|(check, is_next)| look(check, *is_next));
    let mark = move || Some(look().1).filter(|mark| !mark.is_empty()).map(icon);
    view! {
        <li class=move || look().0>
            <details name="check" open=move || store.opened.get() == number>
                <summary>
                    <span class="check-mark">{mark}</span>
                    <span class="check-t"><span class="num">{number.to_string()}</span> " " {step.title}</span>
                    <span class="check-w">{move || look().2}</span>
                    <span class="turn-chev">{icon("#i-chevron")}</span>
                </summary>
                <div class="check-body">
                    {move || check.with(|(check, _)| body(store, check, step))}
                    <Help number step />
                </div>
            </details>
        </li>
    }
}

/// The evidence of a proven check; else what to do, what is missing, and the buttons that do it.
fn body(store: Store, check: &Check, step: &'static LessonStep) -> impl IntoView + use<> {
    let proven = check.is_passed();
    let missing = check.missing.clone().filter(|_| !proven);
    view! {
        {proven.then(|| evidence(store, &check.evidence))}
        {(!proven).then(|| view! { <p>{step.todo}</p> })}
        {missing.map(|missing| view! { <p class="missing">{missing}</p> })}
        {(!proven).then(|| view! { <Deeds check=check.clone() /> })}
    }
}

fn evidence(store: Store, proofs: &[Proof]) -> impl IntoView + use<> {
    let turn = proofs.iter().find_map(|proof| proof.turn.filter(|_| proof.level.is_some()));
    let link = turn.map(|turn| {
        let bar = format!("t{turn}-load-1");
        let href = format!("?bar={bar}#timeline");
        let select = move |event: leptos::ev::MouseEvent| {
            event.prevent_default();
            store.select(&bar);
        };
        view! {
            <p class="acts">
                <a class="btn quiet small" href=href on:click=select>
                    {icon("#i-eye")} "In the timeline"
                </a>
            </p>
        }
    });
    let line = |proof: &Proof| {
        let level = proof.level.map(|level| view! { <b class=level_class(level)>{level.as_str()}</b> });
        view! { <li>{level} <span>{proof.text.clone()}</span></li> }
    };
    view! {
        <ol class="log evidence">{proofs.iter().map(line).collect_view()}</ol>
        {link}
    }
}

const fn level_class(level: Level) -> &'static str {
    match level {
        Level::Info => "lv info",
        Level::Warn => "lv warn",
        Level::Error => "lv error",
    }
}

/// A hint, and the same with curl.
#[component]
fn Help(number: u8, step: &'static LessonStep) -> impl IntoView {
    let store = expect_context::<Store>();
    let actor = store.actor_id();
    let hint = step.hint.replace("{actor}", &actor);
    let origin = store.runtime.with_value(|runtime| runtime.origin.clone());
    let curl = step.curl.replace("{origin}", &origin).replace("{actor}", &actor);
    // Step 4 asks the store itself: the command that does the same past this program.
    let store_command = move || {
        let stored = store.panels.with(|panels| panels.stored.as_ref().ok().map(|stored| stored.command.clone()));
        stored
            .filter(|_| number == 4)
            .map(|command| view! { <Command text=command label="Copy the store’s command" /> })
    };
    view! {
        <details class="help">
            <summary class="btn quiet small">"Hint"</summary>
            <p>{hint}</p>
        </details>
        <details class="help">
            <summary class="btn quiet small">"curl"</summary>
            <Command text=curl label="Copy the curl command" />
            {store_command}
        </details>
    }
}

#[component]
fn Command(text: String, label: &'static str) -> impl IntoView {
    view! {
        <div class="curl">
            <pre class="code"><code>{text.clone()}</code></pre>
            <CopyButton label text=text />
        </div>
    }
}

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
                    class="btn quiet"
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
    let check = Memo::new(move |_| store.check(number));
    let look = Memo::new(move |_| {
        let next = store.panels.with(|panels| panels.checks.iter().find(|c| !c.is_passed()).map(|c| c.number));
        check.with(|check| look(check, next == Some(number)))
    });
    let mark = move || {
        let (_, mark, _) = look.get();
        (!mark.is_empty()).then(|| icon(mark))
    };
    view! {
        <li class=move || look.get().0>
            <details name="check" open=move || store.opened.get() == number>
                <summary>
                    <span class="check-mark">{mark}</span>
                    <span class="check-t"><span class="num">{number.to_string()}</span> " " {step.title}</span>
                    <span class="check-w">{move || look.get().2}</span>
                    <span class="turn-chev">{icon("#i-chevron")}</span>
                </summary>
                <div class="check-body">
                    {move || check.with(|check| body(store, check, step))}
                    <Help number step />
                </div>
            </details>
        </li>
    }
}

/// The evidence of a proven check; else what to do, what is missing, and the buttons that do it.
fn body(store: Store, check: &Check, step: &'static LessonStep) -> AnyView {
    if check.is_passed() {
        return view! { <Evidence store proofs=check.evidence.clone() /> }.into_any();
    }
    let missing = check.missing.clone().map(|missing| view! { <p class="missing">{missing}</p> });
    view! {
        <p>{step.todo}</p>
        {missing}
        <Deeds check=check.clone() />
    }
    .into_any()
}

#[component]
fn Evidence(store: Store, proofs: Vec<Proof>) -> impl IntoView {
    let turn = proofs.iter().find_map(|proof| proof.turn.filter(|_| proof.level.is_some()));
    let link = turn.map(|turn| {
        let bar = format!("t{turn}-load-1");
        let href = format!("?bar={bar}#timeline");
        let select = move |event: leptos::ev::MouseEvent| {
            event.prevent_default();
            store.select(&bar);
        };
        view! { <p class="acts"><a class="btn quiet small" href=href on:click=select>{icon("#i-eye")} "In the timeline"</a></p> }
    });
    let lines = proofs.into_iter().map(|proof| {
        let level = proof.level.map(|level| view! { <b class=level_class(level)>{level.as_str()}</b> });
        view! { <li>{level} <span>{proof.text}</span></li> }
    });
    view! {
        <ol class="log evidence">{lines.collect_view()}</ol>
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

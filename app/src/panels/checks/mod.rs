//! The lesson's five steps: what to do, a button that does it, and the evidence when it is proven.

use leptos::prelude::*;
use maud::{Markup, html};

use crate::{icons::icon, markup::drawn};
use crate::{
    icons::symbol,
    live::{
        actions::{COMPARE, READ_HISTORY, RESET},
        dom,
        store::Store,
    },
    markup::keep,
    panels::{copy::copy_button, deeds, fields::error_line},
};
use model::{
    error::ErrorCode,
    lesson::{
        checks::{Check, CheckState, Proof},
        steps::{self, LessonStep, STEPS},
    },
    timeline::Outcome,
};

/// The deep dive that belongs to each check, by its name in addresses, and what the lesson's own code does there.
pub(crate) const DIVES: [(&str, &str); 5] = [
    ("failed-read-wipes", "In the lesson’s code, one failed read can empty the history."),
    ("outage-looks-empty", "In the lesson’s code, an outage looks like an empty history."),
    ("retry-around-a-cache", "In the lesson’s code, the save is not retried at all."),
    ("key-that-is-not-there", "Why the lesson’s key finds nothing."),
    ("one-failure", "In the lesson’s code, only one message meets a failure."),
];

/// The checklist.
#[component]
pub fn Checks() -> impl IntoView {
    let store = expect_context::<Store>();
    let opened = store.opened.get_untracked();
    let rows = (1u8..).zip(&STEPS).map(|(number, step)| drawn(|| entry(store, number, step, opened == number)));
    view! {
        <section class="panel checks" aria-labelledby="h-checks">
            <div class="panel-head">
                <h2 id="h-checks">"Lesson checks"</h2>
                {drawn(|| score(store))} {drawn(|| run_all(store))} <Reset />
            </div>
            {drawn(|| errors(store))}
            <div class="check-list">
                <ol>{rows.collect_view()}</ol>
                <p class="to-report">
                    <a href=format!("/lab/{}/report", store.actor_id())>"Report"</a> " to print, or to hand in"
                </p>
            </div>
        </section>
    }
}

/// Keeps what moves in it.
pub(super) fn start(store: Store) {
    const ENTRIES: [&str; 5] = [
        ".check:nth-child(1)",
        ".check:nth-child(2)",
        ".check:nth-child(3)",
        ".check:nth-child(4)",
        ".check:nth-child(5)",
    ];
    keep(".checks .score", move || score(store));
    keep(".run-all", move || run_all(store));
    keep(".check-errors", move || errors(store));
    for ((number, step), place) in (1u8..).zip(&STEPS).zip(ENTRIES) {
        // Open is what was opened, by a person or by the lab: no part of the drawing.
        keep(place, move || entry(store, number, step, false));
    }
    let mut before = store.opened.get_untracked();
    Effect::new(move |_| {
        let opened = store.opened.get();
        if before != opened
            && let Some(details) = dom::find(&format!(".check:nth-child({opened}) > details"))
        {
            let _ = details.set_attribute("open", "");
        }
        before = opened;
    });
}

fn score(store: Store) -> Markup {
    html! { span.score { b { (store.passed()) } " of 5" } }
}

fn run_all(store: Store) -> Markup {
    let running = store.running_all.get();
    html! {
        button.btn.quiet.run-all.scripted type="button" disabled[running] {
            (symbol("#i-play")) span { (if running { "Running" } else { "Run all" }) }
        }
    }
}

fn errors(store: Store) -> Markup {
    html! { div.check-errors { (error_line(store, &[RESET, READ_HISTORY, COMPARE], |_| false)) } }
}

/// Takes everything back, in two steps: the first press only opens the question.
#[component]
fn Reset() -> impl IntoView {
    let store = expect_context::<Store>();
    view! {
        <details class="menu">
            <summary class="btn quiet icon" aria-label="Reset the lab" title="Reset the lab">{icon("#i-replay")}</summary>
            <form class="menu-list ask" action=RESET method="post">
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

fn entry(store: Store, number: u8, step: &LessonStep, is_open: bool) -> Markup {
    let check = store.check(number);
    // Whether it is the first that is not proven.
    let next = store.panels.with(|panels| panels.checks.iter().find(|c| !c.is_passed()).map(|c| c.number));
    let is_next = next == Some(number);
    html! {
        li class=(look(&check, is_next).0) {
            details name="check" open[is_open] { (row(store, &check, is_next, step)) }
        }
    }
}

fn row(store: Store, check: &Check, is_next: bool, step: &LessonStep) -> Markup {
    let (_, mark, word) = look(check, is_next);
    html! {
        summary {
            span.check-mark { @if !mark.is_empty() { (symbol(mark)) } }
            span.check-t { span.num { (check.number) } " " (step.title) }
            span.check-w { (word) }
            span.turn-chev { (symbol("#i-chevron")) }
        }
        div.check-body {
            @if check.is_passed() {
                (evidence(&check.evidence))
            } @else {
                p { (step.todo) }
                @if let Some(missing) = &check.missing { p.missing { (missing) } }
                (deed(store, check))
            }
            (help(store, check.number, step))
        }
    }
}

/// The button of a check that is not proven yet.
fn deed(store: Store, check: &Check) -> Markup {
    let content = steps::content(check.number, check);
    match check.number {
        1 if check.missing.is_none() => deeds::send(store, check.number, false, content),
        2 => deeds::ask(store, READ_HISTORY, "Read history"),
        4 => deeds::ask(store, COMPARE, "Compare with the store"),
        5 if check.progress == "read history" => deeds::ask(store, READ_HISTORY, "Read history"),
        5 if check.state == CheckState::Failed => {
            let lost = store.turns.with(|turns| {
                let failed = turns.iter().rfind(|turn| matches!(turn.outcome, Outcome::Failed { .. }))?;
                let Outcome::Failed { error, .. } = &failed.outcome else { return None };
                let id = failed.message_id.clone().filter(|_| error.code != ErrorCode::IdReused);
                Some((failed.content.clone()?, id))
            });
            match lost {
                Some((content, Some(id))) => deeds::send_again(store, &content, id.as_str(), "btn small"),
                Some((content, None)) => deeds::send(store, check.number, false, &content),
                None => deeds::send(store, check.number, true, content),
            }
        }
        _ => deeds::send(store, check.number, true, content),
    }
}

/// What proves a check: lines of the log and of the store, and the way to the turn.
fn evidence(proofs: &[Proof]) -> Markup {
    let turn = proofs.iter().find_map(|proof| proof.turn.filter(|_| proof.level.is_some()));
    html! {
        ol.log.evidence {
            @for proof in proofs {
                li {
                    @if let Some(level) = proof.level { b class=(level.class()) { (level.as_str()) } }
                    span { (proof.text) }
                }
            }
        }
        @if let Some(turn) = turn {
            p.acts {
                a.btn.quiet.small href={ "?bar=t" (turn) "-load-1#timeline" } { (symbol("#i-eye")) " In the timeline" }
            }
        }
    }
}

/// A hint, and the same with curl.
fn help(store: Store, number: u8, step: &LessonStep) -> Markup {
    let actor = store.actor_id();
    let origin = store.runtime.with_untracked(|runtime| runtime.origin.clone());
    let curl = step.curl.replace("{origin}", &origin).replace("{actor}", &actor);
    // Step 4 asks the store itself: the command that does the same past this program.
    let stored = store.panels.with(|panels| panels.stored.as_ref().ok().map(|stored| stored.command.clone()));
    html! {
        details.help {
            summary.btn.quiet.small { "Hint" }
            p {
                (step.hint.replace("{actor}", &actor)) " "
                @if let Some((slug, words)) = DIVES.get(usize::from(number).wrapping_sub(1)) {
                    a href={ "/dives/" (slug) "?actor=" (actor) } { (words) }
                }
            }
        }
        details.help {
            summary.btn.quiet.small { "curl" }
            (command(&curl, "Copy the curl command"))
            @if let Some(stored) = stored.filter(|_| number == 4) { (command(&stored, "Copy the store’s command")) }
        }
    }
}

fn command(text: &str, label: &str) -> Markup {
    html! {
        div.curl {
            pre.code { code { (text) } }
            (copy_button(label, text))
        }
    }
}

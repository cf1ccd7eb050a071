//! The lesson's five steps: what to do, a button that does it, and the evidence when it is proven.

use leptos::prelude::*;
use maud::{Markup, html};

use crate::{
    icons::{icon, symbol},
    lesson::{
        checks::{Check, CheckState, Proof},
        steps::{self, LessonStep, STEPS},
    },
    live::{
        actions::{self, COMPARE, READ_HISTORY, RESET},
        store::Store,
    },
    markup::follow,
    panels::{controls::ErrorLine, copy::copy_button, deeds},
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
    let rows = (1u8..).zip(&STEPS).map(|(number, step)| view! { <CheckRow number step /> }).collect_view();
    let run = move || if store.running_all.get() { "Running" } else { "Run all" };
    view! {
        <section class="panel checks" aria-labelledby="h-checks">
            <div class="panel-head">
                <h2 id="h-checks">"Lesson checks"</h2>
                <span class="score"><b>{move || store.passed().to_string()}</b> " of 5"</span>
                <button
                    class="btn quiet run-all scripted"
                    type="button"
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
    let class = move || check.with(|(check, is_next)| look(check, *is_next).0);
    let markup = Memo::new(move |_| check.with(|(check, is_next)| row(store, check, *is_next, step)).into_string());
    view! {
        <li class=class>
            <details
                name="check"
                open=move || store.opened.get() == number
                inner_html=markup.get_untracked()
                use:follow=markup
            ></details>
        </li>
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
                Some((failed.content.clone()?, failed.message_id.clone()?))
            });
            match lost {
                Some((content, id)) => deeds::send_again(store, &content, id.as_str(), "btn small"),
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
    let origin = store.runtime.with_value(|runtime| runtime.origin.clone());
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

//! How one deep dive is drawn: the lesson's code and this lab's side by side, and the way to see it live below.

use leptos::prelude::*;

use super::{
    address,
    content::DIVES,
    dive::{Did, Listing, Live, Scene},
};
use crate::components::Icon;
use model::{actor_id::ActorId, scenario::Need};

/// The dive that is `nth` in the list, for a lab that has these.
pub(super) fn dive(nth: usize, actor: &ActorId, there: &[Need]) -> impl IntoView + use<> {
    let dive = &DIVES[nth];
    let seen = dive.seen.iter().map(|fact| view! { <li>{*fact}</li> }).collect_view();
    view! {
        <main class="dive">
            <p class="dive-nth">
                <a href=address("", actor)>"Deep dives"</a>
                {format!(", {} of {}", nth + 1, DIVES.len())}
            </p>
            <h1>{dive.title}</h1>
            <p class="dive-lead">{dive.costs}</p>
            <div class="dive-both">
                <section aria-labelledby="h-there">
                    <h2 id="h-there">"The lesson’s code"</h2>
                    {listing(&dive.theirs, "fail", "#i-cross")}
                    {steps(dive.there, "What it does, step by step")}
                    <p>{dive.really}</p>
                    <h3>"Seen on daprd 1.18.2 and Redis"</h3>
                    <ul class="dive-seen">{seen}</ul>
                </section>
                <section aria-labelledby="h-here">
                    <h2 id="h-here">"This lab"</h2>
                    {listing(&dive.ours, "ok", "#i-check")}
                    {steps(dive.here, "What it does, step by step")}
                    <p>{dive.instead}</p>
                </section>
            </div>
            <section class="dive-live" aria-labelledby="h-live">
                <h2 id="h-live">"See it live"</h2>
                {match &dive.live {
                    Live::Scene(live) => scene(live, actor, there).into_any(),
                    Live::Shell { why, command, prints } => shell(why, command, prints).into_any(),
                }}
            </section>
            {along(nth, actor)}
        </main>
    }
}

/// The lines, with the one that matters marked and explained.
fn listing(listing: &Listing, kind: &'static str, mark: &'static str) -> impl IntoView + use<> {
    let line = |line: &'static str| {
        let matters = line.trim() == listing.mark;
        if matters { view! { <mark class=kind>{line}</mark> }.into_any() } else { format!("{line}\n").into_any() }
    };
    let lines = listing.text.lines().map(line).collect_view();
    let says = if kind == "fail" { "dive-says fail" } else { "dive-says ok" };
    view! {
        <figure class="dive-code">
            <p class="note">{listing.name}</p>
            <pre class="code" tabindex="0"><code>{lines}</code></pre>
            <figcaption class=says><Icon href=mark /> <span><span class="vh">"The marked line: "</span> {listing.says}</span></figcaption>
        </figure>
    }
}

/// What some code does, as the bars of the timeline.
fn steps(steps: &[Did], label: &'static str) -> impl IntoView + use<> {
    let step = |step: &Did| {
        let (kind, mark, outcome, words) = match step {
            Did::Done(words) => ("ok", "#i-check", "", words),
            Did::Failed(words) => ("fail", "#i-cross", " fails", words),
            Did::Waited(words) => ("wait", "#i-wait", " of waiting", words),
            Did::Never(words) => ("never", "#i-dash", " does not come about", words),
        };
        view! {
            <li class=kind>
                <Icon href=mark /> <span>{*words} <span class="vh">{outcome}</span></span>
            </li>
        }
    };
    view! { <ol class="dive-steps" aria-label=label>{steps.iter().map(step).collect_view()}</ol> }
}

/// The way to the scenario.
fn scene(scene: &Scene, actor: &ActorId, there: &[Need]) -> impl IntoView + use<> {
    let (scenario, why) = scene.in_a_lab_with(there)?;
    let evidence = if why.is_none() { scene.evidence } else { scenario.watch.as_str() };
    Some(view! {
        {why.map(|why| view! { <p class="dive-why"><Icon href="#i-info" /> <span>{why}</span></p> })}
        <dl>
            <dt>"Do"</dt>
            <dd>{scenario.action.as_str()}</dd>
            <dt>"Evidence"</dt>
            <dd>{evidence}</dd>
        </dl>
        <p class="dive-go">
            <a class="btn primary" href=format!("/lab/{actor}?scenario={}", scenario.name)>
                <Icon href="#i-play" /> "Show it in the lab of " {actor.to_string()}
            </a>
            <span class="note">"Opens “" {scenario.title.as_str()} "”. Run it resets that lab first."</span>
        </p>
    })
}

/// The line for the reader's own shell.
fn shell(why: &'static str, command: &'static str, prints: &'static str) -> impl IntoView {
    view! {
        <p class="dive-why"><Icon href="#i-info" /> <span>{why}</span></p>
        <pre class="code" tabindex="0"><code>"$ " <b>{command}</b> "\n" {prints}</code></pre>
    }
}

/// The dives before and after.
fn along(nth: usize, actor: &ActorId) -> impl IntoView + use<> {
    let to = |at: Option<usize>, class: &'static str, word: &'static str| {
        let dive = DIVES.get(at?)?;
        Some(view! {
            <a class=class href=address(dive.slug, actor)>
                <span>{word}</span>
                {dive.title}
            </a>
        })
    };
    view! {
        <nav class="dive-along" aria-label="Other deep dives">
            {to(nth.checked_sub(1), "before", "Before")} {to(Some(nth + 1), "after", "Next")}
        </nav>
    }
}

//! The report of a lab: the five checks with what proves them, the turns, the log, what is stored. A page of its own
//! without script, to be printed, or kept as one file and handed in.

use leptos::prelude::*;

use super::document::{Frame, Style, document};
use crate::{
    components::{TurnTrace, turn_trace::marks},
    format::{clock, clock_ms, duration_us},
    panels::topbar::Brand,
};
use model::{
    actor_id::ActorId,
    error::LabError,
    lab::{LabSnapshot, StoredValue},
    lesson::{
        checks::{Check, Proof},
        steps,
    },
    message::Message,
    timeline::{LogLine, Outcome, Turn, turns},
};

/// The page. `taken` is the date and the time at which it is asked for.
#[must_use]
pub fn report(snapshot: &LabSnapshot, taken: &str, frame: Frame<'_>) -> String {
    let kept = matches!(frame.style, Style::Inline(_));
    let body = view! { {(!kept).then(|| bar(snapshot))} {page(snapshot, taken, kept)} };
    document(frame, &format!("report of {}", snapshot.actor), body)
}

/// The way back, and the file; neither is printed.
fn bar(snapshot: &LabSnapshot) -> impl IntoView + use<> {
    let lab = format!("/lab/{}", snapshot.actor);
    view! {
        <header class="topbar">
            <Brand />
            <a class="btn quiet" href=lab.clone()>"Back to the lab"</a>
            <span class="topbar-gap"></span>
            <a class="btn" href=format!("{lab}/report?download")>"Save as a file"</a>
        </header>
    }
}

/// `kept` says that the page is a file, from which nothing of the lab can be reached.
fn page(snapshot: &LabSnapshot, taken: &str, kept: bool) -> impl IntoView + use<> {
    let panels = &snapshot.panels;
    let offset = snapshot.utc_offset_min;
    let events = &snapshot.timeline.events;
    let turns: Vec<_> = turns(events).iter().map(|of| turn(of, (!kept).then_some(&snapshot.actor))).collect();
    let lines: Vec<_> =
        events.iter().filter_map(|e| e.log_line(&snapshot.actor)).map(|l| log_line(&l, offset)).collect();
    let checks: Vec<_> = panels.checks.iter().map(|one| check(one, offset)).collect();
    let proven = panels.checks.iter().filter(|check| check.is_passed()).count();
    let (none, no_lines) = (turns.is_empty(), lines.is_empty());
    view! {
        <main class="docs report">
            <h1>"Report: fault tolerance of a Dapr virtual actor"</h1>
            <p class="lead">
                <b>{format!("{proven} of 5 checks proven")}</b>
                {format!(", {taken}. Actor {}, {}, {}.", snapshot.actor, snapshot.runtime.sidecar, snapshot.runtime.store)}
            </p>
            <p class="sign">"Name"</p>
            {checks}
            <section>
                <h2>"Stored"</h2>
                {stored(&panels.stored, offset)}
                <h3>"History as Dapr gives it"</h3>
                {history(&panels.history)}
            </section>
            <section>
                <h2>"Turns"</h2>
                {none.then(|| view! { <p class="note">"None that the timeline still knows."</p> })}
                {(!none && !kept).then(recordings)}
                <table hidden=none>
                    <thead>
                        <tr>
                            <th scope="col">"Turn"</th>
                            <th scope="col">"Message"</th>
                            <th scope="col">"Attempts"</th>
                            <th scope="col">"Outcome"</th>
                            {(!kept).then(|| view! { <th scope="col" class="screen">"Recording"</th> })}
                        </tr>
                    </thead>
                    <tbody>{turns}</tbody>
                </table>
            </section>
            <section>
                <h2>"Log"</h2>
                {no_lines.then(|| view! { <p class="note">"No line that the timeline still knows."</p> })}
                <ol class="log">{lines}</ol>
            </section>
        </main>
    }
}

fn check(check: &Check, offset: i32) -> impl IntoView + use<> {
    let step = steps::step(check.number);
    let title = format!("{}. {}", check.number, step.map_or("", |step| step.title));
    let proven = check.is_passed();
    let class = if proven { "verdict ok-t" } else { "verdict fail-t" };
    let words = if proven { "proven".to_owned() } else { format!("not proven ({})", check.progress) };
    let missing = check.missing.clone().filter(|_| !proven);
    let proofs: Vec<_> = check.evidence.iter().map(|of| proof(of, offset)).collect();
    view! {
        <section class="proof">
            <h2>{title} " " <span class=class>{words}</span></h2>
            <p>{step.map(|step| step.todo)}</p>
            {missing.map(|missing| view! { <p class="missing">{missing}</p> })}
            <ol class="log">{proofs}</ol>
        </section>
    }
}

fn proof(proof: &Proof, offset: i32) -> impl IntoView + use<> {
    let turn = proof.turn.map(|turn| format!(" (turn {turn})"));
    view! {
        <li>
            <time>{clock_ms(proof.at, offset)}</time>
            <b class="lv">{proof.level.map(|level| level.as_str())}</b>
            <span>{proof.text.clone()} {turn}</span>
        </li>
    }
}

fn log_line(line: &LogLine, offset: i32) -> impl IntoView + use<> {
    view! {
        <li>
            <time>{clock_ms(line.at, offset)}</time>
            <b class="lv">{line.level.as_str()}</b>
            <span>{line.text.clone()}</span>
        </li>
    }
}

/// What the links in the list of turns are for.
fn recordings() -> impl IntoView {
    view! {
        <p class="screen">
            "A turn can be kept as a recording, a JSON document, and " <a href="/recording">"opened again"</a>
            ", on this lab or another."
        </p>
    }
}

/// A row of the list of turns; with the actor, a turn that has ended can be kept as a recording.
fn turn(turn: &Turn, actor: Option<&ActorId>) -> impl IntoView + use<> {
    let done = if turn.content.is_some() { "answered" } else { "done" };
    let outcome = match &turn.outcome {
        Outcome::Queued => "waits for its turn".to_owned(),
        Outcome::Running => "runs".to_owned(),
        Outcome::Completed { took_us, .. } if turn.had_failures() => format!("recovered, {}", duration_us(*took_us)),
        Outcome::Completed { took_us, .. } => format!("{done}, {}", duration_us(*took_us)),
        Outcome::Failed { error, .. } => format!("failed: {}", error.message),
    };
    let what = turn.content.clone().unwrap_or_else(|| turn.method.as_str().to_owned());
    let recording = actor.filter(|_| turn.ended()).map(|actor| {
        let (href, number) = (format!("/api/lab/{actor}/turn/{}", turn.number), turn.number);
        let file = format!("faultlab-{actor}-turn-{number}.json");
        let label = format!("Recording of turn {number}");
        view! { <td class="screen"><a href=href download=file aria-label=label>"JSON"</a></td> }
    });
    view! {
        <tr>
            <th scope="row">{turn.number.to_string()}</th>
            <td>{what}</td>
            <td>
                <TurnTrace marks=marks(turn) />
            </td>
            <td>{outcome}</td>
            {recording}
        </tr>
    }
}

fn stored(stored: &Result<StoredValue, LabError>, offset: i32) -> Vec<AnyView> {
    let stored = match stored {
        Ok(stored) => stored,
        Err(error) => return vec![view! { <p class="form-error">{error.message.clone()}</p> }.into_any()],
    };
    let version = stored.etag.as_ref().map(|etag| format!(", version {etag}")).unwrap_or_default();
    let read = format!("Read from the store itself, past Dapr, at {}{version}:", clock(stored.read_at, offset));
    let value = stored.value.clone().unwrap_or_else(|| "No such key yet.".to_owned());
    vec![
        view! { <p>{read}</p> }.into_any(),
        view! { <pre class="code"><code>{stored.key.clone()} "\n" {value}</code></pre> }.into_any(),
        view! { <p class="note">"The same in a shell:"</p> }.into_any(),
        view! { <pre class="code"><code>{stored.command.clone()}</code></pre> }.into_any(),
    ]
}

fn history(history: &Result<Vec<Message>, LabError>) -> AnyView {
    match history {
        Ok(messages) => {
            let json = serde_json::to_string_pretty(messages).unwrap_or_default();
            view! { <pre class="code"><code>{json}</code></pre> }.into_any()
        }
        Err(error) => view! { <p class="form-error">{error.message.clone()}</p> }.into_any(),
    }
}

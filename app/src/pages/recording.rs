//! A recorded turn as a page, and the form that takes one. Pages of their own, without script.

use leptos::prelude::*;

use super::document::{Frame, document};
use crate::{
    format::textarea_html,
    panels::{
        timeline::StillTimeline,
        topbar::{Brand, ThemeButton},
    },
};
use model::{
    error::LabError,
    fault::words::all_ahead,
    recording::Recording,
    timeline::{BarId, turns},
};

fn bar(more: impl IntoView + 'static) -> impl IntoView {
    view! {
        <header class="topbar">
            <Brand />
            <span class="topbar-step">"Recording"</span>
            <span class="topbar-gap"></span>
            {more}
            <ThemeButton />
        </header>
    }
}

/// The page of a recording. `began` is the date and the time at which the turn began, where it was recorded; `bar` is
/// the selected one.
#[must_use]
pub fn recording(recording: &Recording, id: &str, began: &str, bar: Option<BarId>, frame: Frame<'_>) -> String {
    let title = format!("recording of turn {} of {}", recording.turn, recording.actor);
    Owner::new().with(|| document(frame, &title, page(recording, id, began, bar)))
}

fn page(recording: &Recording, id: &str, began: &str, selected: Option<BarId>) -> impl IntoView + use<> {
    let Recording { actor, runtime, turn, utc_offset_min, .. } = recording;
    let log: Vec<_> = recording.events.iter().filter_map(|event| event.log_line(actor)).collect();
    let file = format!("faultlab-{actor}-turn-{turn}.json");
    let policy = recording.policy.map_or_else(|| "not known any more".to_owned(), |policy| policy.to_string());
    let open = view! { <a class="btn" href="/recording">"Open another"</a> };
    view! {
        {bar(open)}
        <main class="recording">
            <div class="recording-head">
                <h1>{format!("Turn {turn} of {actor}")}</h1>
                <p class="lead">
                    <b>"A recording."</b>
                    " Nothing here happens now, and no lab is touched. It was made on the "
                    {format!("{} with {}, and began {began}.", runtime.sidecar, runtime.store)}
                </p>
                <dl>
                    <div><dt>"Policy"</dt><dd>{policy}</dd></div>
                    <div><dt>"Failures"</dt><dd>{failures(recording)}</dd></div>
                    <div>
                        <dt>"Document"</dt>
                        <dd><a href=format!("/api/recordings/{id}") download=file.clone()>{file.clone()}</a></dd>
                    </div>
                </dl>
            </div>
            <section class="timeline" id="timeline" aria-labelledby="h-time">
                <StillTimeline
                    turns=turns(&recording.events)
                    selected
                    log
                    actor=actor.clone()
                    utc_offset_min=*utc_offset_min
                />
            </section>
        </main>
    }
}

/// What was going to fail when the turn began.
fn failures(recording: &Recording) -> String {
    match &recording.fault {
        None => "not known any more".to_owned(),
        Some(fault) if !fault.on => "none on purpose: the switch was off".to_owned(),
        Some(fault) if !fault.is_loaded() => "none on purpose: the switch was used up".to_owned(),
        Some(fault) => all_ahead(fault),
    }
}

/// What was posted and refused.
pub struct Refused {
    /// The text, as it was typed or as it stood in the file.
    pub text: String,
    /// The file's name, if it came as one.
    pub file: Option<String>,
    /// Why.
    pub error: LabError,
}

/// The page with the form that takes a recording; `refused` is what was wrong with the one before.
#[must_use]
pub fn open(refused: Option<&Refused>, frame: Frame<'_>) -> String {
    let text = refused.map(|refused| textarea_html(&refused.text));
    let error = refused.map(|refused| {
        let from = refused.file.as_ref().map(|file| format!("In {file}: ")).unwrap_or_default();
        format!("{from}{}", refused.error.message)
    });
    let invalid = error.is_some().then_some("true");
    let described = error.is_some().then_some("document-error");
    let body = view! {
        {bar(())}
        <main class="docs recording-open">
            <h1>"Open a recording"</h1>
            <p class="lead">
                "A recording is one turn of a lab as a JSON document. The report of a lab offers each of its turns; so does "
                <code>"GET /api/lab/{actor_id}/turn/{number}"</code>
                ". It is shown here as it was, on this lab or another. Recordings are kept in memory: the last hundred, until this lab ends."
            </p>
            <form method="post" action="/recording" enctype="multipart/form-data">
                <label for="file">"A file"</label>
                <input id="file" name="file" type="file" accept=".json,application/json" />
                <label for="document">"or its text"</label>
                <textarea
                    id="document"
                    name="document"
                    rows="14"
                    spellcheck="false"
                    autocomplete="off"
                    aria-invalid=invalid
                    aria-describedby=described
                    inner_html=text
                ></textarea>
                {error.map(|error| view! { <p class="form-error" id="document-error" role="alert">{error}</p> })}
                <button class="btn primary" type="submit">"Show it"</button>
            </form>
        </main>
    };
    document(frame, "open a recording", body)
}

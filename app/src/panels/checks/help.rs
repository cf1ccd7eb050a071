//! Help with a step.

use leptos::prelude::*;

use super::dives::DIVES;
use crate::{components::CopyButton, state::lab::LabState};
use model::lesson::steps::LessonStep;

/// A hint, and the same with curl.
#[component]
pub(super) fn Help(
    /// The number of the step, from 1.
    number: u8,
    /// The step.
    step: &'static LessonStep,
) -> impl IntoView {
    let lab = expect_context::<LabState>();
    let actor = lab.actor().to_string();
    let origin = lab.runtime().origin;
    let curl = step.curl.replace("{origin}", &origin).replace("{actor}", &actor);
    let dive = DIVES.get(usize::from(number).wrapping_sub(1));
    let dive = dive.map(|(slug, words)| view! { <a href=format!("/dives/{slug}?actor={actor}")>{*words}</a> });
    // Step 4 asks the store itself: the command that does the same past this program.
    let stored = Memo::new(move |_| {
        let command = || lab.panels.with(|panels| Some(panels.stored.as_ref().ok()?.command.clone()));
        (number == 4).then(command).flatten()
    });
    view! {
        <details class="help">
            <summary class="btn quiet small">"Hint"</summary>
            <p>{step.hint.replace("{actor}", &actor)} " " {dive}</p>
        </details>
        <details class="help">
            <summary class="btn quiet small">"curl"</summary>
            <Command text=curl label="Copy the curl command" />
            {move || stored.get().map(|text| view! { <Command text label="Copy the store’s command" /> })}
        </details>
    }
}

/// A command for a shell.
#[component]
fn Command(
    /// The command.
    text: String,
    /// What the button is called that copies it.
    label: &'static str,
) -> impl IntoView {
    view! {
        <div class="curl">
            <pre class="code">
                <code>{text.clone()}</code>
            </pre>
            <CopyButton label text />
        </div>
    }
}

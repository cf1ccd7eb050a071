//! The pane *Code*: the retry that runs in this actor, and the idea that it comes from.

use leptos::prelude::*;

use crate::components::Icon;
use model::actor_id::ActorId;

/// The pane. It is rendered by the server alone.
#[component]
pub fn CodePane(
    /// Whose lab the deep dives lead back to.
    actor: ActorId,
) -> impl IntoView {
    view! {
        <div class="pane pane-code" tabindex="0" role="region" aria-label="Code">
            <p class="block to-dives">
                <a href=format!("/dives?actor={actor}")>"Deep dives" <Icon href="#i-right" /></a>
                " Eight faults of the lesson’s code, to be seen live."
            </p>
            <div class="block">
                <h3>"The retry in this actor " <span class="note">"Rust, server/src/retry.rs"</span></h3>
                <pre class="code"><code>{EXCERPT}</code></pre>
            </div>
            <div class="block">
                <h3>"The lesson’s idea " <span class="note">"Python, in short"</span></h3>
                <pre class="code"><code>{IDEA}</code></pre>
                <p class="note">
                    "The lesson’s loop around the save wraps a cache: the real write comes after the method, untried again. \
                     Here the attempt is the state transaction itself, and the event follows it."
                </p>
            </div>
        </div>
    }
}

/// Lines of the retry as it runs, in order; what stands between them is left out. A test holds it to the source.
const EXCERPT: &str = "\
let begun = self.controls.begin(tried, self.faulty);
…
let result = self.limited(begun.timeout, …
let next = self.controls.failed(tried, …
let reason = match next {
    Next::Wait(delay) => {
        sleep(delay).await;
        attempt += 1;
        continue;
    }
    Next::Permanent => Reason::Permanent,
    Next::Exhausted => Reason::Exhausted,
    Next::TurnLimit => Reason::TurnLimit,
};
return Err(GaveUp { reason, …";

/// What the lesson does, in our own words.
const IDEA: &str = "\
for attempt in 1, 2, 3:
    try:
        history = await load()
        break
    except Exception as error:
        if attempt == 3:
            raise
        log(f\"Retry {attempt}: {error}\")
        await sleep(1)";

#[cfg(test)]
mod tests {
    use super::*;

    /// The text without its white space, so that line breaks may differ.
    fn dense(text: &str) -> String {
        text.split_whitespace().collect()
    }

    #[test]
    fn the_excerpt_is_what_runs() {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../server/src/retry.rs");
        let source = dense(&std::fs::read_to_string(source).unwrap());
        let mut rest = source.as_str();
        for part in EXCERPT.split('…').map(dense) {
            let at = rest.find(&part);
            assert!(at.is_some(), "not in the source any more, or not in this order: {part}");
            rest = &rest[at.unwrap() + part.len()..];
        }
    }
}

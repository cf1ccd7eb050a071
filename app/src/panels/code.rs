//! The pane *Code*: the retry that runs in this actor, and the idea that it comes from.

use leptos::prelude::*;

/// The pane. It is rendered by the server alone.
#[component]
pub fn CodePane() -> impl IntoView {
    view! {
        <div class="pane pane-code">
            <div class="block">
                <h3>"The retry in this actor " <span class="note">"Rust, server/src/actor/retry.rs"</span></h3>
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

const EXCERPT: &str = "";

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

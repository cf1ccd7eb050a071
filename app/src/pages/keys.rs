//! The sheet of keys. It is also where the script looks a key up: each line names what its key presses or moves to, so
//! that a key does what the control itself does, and nothing else.

use leptos::prelude::*;

use crate::{icons::icon, shell::cookie};

/// One key.
pub struct Key {
    /// The character.
    pub key: &'static str,
    /// What it does, for a person.
    pub does: &'static str,
    /// What it moves the focus to, as a selector.
    pub go: Option<&'static str>,
    /// What it presses, as a selector.
    pub press: Option<&'static str>,
}

const fn go(key: &'static str, does: &'static str, to: &'static str) -> Key {
    Key { key, does, go: Some(to), press: None }
}

const fn press(key: &'static str, does: &'static str, what: &'static str) -> Key {
    Key { key, does, go: None, press: Some(what) }
}

/// For what a keyboard stays at once it is pressed: tabs, and what opens.
const fn both(key: &'static str, does: &'static str, what: &'static str) -> Key {
    Key { key, does, go: Some(what), press: Some(what) }
}

/// The keys, by subject. Of several selectors the first counts whose element can be seen.
pub const KEYS: [(&str, &[Key]); 5] = [
    (
        "Chat",
        &[
            go("m", "Write a message; Enter sends it", "#msg"),
            both("q", "Scenarios", ".scenarios > summary"),
            press(
                "z",
                "Send a failed message again",
                "li:nth-last-child(1 of :has(.failure form)) .failure [type=submit]",
            ),
        ],
    ),
    (
        "Failures",
        &[
            press("f", "Failure switch on, off", ".knob input"),
            press("a", "Arm it again", ".arm"),
            go("e", "What fails, and how often", "#plan select"),
            both("h", "More kinds of failure", ".more > summary"),
            go("w", "The wire to Redis, where there is one", "#wire"),
        ],
    ),
    (
        "Lesson",
        &[
            both("1", "Open a check: 1 to 5", ".check:nth-child(1) > details > summary"),
            both("2", "", ".check:nth-child(2) > details > summary"),
            both("3", "", ".check:nth-child(3) > details > summary"),
            both("4", "", ".check:nth-child(4) > details > summary"),
            both("5", "", ".check:nth-child(5) > details > summary"),
            press("d", "Do what the open check asks for", ".check > details[open] form [type=submit]"),
            press("v", "Run all of them", ".run-all"),
            press("i", "The report, to print or hand in", ".to-report a"),
            both("x", "Reset the lab; asks first", ".checks .menu summary"),
        ],
    ),
    (
        "Timeline",
        &[
            press("k", "Pause, and go on", ".tl-pause"),
            press("r", "Replay the last turn", ".tl-replay"),
            press("o", "Older turn", ".tl-older"),
            press("n", "Newer turn", ".tl-newer"),
            go(
                "b",
                "Go to the newest turn’s bars; Tab goes along, Enter selects",
                "li:nth-last-child(1 of :has(a.bar)) a.bar",
            ),
            press("y", "Release the attempt that is held", ".hold-release"),
            go("t", "Any moment of an earlier turn; arrows move it", ".tl-scrub [type=range]"),
        ],
    ),
    (
        "Page",
        &[
            both("s", "What is stored", "#pane-stored"),
            both("l", "The retry policy", "#pane-policy"),
            both("c", "The code", "#pane-code"),
            go("g", "Open another actor’s lab", "#actor"),
            press("u", "Light, dark", ".to-dark, .to-light"),
            press("p", "Large type for a room, and back", ".present-link"),
            press("j", "Hold before each attempt, in large type", ".hold [type=checkbox]"),
            press("0", "Skip the guided tour", ".tour-skip"),
            press("?", "This sheet", ".keys-button"),
        ],
    ),
];

/// The sheet, closed at first, and the line of keys at the foot of a page that is laid out for a room. Opens and closes
/// without script.
#[component]
pub fn KeySheet() -> impl IntoView {
    let on = cookie("keys").as_deref() != Some("off");
    let line = |Key { key, does, go, press }: &'static Key| {
        view! {
            <div data-key=*key data-go=*go data-press=*press hidden=does.is_empty()>
                <dt><kbd>{*key}</kbd></dt>
                <dd>{*does}</dd>
            </div>
        }
    };
    let subject = |(subject, keys): (&'static str, &'static [Key])| {
        view! {
            <section>
                <h3>{subject}</h3>
                <dl>{keys.iter().map(line).collect_view()}</dl>
            </section>
        }
    };
    view! {
        <dialog id="keys" class="keys" popover="auto" aria-labelledby="h-keys">
            <div class="panel-head">
                <h2 id="h-keys">"Keys"</h2>
                <button
                    class="btn quiet icon"
                    type="button"
                    popovertarget="keys"
                    popovertargetaction="hide"
                    aria-label="Close"
                    autofocus
                >
                    {icon("#i-cross")}
                </button>
            </div>
            <div class="keys-all">{KEYS.map(subject).collect_view()}</div>
            <p class="keys-foot">
                <label><input type="checkbox" id="keys-on" checked=on autocomplete="off" /> "Single keys work"</label>
                <button
                    class="btn small tour-again"
                    type="button"
                    popovertarget="keys"
                    popovertargetaction="hide"
                >
                    "Take the guided tour"
                </button>
                <span class="note">
                    "They never do while you write. " <kbd>"Esc"</kbd>
                    " leaves what is open. With a clicker, in large type: " <kbd>"Page Down"</kbd>
                    " does the lesson’s next step, " <kbd>"Page Up"</kbd> " goes back; while an attempt is held, "
                    <kbd>"Space"</kbd> ", " <kbd>"→"</kbd> " or " <kbd>"Page Down"</kbd> " releases it; " <kbd>"1"</kbd> ", " <kbd>"2"</kbd>
                    " or " <kbd>"5"</kbd> " is how many seconds the actor waits between attempts."
                </span>
            </p>
        </dialog>
        <p class="p-foot">
            <span class="p-next"><kbd>"Page Down"</kbd> " next step"</span>
            <span class="p-release">
                <kbd>"Space"</kbd> " " <kbd>"→"</kbd> " " <kbd>"Page Down"</kbd> " release the attempt"
            </span>
            <span class="p-next"><kbd>"Page Up"</kbd> " back"</span>
            <span><kbd>"1"</kbd> " " <kbd>"2"</kbd> " " <kbd>"5"</kbd> " seconds of wait"</span>
            <span><kbd>"J"</kbd> " hold"</span>
            <span><kbd>"F"</kbd> " failure"</span>
            <span><kbd>"K"</kbd> " pause"</span>
            <span><kbd>"R"</kbd> " replay"</span>
            <span><kbd>"Esc"</kbd> " leave"</span>
        </p>
    }
}

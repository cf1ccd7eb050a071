//! The sheet of keys, and the keys. A key dispatches the action, or changes the state, that its control does, or moves the
//! focus to an element that a component has registered in [`FocusTargets`](crate::components::FocusTargets).

mod hotkeys;
mod shortcut;
mod table;
mod use_hotkeys;

use leptos::prelude::*;

pub use self::{
    hotkeys::Hotkeys,
    shortcut::{Pane, Shortcut},
    table::{KEYS, Key, find},
    use_hotkeys::use_hotkeys,
};
use crate::{components::Icon, dom};

/// The cookie in which the browser keeps whether single keys work.
pub const COOKIE: &str = "keys";

/// The sheet, closed at first, and the line of keys at the foot of a page that is laid out for a room. Opens and closes
/// without script.
#[component]
pub fn KeySheet(
    /// What the keys act on.
    hotkeys: Hotkeys,
) -> impl IntoView {
    let Hotkeys { tour, enabled, sheet, .. } = hotkeys;
    let enable = move |event| {
        let on = event_target_checked(&event);
        enabled.set(on);
        dom::remember(COOKIE, if on { "on" } else { "off" });
    };
    let line = |Key { key, does, .. }: &'static Key| {
        view! {
            <div hidden=does.is_empty()>
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
        <dialog id="keys" class="keys" popover="auto" aria-labelledby="h-keys" node_ref=sheet>
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
                    <Icon href="#i-cross" />
                </button>
            </div>
            <div class="keys-all">{KEYS.map(subject).collect_view()}</div>
            <p class="keys-foot">
                <label>
                    <input
                        type="checkbox"
                        id="keys-on"
                        checked=enabled.get_untracked()
                        autocomplete="off"
                        on:change=enable
                    />
                    " Single keys work"
                </label>
                <button
                    class="btn small tour-again"
                    type="button"
                    popovertarget="keys"
                    popovertargetaction="hide"
                    on:click=move |_| tour.begin()
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

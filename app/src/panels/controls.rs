//! Small controls that several panels share.

use leptos::prelude::*;

use crate::{
    icons::icon,
    live::{dom, store::Store},
};

/// A button that copies a text. It appears once the script runs, and only where the browser has a clipboard: dead
/// buttons are worse than none.
#[component]
pub fn CopyButton(
    /// What the button is called.
    label: &'static str,
    /// The text.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let copied = RwSignal::new(false);
    let copy = move |_| {
        dom::copy(&text.get_untracked());
        copied.set(true);
        store.said.set("Copied.".to_owned());
        set_timeout(move || copied.set(false), std::time::Duration::from_millis(1_500));
    };
    view! {
        <button
            class="btn quiet icon"
            type="button"
            aria-label=label
            title=label
            hidden=move || !(store.mounted.get() && dom::has_clipboard())
            on:click=copy
        >
            {move || if copied.get() { icon("#i-check") } else { icon("#i-copy") }}
        </button>
    }
}

/// What went wrong with one of these server functions the last time, beside the control that called it.
#[component]
pub fn ErrorLine(
    /// The paths of the server functions.
    of: &'static [&'static str],
) -> impl IntoView {
    let store = expect_context::<Store>();
    let message = move || {
        let error = store.error.get()?;
        of.contains(&error.path.as_str()).then(|| {
            view! {
                <p class="form-error" role="alert">
                    {icon("#i-alert")}
                    <span>{error.error.message}</span>
                </p>
            }
        })
    };
    view! { {message} }
}

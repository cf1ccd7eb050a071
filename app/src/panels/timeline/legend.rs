//! What the shapes of the timeline mean.

use leptos::prelude::*;

use crate::components::Icon;

/// The legend beside the timeline's title.
#[component]
pub(super) fn Legend() -> impl IntoView {
    view! {
        <ul class="legend" aria-label="Legend">
            <li>
                <svg width="16" height="12" aria-hidden="true">
                    <rect class="m-ok" x="1" width="12" height="12" rx="2"></rect>
                    <path class="m-mark-ok" d="M4.2 6.3l2 2 3.8-4.4"></path>
                </svg>
                "succeeded"
            </li>
            <li>
                <svg width="16" height="12" aria-hidden="true">
                    <path class="m-fail" d="M3 0h10l-2.5 3 2.5 3-2.5 3 2.5 3H3a2 2 0 0 1-2-2V2a2 2 0 0 1 2-2z"></path>
                    <path class="m-mark-fail" d="M4 3.9l4.2 4.2m0-4.2L4 8.1"></path>
                </svg>
                "failed"
            </li>
            <li>
                <svg width="12" height="14" aria-hidden="true">
                    <path class="flag" d="M2 14V1l9 3.5-9 3.5"></path>
                </svg>
                "on purpose"
            </li>
            <li>
                <svg width="24" height="12" aria-hidden="true">
                    <rect class="m-wait" x=".5" y="2.5" width="21" height="7" rx="1.5" fill="url(#hatch-mini)"></rect>
                </svg>
                "wait"
            </li>
            <li>
                <svg width="24" height="12" aria-hidden="true">
                    <path class="m-queue" d="M0 6h22"></path>
                </svg>
                "queued"
            </li>
            <li class="l-plain">
                <svg width="16" height="12" aria-hidden="true">
                    <rect class="m-ghost" x="1.5" y=".5" width="11" height="11" rx="2"></rect>
                </svg>
                "predicted"
            </li>
            <li
                class="l-plain l-more"
                tabindex="0"
                data-tip="The actor was loaded into memory. Dapr lets it go when it has idled for a while, and its next turn activates it again. The failure switch then counts anew."
            >
                <Icon href="#i-power" />
                "activated"
            </li>
            <li
                class="l-calls"
                tabindex="0"
                data-tip="Calls of the sidecar to the store, its own tries among them, under the attempt that they were made for. A low mark was answered, a high one was not."
            >
                <svg width="16" height="12" aria-hidden="true">
                    <rect class="c-ok" x="1" y="5" width="5" height="3"></rect>
                    <rect class="c-fail" x="8" y="2" width="5" height="7"></rect>
                </svg>
                "sidecar’s calls"
            </li>
            <li
                class="tip-left l-more"
                tabindex="0"
                data-tip="Fast steps last a few milliseconds. They are drawn wider than they last, so that you can see and press them. Waits are to scale."
            >
                <svg width="24" height="12" aria-hidden="true">
                    <rect class="vern" width="22" height="8" y="2" fill="url(#vernier)"></rect>
                </svg>
                "stretched"
            </li>
        </ul>
    }
}

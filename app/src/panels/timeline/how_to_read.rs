//! What stands beside the timeline while no bar is selected.

use leptos::prelude::*;

use crate::components::Icon;

/// How to read the timeline.
#[component]
pub(super) fn HowToRead() -> impl IntoView {
    view! {
        <aside class="detail howto" aria-label="How to read the timeline">
            <div class="detail-head">
                <h3>"How to read it"</h3>
            </div>
            <ul>
                <li>
                    <svg class="trace" width="12" height="12" aria-hidden="true">
                        <rect class="m-ok" width="12" height="12" rx="2"></rect>
                        <path class="m-mark-ok" d="M3.2 6.3l2 2 3.8-4.4"></path>
                    </svg>
                    <span><b>"A bar is one attempt."</b>" Its number counts from 1."</span>
                </li>
                <li>
                    <svg class="trace" width="24" height="20" aria-hidden="true">
                        <path class="flag" d="M1 20V1l8 3-8 3"></path>
                        <path class="m-fail" d="M1 9h21l-2.5 2.75 2.5 2.75-2.5 2.75L22 20H1z"></path>
                    </svg>
                    <span><b>"Torn: it failed."</b>" A flag means on purpose."</span>
                </li>
                <li>
                    <svg class="trace" width="22" height="12" aria-hidden="true">
                        <rect class="m-wait" x=".5" y="2.5" width="21" height="7" rx="1.5" fill="url(#hatch-mini)"></rect>
                    </svg>
                    <span><b>"Hatched: the wait"</b>" before the next attempt."</span>
                </li>
                <li>
                    <svg class="trace" width="26" height="12" aria-hidden="true">
                        <path class="m-queue" d="M0 6h26"></path>
                    </svg>
                    <span><b>"Dashed: queued."</b>" One turn at a time."</span>
                </li>
                <li>
                    <Icon href="#i-power" />
                    <span><b>"Activated: in memory again."</b>" An idle actor leaves it."</span>
                </li>
            </ul>
            <p class="note">"Press any bar for its error, times and log line."</p>
        </aside>
    }
}

//! What the shapes of the timeline mean.

use maud::{Markup, html};

use crate::icons::symbol;

/// The legend beside the timeline's title.
pub(super) fn legend() -> Markup {
    let stretched = "Fast steps last a few milliseconds. They are drawn wider than they last, so that you can see and \
                     press them. Waits are to scale.";
    let calls = "Calls of the sidecar to the store, its own tries among them, under the attempt that they were made for. A \
                 low mark was answered, a high one was not.";
    let activated = "The actor was loaded into memory. Dapr lets it go when it has idled for a while, and its next turn \
                     activates it again. The failure switch then counts anew.";
    html! {
        ul.legend aria-label="Legend" {
            li {
                svg width="16" height="12" aria-hidden="true" {
                    rect.m-ok x="1" width="12" height="12" rx="2" {}
                    path.m-mark-ok d="M4.2 6.3l2 2 3.8-4.4" {}
                }
                "succeeded"
            }
            li {
                svg width="16" height="12" aria-hidden="true" {
                    path.m-fail d="M3 0h10l-2.5 3 2.5 3-2.5 3 2.5 3H3a2 2 0 0 1-2-2V2a2 2 0 0 1 2-2z" {}
                    path.m-mark-fail d="M4 3.9l4.2 4.2m0-4.2L4 8.1" {}
                }
                "failed"
            }
            li {
                svg width="12" height="14" aria-hidden="true" { path.flag d="M2 14V1l9 3.5-9 3.5" {} }
                "on purpose"
            }
            li {
                svg width="24" height="12" aria-hidden="true" {
                    rect.m-wait x=".5" y="2.5" width="21" height="7" rx="1.5" fill="url(#hatch-mini)" {}
                }
                "wait"
            }
            li {
                svg width="24" height="12" aria-hidden="true" { path.m-queue d="M0 6h22" {} }
                "queued"
            }
            li.l-plain {
                svg width="16" height="12" aria-hidden="true" {
                    rect.m-ghost x="1.5" y=".5" width="11" height="11" rx="2" {}
                }
                "predicted"
            }
            li.l-plain.l-more tabindex="0" data-tip=(activated) { (symbol("#i-power")) "activated" }
            li.l-calls tabindex="0" data-tip=(calls) {
                svg width="16" height="12" aria-hidden="true" {
                    rect.c-ok x="1" y="5" width="5" height="3" {}
                    rect.c-fail x="8" y="2" width="5" height="7" {}
                }
                "sidecar’s calls"
            }
            li.tip-left.l-more tabindex="0" data-tip=(stretched) {
                svg width="24" height="12" aria-hidden="true" {
                    rect.vern width="22" height="8" y="2" fill="url(#vernier)" {}
                }
                "stretched"
            }
        }
    }
}

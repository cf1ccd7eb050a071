//! Slow motion for a room: how many seconds the actor waits between its attempts, in the bar on top. It is the actor's own
//! policy that is slow, and no film of it.

use leptos::prelude::*;
use maud::{Markup, html};

use super::{
    fields::{apply_button, error_line},
    policy::{PARTS, name},
};
use crate::live::{controls::SET_POLICY, store::Store};
use model::policy::{RetryPolicy, form::PolicyForm};

/// What there is to choose from, in seconds. Their digits are keys in a room.
const SECONDS: [u64; 3] = [1, 2, 5];

/// The choice. What else the policy says stays as it is; only its longest wait has to allow for all of them.
pub(super) fn slow_motion_form(store: Store) -> Markup {
    let policy = store.panels.with(|panels| panels.policy);
    let max_delay_ms = SECONDS.into_iter().fold(policy.max_delay_ms, |longest, seconds| longest.max(seconds * 1_000));
    let mut kept = PolicyForm::from(RetryPolicy { max_delay_ms, ..policy });
    let kept =
        PARTS.into_iter().filter(|(part, _)| *part != "delay_ms").map(|(part, place)| (part, place(&mut kept).clone()));
    html! {
        form.slow action=(SET_POLICY) method="post" autocomplete="off" {
            input type="hidden" name="actor" value=(store.actor_id());
            @for (part, value) in kept { input type="hidden" name=(name(part)) value=(value); }
            fieldset title="How long the actor waits between its attempts: 1, 2, 5" {
                legend { "Wait" }
                @for seconds in SECONDS {
                    label {
                        input type="radio" name=(name("delay_ms")) value=(seconds * 1_000)
                            checked[policy.delay_ms == seconds * 1_000];
                        span { (seconds) " s" }
                    }
                }
            }
            (apply_button())
            (error_line(store, &[SET_POLICY], |_| false))
        }
    }
}

//! The sidecar's own retries, below those of the application: on or off, for every actor.

use maud::{Markup, html};

use super::fields::{apply_button, error_line};
use crate::live::{actions::SET_SIDECAR_RETRIES, store::Store};
use model::{lab::Panels, sidecar_retries::CALLS};

/// The switch where the sidecar is the embedded one, and what to do where it is a daprd.
pub(super) fn sidecar_retries_form(store: Store, panels: &Panels) -> Markup {
    let (on, attempts) = (panels.sidecar_retries, panels.policy.attempts);
    html! {
        form action=(SET_SIDECAR_RETRIES) method="post" autocomplete="off" hidden[on.is_none()] {
            label.tick {
                input type="checkbox" name="on" checked[on == Some(true)];
                " The sidecar retries each call to the store, 3 times, 200 ms apart"
            }
            (apply_button())
            (error_line(store, &[SET_SIDECAR_RETRIES], |_| false))
        }
        p.note hidden[on.is_some()] {
            "A daprd reads its policies at its start: start it with one more --resources-path, components/resiliency."
        }
        p.note hidden[on != Some(false)] {
            (attempts) " attempts of the actor, each of up to " (CALLS) " calls: up to "
            (u32::from(attempts) * u32::from(CALLS)) " calls to a store that is away."
        }
    }
}

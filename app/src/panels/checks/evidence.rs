//! What proves a check.

use leptos::prelude::*;

use crate::components::{BarLink, Icon};
use model::{lesson::checks::Proof, operation::Operation, timeline::BarId};

/// Lines of the log and of the store, and the way to the turn.
#[component]
pub(super) fn Evidence(
    /// What proves it, in order.
    proofs: Vec<Proof>,
) -> impl IntoView {
    let turn = proofs.iter().find_map(|proof| proof.turn.filter(|_| proof.level.is_some()));
    let first_load = turn.map(|turn| BarId { turn, operation: Operation::Load, attempt: 1, wait: false });
    let lines = proofs.into_iter().map(|proof| {
        let level = proof.level.map(|level| view! { <b class=level.class()>{level.as_str()}</b> });
        view! {
            <li>
                {level}
                <span>{proof.text}</span>
            </li>
        }
    });
    view! {
        <ol class="log evidence">{lines.collect_view()}</ol>
        {first_load
            .map(|bar| {
                view! {
                    <p class="acts">
                        <BarLink bar=Some(bar) attr:class="btn quiet small">
                            <Icon href="#i-eye" />
                            " In the timeline"
                        </BarLink>
                    </p>
                }
            })}
    }
}

//! The bar of a predicted step: dotted, since it has not happened.

use leptos::{either::Either, prelude::*};

use super::{
    bar::{FLAG, OperationName},
    scale::Percent,
    words,
};
use model::lesson::prediction::PredictedStep;

/// The bar.
#[component]
pub(super) fn PredictedBar(
    /// The step.
    step: PredictedStep,
    /// Its left edge.
    x: Percent,
    /// Its width.
    w: Percent,
) -> impl IntoView {
    let (left, width) = (x.to_string(), w.to_string());
    let shape = match step {
        PredictedStep::Wait { delay_ms, .. } => Either::Left(view! {
            <rect class="face thin" x=left.clone() y="29" width=width.clone() height="18" rx="3"></rect>
            <rect class="thin" x=left.clone() y="29" width=width height="18" fill="url(#hatch-ghost)"></rect>
            <text class="op" x=left dx="6" y="16">
                {words::wait_text(delay_ms)}
            </text>
        }),
        PredictedStep::Attempt { operation, attempt, fails, .. } => Either::Right(view! {
            <rect class="face" x=left.clone() y="24" width=width height="28" rx="3"></rect>
            <OperationName x operation flagged=fails />
            <svg x=left y="0">
                <g class="mark">
                    <use_ href=if fails { "#i-cross" } else { "#i-check" } x="5" y="32" width="12" height="12"></use_>
                    <text x="20" y="42">
                        {attempt.to_string()}
                    </text>
                </g>
                {fails.then(|| view! { <path class="flag" d=FLAG></path> })}
            </svg>
        }),
    };
    view! {
        <g class="bar ghost" role="img" aria-label=words::predicted_label(step)>
            {shape}
        </g>
    }
}

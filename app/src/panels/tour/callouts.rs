//! What the steps of the tour say, and what they point at.

use leptos::prelude::*;

use crate::shell::cookie;
use model::actor_id::ActorId;

/// One callout.
struct Callout {
    /// Where in the tour it stands; 1 to 5 are its steps, 6 tells what is left.
    step: u8,
    /// What it points at, to be brought into view. The style sheet draws the ring.
    at: &'static str,
    /// What to do.
    title: &'static str,
    /// What there is to see.
    words: &'static str,
}

const CALLOUTS: [Callout; 7] = [
    Callout {
        step: 0,
        at: ".checks .menu > summary",
        title: "The tour begins in an untouched lab.",
        words: "Reset this one here, or open another actor’s lab in the bar on top.",
    },
    Callout {
        step: 1,
        at: ".composer",
        title: "Send the first message.",
        words: "The store is going to fail once, on purpose. Nothing will be lost.",
    },
    Callout {
        step: 2,
        at: "#timeline",
        title: "Watch it recover.",
        words: "Torn: the attempt that failed. Hatched: the wait. Nothing is torn? Press Arm again, and send another.",
    },
    Callout {
        step: 3,
        at: ".turns",
        title: "Press a bar.",
        words: "Its detail tells what happened. The torn one keeps its own error.",
    },
    Callout {
        step: 4,
        at: ".check:nth-child(2)",
        title: "Read what is kept.",
        words: "Open History retrieval and press Read history: the actor returns what it has stored.",
    },
    Callout {
        step: 5,
        at: ".check:nth-child(4)",
        title: "Prove it.",
        words: "Open State consistency and press Compare with the store: it is read from the store itself, and not through Dapr.",
    },
    Callout {
        step: 6,
        at: ".check:nth-child(5)",
        title: "One check is left.",
        words: "You have seen a failure, its recovery, and the proof. Recovery asks for two more messages, and the history once more.",
    },
];

/// The callouts, none of them shown until the script says so.
#[component]
pub fn Tour(
    /// Whose lab it is.
    actor: ActorId,
) -> impl IntoView {
    let callout = |Callout { step, at, title, words }: Callout| {
        let nth =
            (1..=5).contains(&step).then(|| view! { <span class="tour-nth">{format!("Tour: {step} of 5")}</span> " " });
        view! {
            <div data-step=step.to_string() data-at=at>
                {nth}
                <b>{title}</b>
                " "
                <p>{words}</p>
            </div>
        }
    };
    view! {
        <aside class="tour" aria-label="Guided tour" data-kept=cookie("tour")>
            {CALLOUTS.map(callout).collect_view()}
            // Nothing is brought into view: who has just proven the last check is looking at it.
            <div data-step="7">
                <b>"Five of five."</b>
                " "
                <p>
                    "The report under the checks is yours, to keep or to hand in. More to see: a scenario from the chat’s menu, or a "
                    <a href=format!("/dives?actor={actor}")>"deep dive"</a> " into the lesson’s code."
                </p>
            </div>
            <button class="link tour-skip" type="button">
                <span class="tour-on">"Skip the tour"</span>
                <span class="tour-end">"Close"</span>
            </button>
        </aside>
        <p class="vh tour-said" role="status"></p>
    }
}

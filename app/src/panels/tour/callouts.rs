//! What the steps of the tour say, and what they point at.

use super::steps::{FIRST, GOODBYE, LEFT};

/// One callout.
pub(super) struct Callout {
    /// The id of what it points at, to be brought into view; the style sheet draws the ring. `None` where the learner is
    /// looking at it already.
    pub(super) at: Option<&'static str>,
    /// What to do.
    pub(super) title: &'static str,
    /// What there is to see.
    pub(super) words: &'static str,
}

const fn callout(at: &'static str, title: &'static str, words: &'static str) -> Callout {
    Callout { at: Some(at), title, words }
}

/// By step.
const CALLOUTS: [Callout; 8] = [
    callout(
        "reset",
        "The tour begins in an untouched lab.",
        "Reset this one here, or open another actor’s lab in the bar on top.",
    ),
    callout("composer", "Send the first message.", "The prediction under the signal path says what will come of it."),
    callout(
        "timeline",
        "Watch it recover.",
        "Torn: the attempt that failed. Hatched: the wait. Nothing is torn? Switch the failure off and on again, and send another.",
    ),
    callout("turns", "Press a bar.", "Its detail tells what happened. The torn one keeps its own error."),
    callout(
        "check-2",
        "Read what is kept.",
        "Open History retrieval and press Read history: the actor returns what it has stored.",
    ),
    callout(
        "check-4",
        "Prove it.",
        "Open State consistency and press Compare with the store: it is read from the store itself, and not through Dapr.",
    ),
    callout(
        "check-5",
        "One check is left.",
        "You have seen a failure, its recovery, and the proof. Recovery asks for two more messages, and the history once more.",
    ),
    Callout {
        at: None,
        title: "Five of five.",
        words: "The report under the checks is yours, to keep or to hand in. More to see: a scenario from the chat’s menu, or a deep dive into the lesson’s code.",
    },
];

/// What there is to say at a step.
pub(super) fn of_step(step: u8) -> &'static Callout {
    &CALLOUTS[usize::from(step.min(GOODBYE))]
}

/// Where in the tour a step is; the ones before and after its five are not counted.
pub(super) fn place(step: u8) -> Option<String> {
    (FIRST..LEFT).contains(&step).then(|| format!("Tour: {step} of 5"))
}

/// All of a callout as a sentence or two.
pub(super) fn sentence(step: u8) -> String {
    let Callout { title, words, .. } = of_step(step);
    [place(step).as_deref(), Some(*title), Some(*words)].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_steps_are_counted_and_each_is_said_whole() {
        assert_eq!((place(0), place(LEFT), place(GOODBYE)), (None, None, None));
        assert_eq!(place(5).as_deref(), Some("Tour: 5 of 5"));
        assert!(sentence(1).starts_with("Tour: 1 of 5 Send the first message. The prediction under"));
    }
}

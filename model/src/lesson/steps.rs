//! The lesson's five validation steps as a learner reads them: data, no logic.

use crate::lesson::checks::RECOVERY_MESSAGES;

/// One step of the lesson.
pub struct LessonStep {
    /// Its name in the lesson.
    pub title: &'static str,
    /// What to do, and what shows that it worked.
    pub todo: &'static str,
    /// For those who are stuck.
    pub hint: &'static str,
    /// The same with curl; `{origin}` and `{actor}` stand for this lab.
    pub curl: &'static str,
}

/// The first message of the lesson.
pub const FIRST_MESSAGE: &str = "Hi there";

/// What *Recovery* sends, one message after the other.
pub const RECOVERY_CONTENTS: [&str; RECOVERY_MESSAGES] = ["Still there?", "And now?", "One more"];

/// The steps, in the lesson's order.
pub const STEPS: [LessonStep; 5] = [
    LessonStep {
        title: "Message processing",
        todo: "Send a message. It succeeds although the store fails once.",
        hint: "The switch is on when a lab is new: the first load fails, the actor waits a second and tries again. If \
               nothing fails, switch it on or press Arm again.",
        curl: "curl -X POST {origin}/chat/{actor} -H 'Content-Type: application/json' -d '{\"role\": \"user\", \
               \"content\": \"Hi there\"}'",
    },
    LessonStep {
        title: "History retrieval",
        todo: "Read the history. It holds every message and its reply, the last five.",
        hint: "Reading asks the actor itself, so it waits until a turn that runs has ended. It never uses up a failure.",
        curl: "curl {origin}/chat/{actor}/history",
    },
    LessonStep {
        title: "Retry logic",
        todo: "The log shows the retry, then the message processed, in one turn.",
        hint: "A failure of the first load is logged as Retry 1. Only a load counts here: set the switch to load.",
        curl: "curl -X POST {origin}/api/lab/{actor}/fault/arm && curl -X POST {origin}/chat/{actor} -H 'Content-Type: \
               application/json' -d '{\"role\": \"user\", \"content\": \"Again\"}'",
    },
    LessonStep {
        title: "State consistency",
        todo: "The value in the store itself equals the history that the actor returns.",
        hint: "The lesson looks for the key history-{actor}. Dapr puts the app, the actor type and the actor’s id in \
               front of it: the Store panel shows the whole key.",
        curl: "curl -X POST {origin}/api/lab/{actor}/compare",
    },
    LessonStep {
        title: "Recovery",
        todo: "Send three messages, two of them through a failure. Each is stored.",
        hint: "The lesson’s failure fires once per activation. Arming it again lets the next message meet one too. \
               Then read the history: it proves that none is missing.",
        curl: "for n in 1 2 3; do curl -X POST {origin}/api/lab/{actor}/fault/arm; curl -X POST {origin}/chat/{actor} \
               -H 'Content-Type: application/json' -d '{\"role\": \"user\", \"content\": \"'$n'\"}'; done; curl \
               {origin}/chat/{actor}/history",
    },
];

/// A step by its number, from 1.
#[must_use]
pub fn step(number: u8) -> Option<&'static LessonStep> {
    STEPS.get(usize::from(number).checked_sub(1)?)
}

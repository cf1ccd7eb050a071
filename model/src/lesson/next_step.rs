//! What a check asks for next.

use super::{
    checks::{Check, CheckState, Progress, lost},
    steps::{FIRST_MESSAGE, RECOVERY_CONTENTS},
};
use crate::{
    error::ErrorCode,
    message::MessageId,
    timeline::{Outcome, Turn},
};

/// What is to be done for a check that is not proven yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// To send a message.
    Send {
        /// The message.
        content: String,
        /// Whether the lesson's failure is armed first.
        arm: bool,
    },
    /// To send a message that failed again, under its own id: if it was stored after all, its stored reply comes back.
    SendAgain {
        /// The message.
        content: String,
        /// Its id.
        message_id: MessageId,
    },
    /// To ask the actor for its history.
    ReadHistory,
    /// To compare the history with the store.
    Compare,
}

/// What a check asks for next; `None` once it is proven. It looks for a message that was lost among `turns`.
#[must_use]
pub fn next_step(check: &Check, turns: &[Turn]) -> Option<NextStep> {
    let send = |content: &str, arm| NextStep::Send { content: content.to_owned(), arm };
    Some(match (check.number, check.state, check.progress) {
        (_, CheckState::Passed, _) => return None,
        // The first message of a new lab meets a failure as it is.
        (1, ..) => send(FIRST_MESSAGE, check.missing.is_some()),
        (2, ..) | (5, _, Progress::ReadHistory) => NextStep::ReadHistory,
        (3, ..) => send("Again", true),
        (4, ..) => NextStep::Compare,
        (_, CheckState::Failed, _) => match send_again(turns) {
            Some(again) => again,
            None => send(RECOVERY_CONTENTS[0], true),
        },
        (_, _, Progress::Sent(count) | Progress::FailedFirst(count)) => {
            send(RECOVERY_CONTENTS[count % RECOVERY_CONTENTS.len()], true)
        }
        _ => send(RECOVERY_CONTENTS[0], true),
    })
}

/// The message that was lost, to be sent again: under its own id, unless that is another message's.
fn send_again(turns: &[Turn]) -> Option<NextStep> {
    let turn = lost(turns)?;
    let Outcome::Failed { error, .. } = &turn.outcome else { return None };
    let content = turn.content.clone()?;
    let message_id = turn.message_id.clone().filter(|_| error.code != ErrorCode::IdReused);
    Some(match message_id {
        Some(message_id) => NextStep::SendAgain { content, message_id },
        None => NextStep::Send { content, arm: false },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::LabError,
        operation::Method,
        timeline::{Event, Step, turns},
    };

    fn check(number: u8, state: CheckState, progress: Progress) -> Check {
        Check { state, progress, ..Check::untouched(number) }
    }

    fn send(content: &str, arm: bool) -> Option<NextStep> {
        Some(NextStep::Send { content: content.to_owned(), arm })
    }

    fn failed(code: ErrorCode) -> Vec<Turn> {
        let steps = [
            Step::TurnStarted {
                turn: 1,
                method: Method::ProcessMessage,
                message_id: MessageId::try_from("id-1".to_owned()).ok(),
                content: Some("Hi there".to_owned()),
            },
            Step::TurnFailed {
                turn: 1,
                method: Method::ProcessMessage,
                took_us: 1,
                error: LabError::new(code, "gave up"),
            },
        ];
        let events: Vec<Event> = (1..).zip(steps).map(|(seq, step)| Event { seq, at: 1_000 + seq, step }).collect();
        turns(&events)
    }

    #[test]
    fn each_check_asks_for_what_proves_it_and_one_that_is_proven_for_nothing() {
        let next = |number| next_step(&Check::untouched(number), &[]);
        assert_eq!(next(2), Some(NextStep::ReadHistory));
        assert_eq!(next(3), send("Again", true));
        assert_eq!(next(4), Some(NextStep::Compare));
        for number in 1..=5 {
            assert_eq!(next_step(&check(number, CheckState::Passed, Progress::Proven), &[]), None);
        }
    }

    #[test]
    fn the_first_step_arms_nothing_before_a_message_has_met_no_failure() {
        let untouched = Check::untouched(1);
        assert_eq!(next_step(&untouched, &[]), send(FIRST_MESSAGE, false));
        let missing = Some("No attempt has failed.".to_owned());
        assert_eq!(next_step(&Check { missing, ..untouched }, &[]), send(FIRST_MESSAGE, true));
    }

    #[test]
    fn recovery_sends_one_message_after_the_other_and_then_reads_the_history() {
        let next = |progress| next_step(&check(5, CheckState::NotYet, progress), &[]);
        assert_eq!(next(Progress::NotYet), send("Still there?", true));
        assert_eq!(next(Progress::Sent(1)), send("And now?", true));
        assert_eq!(next(Progress::Sent(2)), send("One more", true));
        assert_eq!(next(Progress::FailedFirst(0)), send("Still there?", true));
        assert_eq!(next(Progress::ReadHistory), Some(NextStep::ReadHistory));
    }

    #[test]
    fn a_lost_message_is_sent_again_under_its_own_id_unless_that_is_another_messages() {
        let recovery = check(5, CheckState::Failed, Progress::NotYet);
        let again = next_step(&recovery, &failed(ErrorCode::RetriesExhausted));
        let message_id = MessageId::try_from("id-1".to_owned()).unwrap();
        assert_eq!(again, Some(NextStep::SendAgain { content: "Hi there".to_owned(), message_id }));
        assert_eq!(next_step(&recovery, &failed(ErrorCode::IdReused)), send("Hi there", false));
        assert_eq!(next_step(&recovery, &[]), send("Still there?", true), "the history is what speaks against it");
    }
}

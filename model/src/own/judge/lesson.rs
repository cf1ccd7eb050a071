//! The lesson's five.

use super::{Case, Judged, answered, history, is_failure, not_answered, stored, worth};
use crate::own::{
    attempts::turns,
    moment::{Moment, What},
    said::holds,
    trial::{Act, Done, Sent, Trial},
};

/// A wait that is shorter than this is none: what lies between two calls anyway.
const NO_WAIT_US: u64 = 50_000;

pub(super) fn message_processing(trial: &Trial) -> Judged {
    let mut case = Case::new(trial, "Each is answered, though an operation in its turn fails once, and is stored.");
    let sent = trial.sent();
    for sent in &sent {
        case = match answered(case, trial, sent) {
            Ok(case) => case,
            Err(judged) => return *judged,
        };
    }
    let Some(last) = sent.last() else { return case.unknown("Nothing was sent.") };
    let failures: Vec<_> = sent.iter().flat_map(|sent| failures(trial, sent)).collect();
    let recovered = !failures.is_empty();
    case.show(failures);
    case.show(trial.between(last.at_us, last.until_us).filter(|moment| moment.line().is_some_and(says_processed)));
    match trial.looks().last().map(|value| stored(*value)) {
        Some(Ok(texts)) => match sent.iter().find(|sent| !texts.iter().any(|text| text == sent.text)) {
            Some(lost) => case.fail(
                format!("“{}” was answered with success, and it is not stored.", lost.text),
                "An answer that says 200 is a promise. Let the error out of the method, so that the caller gets it, and \
                 call `save_state()` before you return.",
            ),
            None if recovered => case.pass("Answered, after a failure, and stored."),
            None => case.unknown("No operation failed in the turn: there was nothing to recover from."),
        },
        Some(Err(why)) => case.fail(
            format!("It was answered with success, and {why}."),
            "The history belongs into the actor's state: `set_state` and `save_state()`; a variable or a dictionary of the \
             program is gone with its process.",
        ),
        None => case.unknown("The store was not read."),
    }
}

/// What failed in a message's turn.
fn failures<'a>(trial: &'a Trial, sent: &Sent<'_>) -> impl Iterator<Item = &'a Moment> {
    let failed = |moment: &&Moment| {
        moment.line().is_some_and(is_failure) || moment.state().is_some_and(|call| call.error.is_some())
    };
    trial.between(sent.at_us, sent.until_us).filter(failed)
}

fn says_processed(line: &str) -> bool {
    line.contains("Processed message")
}

pub(super) fn history_retrieval(trial: &Trial) -> Judged {
    let case = Case::new(trial, "It holds both messages with their replies, in their order.");
    let said = Trial::said(trial.sent().iter().filter(|sent| sent.reply.is_ok()));
    let Some(read) = trial.reads().last().copied() else { return case.unknown("The history was not read.") };
    match history(read) {
        Ok(texts) => match holds(&said, &texts) {
            Ok(()) => case.pass("The history holds them."),
            Err(wrong) => case.fail(
                format!("In the history {}.", wrong.words()),
                "Append the message and the reply once each, to the list that was loaded, before you save it.",
            ),
        },
        Err(why) => case.fail(
            format!("Both were answered, but {why}."),
            "`GetConversationHistory` has to return the stored list, and its route to hand it on as JSON.",
        ),
    }
}

/// How one message came through its failure.
struct Retried {
    /// From the failure to whatever came next.
    wait_us: u64,
    /// Whether the program answered to others meanwhile; `None` where that was not asked in time.
    was_there: Option<bool>,
}

fn retried(trial: &Trial, sent: &Sent<'_>) -> Option<Retried> {
    let in_turn: Vec<&Moment> = trial.between(sent.at_us, sent.until_us).collect();
    // Of the state calls the one after the wait counts; of a failure within the program, whatever comes next.
    let turns = turns(&in_turn.iter().map(|moment| (*moment).clone()).collect::<Vec<_>>());
    let attempt = turns.iter().flat_map(|turn| &turn.attempts).find(|attempt| attempt.waited_us.is_some());
    let (failed, next) = match attempt {
        Some(attempt) => {
            let wait = attempt.waited_us.unwrap_or_default();
            (attempt.started_us - wait, attempt.started_us)
        }
        None => {
            let first = in_turn.iter().position(|moment| moment.line().is_some_and(is_failure))?;
            let failed = in_turn[first].at_us;
            let goes_on = |moment: &&&Moment| match &moment.what {
                What::Line { text } => !is_failure(text) && says_processed(text),
                What::State(_) | What::Published(_) | What::Ended { .. } => true,
                _ => false,
            };
            let next = in_turn[first + 1..].iter().find(goes_on)?;
            let began = match &next.what {
                What::State(call) => next.at_us.saturating_sub(call.took_us),
                What::Published(event) => next.at_us.saturating_sub(event.took_us),
                _ => next.at_us,
            };
            (failed, began.max(failed))
        }
    };
    let probed = |act: &&Act| matches!(act.what, Done::Probed(_)) && act.at_us >= failed && act.at_us < next;
    let probe = trial.acts.iter().find(probed);
    let was_there = probe.map(|probe| {
        let left = next - probe.at_us;
        matches!(probe.what, Done::Probed(true)) && probe.until_us - probe.at_us < left.saturating_mul(3) / 5
    });
    Some(Retried { wait_us: next - failed, was_there })
}

pub(super) fn retry_logic(trial: &Trial) -> Judged {
    let mut case = Case::new(
        trial,
        "What fails is tried again within the turn, after a wait in which the program serves others, and the message is \
         processed.",
    );
    let sent = trial.sent();
    for sent in &sent {
        if !sent.reply.is_ok() {
            return not_answered(case, trial, sent);
        }
    }
    let tried: Vec<Retried> = sent.iter().filter_map(|sent| retried(trial, sent)).collect();
    if tried.is_empty() {
        for sent in &sent {
            case.show(trial.between(sent.at_us, sent.until_us).filter(|moment| worth(moment)));
        }
        return case.fail(
            "The messages were answered, but nothing was tried again.",
            "An error that is caught and forgotten is no retry: put `get_state` into a loop of 3 attempts, with \
             `await asyncio.sleep(1)` between them.",
        );
    }
    if let Some(first) = sent.first() {
        case.show(failures(trial, first));
        case.show(
            trial.between(first.at_us, first.until_us).filter(|moment| moment.line().is_some_and(says_processed)),
        );
    }
    let most = |count: usize, of: usize| of > 0 && count * 2 > of;
    let without = tried.iter().filter(|tried| tried.wait_us < NO_WAIT_US).count();
    if most(without, tried.len()) {
        return case.fail(
            "It was tried again at once, without a wait.",
            "A store that has just failed fails again a moment later: `await asyncio.sleep(1)` before the next attempt.",
        );
    }
    let asked: Vec<bool> = tried.iter().filter_map(|tried| tried.was_there).collect();
    if most(asked.iter().filter(|was_there| !**was_there).count(), asked.len()) {
        return case.fail(
            "While it waited, the whole program stood still: another request was answered only after the wait.",
            "`time.sleep` stops the event loop, and with it every other actor: `await asyncio.sleep(1)`.",
        );
    }
    let waits = tried.iter().map(|tried| format!("{:.1} s", seconds(tried.wait_us))).collect::<Vec<_>>().join(", ");
    let lesson = |line: &str| line.contains("Retry 1 for history load: ");
    let in_its_words = trial.moments.iter().any(|moment| moment.line().is_some_and(lesson));
    let saw = format!("Tried again within the turn, after {waits}.");
    match in_its_words {
        true => case.pass(saw),
        false => {
            let mut judged = case.pass(saw);
            judged.advice = Some(
                "It holds. The lesson's own validation looks for the line “Retry 1 for history load: <the error>”, which your \
                 program does not log."
                    .to_owned(),
            );
            judged
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a wait is short")]
pub(super) fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

pub(super) fn state_consistency(trial: &Trial) -> Judged {
    let case = Case::new(trial, "The store itself holds the history that the actor returns.");
    let (Some(read), Some(look)) = (trial.reads().last().copied(), trial.looks().last().copied()) else {
        return case.unknown("History and store were not both read.");
    };
    let returned = match history(read) {
        Ok(returned) if returned.is_empty() => Err("the history that the actor returned is empty".to_owned()),
        other => other,
    };
    match (returned, stored(look)) {
        (Ok(returned), Ok(stored)) if returned == stored => case.pass("They are the same."),
        (Ok(returned), Ok(stored)) => case.fail(
            format!("The actor returned {} messages, the store holds {}, and they differ.", returned.len(), stored.len()),
            "`set_state` only notes a value down in the SDK's cache: call `save_state()`, and keep no list of your own \
             beside the state.",
        ),
        (Err(why), _) => case.fail(
            format!("Two messages were answered, but {why}."),
            "Let `GetConversationHistory` return what `try_get_state` gives.",
        ),
        (_, Err(why)) => case.fail(
            format!("The actor returned its history, but {why}."),
            "The history belongs into the actor's state: `set_state` and `save_state()`. A variable of the program is no \
             state.",
        ),
    }
}

pub(super) fn recovery(trial: &Trial) -> Judged {
    let case = Case::new(trial, "All three are answered, and none is lost.");
    let sent = trial.sent();
    if let Some(lost) = sent.iter().find(|sent| !sent.reply.is_ok()) {
        return not_answered(case, trial, lost);
    }
    let said = Trial::said(&sent);
    let Some(read) = trial.reads().last().copied() else { return case.unknown("The history was not read.") };
    let mut case = case;
    for sent in &sent {
        case.show(failures(trial, sent).take(1));
    }
    match history(read).map(|texts| holds(&said, &texts)) {
        Ok(Ok(())) => case.pass("All three came through, and none is lost."),
        Ok(Err(wrong)) => case.fail(
            format!("In the history {}.", wrong.words()),
            "A failed read must not write, and a message that is appended stays appended once: load, append, save, each \
             tried again by itself.",
        ),
        Err(why) => case.fail(
            format!("The messages were answered, but {why}."),
            "Let `GetConversationHistory` return what `try_get_state` gives.",
        ),
    }
}

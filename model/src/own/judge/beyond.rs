//! What is advice, beyond the lesson.

use super::{Case, Judged, answered, blocked, history, not_answered, stored, worth};
use crate::own::{
    catalog::CheckId,
    moment::{Moment, What},
    said::{self, holds},
    trial::{Reply, Sent, Trial},
};

/// What to look at where an answer was not true.
const PROMISE: &str = "An answer that says 200 is a promise: `set_state` and `save_state()` before you return, and let an \
                       error out.";

/// How many attempts in one turn are as good as no limit.
const NO_LIMIT: usize = 10;

/// All but the last message have to have been answered, for the check to say anything.
fn before_last<'a>(
    case: Case,
    trial: &Trial,
    sent: &'a [Sent<'a>],
) -> Result<(Case, &'a Sent<'a>, &'a [Sent<'a>]), Box<Judged>> {
    let Some((last, before)) = sent.split_last() else { return Err(Box::new(case.unknown("Nothing was sent."))) };
    let mut case = case;
    for sent in before {
        case = answered(case, trial, sent)?;
    }
    Ok((case, last, before))
}

macro_rules! or_judged {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(judged) => return *judged,
        }
    };
}

fn in_turn<'a>(trial: &'a Trial, sent: &Sent<'_>) -> impl Iterator<Item = &'a Moment> {
    trial.between(sent.at_us, sent.until_us).filter(|moment| worth(moment))
}

pub(super) fn load_failure(trial: &Trial) -> Judged {
    let case = Case::new(trial, "The third is answered, and all messages are stored.");
    let sent = trial.sent();
    let (mut case, last, _) = or_judged!(before_last(case, trial, &sent));
    case.show(in_turn(trial, last));
    let said = Trial::said(&sent);
    let after = trial.looks().last().copied().flatten();
    let kept = stored(after).map(|texts| holds(&said, &texts));
    let empties = trial.between(last.at_us, last.until_us).filter_map(Moment::state);
    let wrote_empty = empties
        .into_iter()
        .any(|call| call.write && call.value.as_deref().and_then(said::texts).is_some_and(|texts| texts.is_empty()));
    match (last.reply.is_ok(), kept) {
        (true, Ok(Ok(()))) => case.pass("Answered, and nothing is gone."),
        (is_ok, Ok(Err(wrong))) => {
            let reply = if is_ok { "It was answered, but" } else { "It was not answered, and" };
            let advice = if wrote_empty {
                "`_on_activate` (or the first load) writes [] after any error. A read that fails must not write: use \
                 `try_get_state`, and let the error out."
            } else {
                "After a failed read an empty list was taken for the history, and saved over what was stored. Only \
                 `try_get_state` tells a missing key from an error; let the error out."
            };
            case.fail(format!("{reply} in the store {}.", wrong.words()), advice)
        }
        (false, Ok(Ok(()))) => not_answered(case, trial, last),
        (_, Err(why)) => case.fail(
            format!("Before, two messages were stored; now {why}."),
            "A read that fails must not write: use `try_get_state`, and let the error out.",
        ),
    }
}

pub(super) fn save_failure(trial: &Trial) -> Judged {
    let case = Case::new(
        trial,
        "The write goes out again within the turn and the message is stored; or the caller gets an error, and nothing of the \
         message is stored or shown.",
    );
    let sent = trial.sent();
    let (mut case, last, before) = or_judged!(before_last(case, trial, &sent));
    case.show(in_turn(trial, last));
    let mut said = Trial::said(before);
    let texts = stored(trial.looks().last().copied().flatten()).unwrap_or_default();
    let shown = trial.reads().last().map(|reply| history(reply));
    if last.reply.is_ok() {
        said = Trial::said(&sent);
        return match holds(&said, &texts) {
            Ok(()) => case.pass("The write went out again, and the message is stored."),
            Err(said::Wrong::Twice(text)) => case.fail(
                format!("“{text}” is stored twice."),
                "The attempt that was made again appended again: append once, before the loop.",
            ),
            Err(wrong) => {
                let writes =
                    trial.between(last.at_us, last.until_us).filter_map(Moment::state).filter(|call| call.write);
                let advice = if writes.count() > 1 {
                    "The last error was swallowed: after the last attempt raise it, so that the caller gets it."
                } else {
                    "`save_state()` marks the change as saved before it writes: called again it writes nothing and reports \
                     success. `set_state` and `save_state()` both belong into the loop."
                };
                case.fail(format!("It was answered with success, but in the store {}.", wrong.words()), advice)
            }
        };
    }
    if last.reply == &Reply::Late {
        return never_gives_up(case, trial, last);
    }
    if trial.caller_left(last) {
        // A program that waits longer than the SDK does here is slow, and not wrong.
        return not_answered(case, trial, last);
    }
    if texts.iter().any(|text| text == last.text) {
        return case.fail(
            "The caller got an error, but the message is stored.",
            "What went out after the error belongs to no answer: raise only when nothing more is written.",
        );
    }
    match shown {
        Some(Ok(shown)) if shown.iter().any(|text| text == last.text) => case.fail(
            "The caller got an error and the message is not stored, but the history shows it.",
            "It is still in the SDK's cache, and goes out with the next write: `await self._state_manager.clear_cache()` \
             before you give up.",
        ),
        Some(Ok(shown)) => match holds(&said, &shown) {
            Ok(()) => case.pass("The caller got the error, and nothing of the message is stored or shown."),
            Err(wrong) => case.fail(
                format!("After the error, in the history {}.", wrong.words()),
                "Giving up must leave what was there: change a copy of the list, and `clear_cache()` before you raise.",
            ),
        },
        Some(Err(why)) => case.fail(format!("After the error {why}."), "The history has to be readable again when the store is."),
        None => case.unknown("The history was not read."),
    }
}

/// How many calls to the store failed between two times.
fn failed_calls(trial: &Trial, from: u64, until: u64) -> usize {
    trial.between(from, until).filter(|moment| moment.state().is_some_and(|call| call.error.is_some())).count()
}

/// A turn that had not ended when it should long have.
fn never_gives_up(case: Case, trial: &Trial, sent: &Sent<'_>) -> Judged {
    // The caller may have left before.
    let count = failed_calls(trial, sent.at_us, sent.until_us.max(trial.read_at()));
    if count >= NO_LIMIT {
        return case.fail(
            format!("After {count} failed attempts the turn still goes on, and keeps every other caller waiting."),
            "End the loop: `for attempt in range(3)`, and raise after the last attempt.",
        );
    }
    not_answered(case, trial, sent)
}

pub(super) fn hang(trial: &Trial) -> Judged {
    let case = Case::new(trial, "The turn ends, and history and store agree afterwards.");
    let sent = trial.sent();
    let (mut case, last, _) = or_judged!(before_last(case, trial, &sent));
    case.show(in_turn(trial, last));
    if last.reply == &Reply::Late {
        return never_gives_up(case, trial, last);
    }
    let (Some(read), Some(look)) = (trial.reads().last().copied(), trial.looks().last().copied()) else {
        return case.unknown("History and store were not both read.");
    };
    match (history(read), stored(look)) {
        (Ok(shown), Ok(stored)) if shown == stored => {
            let is_there = stored.iter().any(|text| text == last.text);
            match (last.reply.is_ok(), is_there) {
                (true, false) => case.fail(
                    "The message was answered with success, and it is not stored.",
                    "A write that timed out may not have been made. Let the error out, or write again: `set_state` and \
                     `save_state()`.",
                ),
                (true, true) => case.pass("The write was made again, and history and store agree."),
                (false, _) => case.pass("The turn ended with an error, and history and store agree."),
            }
        }
        (Ok(shown), Ok(stored)) => case.fail(
            format!("The history shows {} messages, and {} are stored.", shown.len(), stored.len()),
            "A write that times out stays in the SDK's cache as if it were saved: `await \
             self._state_manager.clear_cache()` when you give up, and `set_state` again before each `save_state()`.",
        ),
        (Err(why), _) | (_, Err(why)) => case.fail(
            format!("Afterwards {why}."),
            "A turn that gave up must leave what was there: `clear_cache()`, and let the error out.",
        ),
    }
}

pub(super) fn outage_is_an_error(trial: &Trial) -> Judged {
    let case = Case::new(trial, "The message ends in an error, and an outage is not shown as an empty history.");
    let sent = trial.sent();
    let (mut case, last, _) = or_judged!(before_last(case, trial, &sent));
    case.show(in_turn(trial, last));
    if last.reply == &Reply::Late || failed_calls(trial, last.at_us, trial.read_at()) >= NO_LIMIT {
        return never_gives_up(case, trial, last);
    }
    if last.reply.is_ok() {
        return case.fail(
            format!("“{}” was answered with success, while nothing could be stored.", last.text),
            "After the last attempt the error has to reach the caller: raise it, and let the route answer with it. 200 with \
             an error in its text is a success for whoever called.",
        );
    }
    let said = Trial::said(sent.iter().filter(|sent| sent.reply.is_ok()));
    // What is in memory may be shown, as long as it is the truth.
    let is_true = |reply: &Reply| history(reply).is_ok_and(|texts| texts == said);
    let reads = trial.reads();
    if let Some(reply) = reads.iter().find(|reply| reply.is_ok() && !is_true(reply)) {
        return case.fail(
            format!("The history answers {}, although messages are stored.", reply.words()),
            "`get_conversation_history` catches every exception and returns []. Let it raise.",
        );
    }
    match reads.last() {
        Some(Reply::Late) => case.late("The history had no answer in time."),
        Some(_) => case.pass("Neither was answered with what is not so."),
        None => case.unknown("The history was not read."),
    }
}

pub(super) fn missing_key(trial: &Trial) -> Judged {
    let case = Case::new(trial, "The messages after that are answered and stored.");
    let sent = trial.sent();
    let (mut case, last, _) = match before_last(case, trial, &sent) {
        Ok(found) => found,
        Err(judged) => return missing_key_advice(*judged),
    };
    case.show(in_turn(trial, last));
    if last.reply.is_ok() {
        let kept = stored(trial.looks().last().copied().flatten());
        return match kept.map(|texts| texts.iter().any(|text| text == last.text)) {
            Ok(true) => case.pass("They were answered, and the last of them is stored."),
            Ok(false) => {
                case.fail(format!("“{}” was answered with success, and it is not stored.", last.text), PROMISE)
            }
            Err(why) => case.fail(format!("“{}” was answered with success, and {why}.", last.text), PROMISE),
        };
    }
    missing_key_advice(not_answered(case, trial, last))
}

fn missing_key_advice(judged: Judged) -> Judged {
    let advice = "`get_state` raises KeyError for a key that is not there: use `try_get_state`, and take a missing key for an \
                  empty history.";
    let is_it = judged.evidence.iter().any(|evidence| evidence.what.contains("KeyError"));
    if is_it { Judged { advice: judged.advice.map(|_| advice.to_owned()), ..judged } } else { judged }
}

/// Why turns could not be seen to wait for a retry.
const NOTHING_TO_WAIT_FOR: &str = "the first message did not come through its failure, so that none could wait in line \
                                   while it is being retried.";

pub(super) fn turn_order(trial: &Trial) -> Judged {
    let mut case = Case::new(trial, "One turn at a time, in the order in which they came; none lost, none twice.");
    let sent = trial.sent();
    let Some((first, others)) = sent.split_first() else { return case.unknown("Nothing was sent.") };
    if !first.reply.is_ok() {
        let judged = not_answered(case, trial, first);
        // For want of time, nothing can be said.
        return if judged.by_time { judged } else { blocked(CheckId::RetryLogic, NOTHING_TO_WAIT_FOR) };
    }
    if let Some(lost) = others.iter().find(|sent| !sent.reply.is_ok()) {
        return not_answered(case, trial, lost);
    }
    let mut running = None;
    for moment in &trial.moments {
        match &moment.what {
            What::Started { turn, .. } => match running {
                Some(other) if other != *turn => {
                    return case.unknown("Two turns at once: that is the lab's own fault.");
                }
                _ => running = Some(*turn),
            },
            What::Ended { .. } => running = None,
            _ => {}
        }
    }
    case.show(trial.moments.iter().filter(|moment| moment.state().is_some_and(|call| call.write)));
    let said = Trial::said(&sent);
    // The first of them may have been pushed out of what is stored now.
    let written = |text: &str| {
        let mut writes =
            trial.moments.iter().filter_map(Moment::state).filter(|call| call.write && call.error.is_none());
        writes.any(|call| call.value.as_deref().is_some_and(|value| value.contains(text)))
    };
    if let Some(lost) = sent.iter().find(|sent| !written(sent.text)) {
        return case.fail(format!("“{}” was answered with success, and never written.", lost.text), PROMISE);
    }
    match stored(trial.looks().last().copied().flatten()).map(|texts| holds(&said, &texts)) {
        Ok(Ok(())) => case.pass(format!("{} turns, one after the other; none lost, none twice.", sent.len())),
        Ok(Err(wrong)) => case.fail(
            format!("All were answered, but in the store {}.", wrong.words()),
            "Load, append and save within one turn, and await each of them: what is left to a task of its own runs into the \
             next turn.",
        ),
        Err(why) => case.fail(
            format!("All were answered, but {why}."),
            "The history belongs into the actor's state: `set_state` and `save_state()`.",
        ),
    }
}

pub(super) fn no_memory(trial: &Trial) -> Judged {
    let case = Case::new(trial, "The history is still there, and the store holds it.");
    let sent = trial.sent();
    let said = Trial::said(sent.iter().filter(|sent| sent.reply.is_ok()));
    let ([before, .., read], Some(look)) = (&trial.reads()[..], trial.looks().last().copied()) else {
        return case.unknown("History and store were not both read.");
    };
    if let Ok(texts) = history(before)
        && let Err(wrong) = holds(&said, &texts)
    {
        // It was nowhere, and so has not left memory with the actor.
        return case.fail(format!("Already before that, in the history {}.", wrong.words()), PROMISE);
    }
    let advice = "What a variable holds is gone when the actor leaves memory, and what a dictionary of the program holds when \
                  its process ends: keep the history by `set_state` and `save_state()`, and load it with `try_get_state`.";
    let shown = match history(read) {
        Ok(shown) => shown,
        Err(why) => return case.fail(format!("Afterwards {why}."), advice),
    };
    if let Err(wrong) = holds(&said, &shown) {
        return case.fail(format!("Afterwards in the history {}.", wrong.words()), advice);
    }
    match stored(look).map(|texts| holds(&said, &texts)) {
        Ok(Ok(())) => case.pass("It is, and the store holds it."),
        Ok(Err(wrong)) => case.fail(format!("The history is there, but in the store {}.", wrong.words()), advice),
        Err(why) => case.fail(format!("The history is there, but {why}."), advice),
    }
}

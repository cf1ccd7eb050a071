//! What is advice of events: when they go out, and what becomes of them.

use super::{Case, Judged, not_answered};
use crate::own::{
    moment::{Moment, What},
    trial::Trial,
};

pub(super) fn event_follows_save(trial: &Trial) -> Judged {
    let mut case = Case::new(trial, "The event goes out after the write, and none for a message that is not stored.");
    let sent = trial.sent();
    let Some((last, before)) = sent.split_last() else { return case.unknown("Nothing was sent.") };
    if let Some(lost) = before.iter().find(|sent| !sent.reply.is_ok()) {
        return not_answered(case, trial, lost);
    }
    let events = || {
        let of_it = |moment: &&Moment| moment.publish().is_some_and(|event| event.error.is_none());
        trial.moments.iter().filter(of_it)
    };
    let event_of = |text: &str| events().find(|moment| moment.publish().is_some_and(|event| event.data.contains(text)));
    case.show(
        trial
            .moments
            .iter()
            .filter(|moment| moment.publish().is_some() || moment.state().is_some_and(|call| call.write)),
    );
    let published = before.iter().find_map(|sent| Some((sent, event_of(sent.text)?)));
    let Some((first, event)) = published else {
        return case.skip("Your program publishes no event for a message.");
    };
    let holds_it = |moment: &&Moment| {
        moment.state().is_some_and(|call| {
            call.write && call.error.is_none() && call.value.as_deref().is_some_and(|value| value.contains(first.text))
        })
    };
    let write = trial.moments.iter().find(holds_it);
    let began = event.at_us.saturating_sub(event.publish().map_or(0, |event| event.took_us));
    let early = match write {
        Some(write) if write.at_us <= began => None,
        Some(write) => {
            Some(format!("the event for “{}” went out {:.1} ms before its write", first.text, ms(write.at_us, began)))
        }
        None => Some(format!("the event for “{}” went out, and no write of it was seen", first.text)),
    };
    let unstored = event_of(last.text).is_some()
        && trial.looks().last().copied().flatten().is_none_or(|value| !value.contains(last.text));
    let advice = "Your method publishes, and the SDK writes after it has returned. `save_state()` first, then publish.";
    match (early, unstored) {
        (_, true) => case.fail(format!("An event went out for “{}”, which is not stored.", last.text), advice),
        (Some(early), false) => case.fail(format!("It did not: {early}."), advice),
        (None, false) => case.pass("The event followed the write, and there was none for what is not stored."),
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is short")]
fn ms(later: u64, earlier: u64) -> f64 {
    later.saturating_sub(earlier) as f64 / 1e3
}

pub(super) fn delivery_accepted(trial: &Trial) -> Judged {
    let mut case = Case::new(trial, "The program's answer to the event counts as success.");
    let sent = trial.sent();
    if sent.is_empty() {
        return case.unknown("Nothing was sent.");
    }
    if let Some(lost) = sent.iter().find(|sent| !sent.reply.is_ok()) {
        return not_answered(case, trial, lost);
    }
    let event = trial.moments.iter().filter_map(Moment::publish).find(|event| event.error.is_none());
    let Some(event) = event else { return case.skip("Your program publishes no event for a message.") };
    let delivered = trial.moments.iter().filter(|moment| {
        matches!(&moment.what, What::Delivered { event: id, .. } if event.event.is_none() || Some(id) == event.event.as_ref())
    });
    let delivered: Vec<_> = delivered.collect();
    case.show(delivered.iter().copied());
    match delivered.first().map(|moment| &moment.what) {
        Some(What::Delivered { refused: None, .. }) => case.pass("It does."),
        Some(What::Delivered { refused: Some(why), .. }) => case.fail(
            format!("Dapr takes it for a failed delivery, and would bring the event again: {why}"),
            "Answer `{\"status\": \"SUCCESS\"}` (or RETRY, or DROP): any other word counts as a failure.",
        ),
        _ => case.skip("No subscription of your program is for this topic, so that nothing was delivered."),
    }
}

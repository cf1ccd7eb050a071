//! The verdict of each check over its trial, as pure functions: what was done, what was expected, what was seen, where,
//! and what to look at.

mod beyond;
mod events;
mod lesson;
#[cfg(test)]
mod tests;

use super::{
    catalog::CheckId,
    moment::{Moment, short},
    report::{Evidence, Verdict},
    said,
    trial::{Done, Reply, Sent, Trial},
};

/// The verdict over a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// It.
    pub verdict: Verdict,
    /// What was done.
    pub did: String,
    /// What was expected.
    pub expected: String,
    /// What was seen.
    pub saw: String,
    /// What shows it.
    pub evidence: Vec<Evidence>,
    /// What to look at.
    pub advice: Option<String>,
    /// Whether it is for want of time alone: then it is worth trying once more.
    pub by_time: bool,
}

/// Judges a check.
#[must_use]
pub fn judge(id: CheckId, trial: &Trial) -> Judged {
    match id {
        CheckId::MessageProcessing => lesson::message_processing(trial),
        CheckId::HistoryRetrieval => lesson::history_retrieval(trial),
        CheckId::RetryLogic => lesson::retry_logic(trial),
        CheckId::StateConsistency => lesson::state_consistency(trial),
        CheckId::Recovery => lesson::recovery(trial),
        CheckId::LoadFailure => beyond::load_failure(trial),
        CheckId::SaveFailure => beyond::save_failure(trial),
        CheckId::Hang => beyond::hang(trial),
        CheckId::OutageIsAnError => beyond::outage_is_an_error(trial),
        CheckId::MissingKey => beyond::missing_key(trial),
        CheckId::EventFollowsSave => events::event_follows_save(trial),
        CheckId::DeliveryAccepted => events::delivery_accepted(trial),
        CheckId::TurnOrder => beyond::turn_order(trial),
        CheckId::NoMemory => beyond::no_memory(trial),
    }
}

/// A check that another one stands in the way of.
#[must_use]
pub fn blocked(by: CheckId, why: &str) -> Judged {
    let saw = format!("Blocked by {}: {why}", by.as_str());
    Case::default().end(Verdict::Skipped, saw, None)
}

/// A check that was not carried out to its end.
#[must_use]
pub fn gave_up(why: &str) -> Judged {
    Case::default().end(Verdict::Unknown, format!("Could not be judged: {why}"), None)
}

/// Whether the program let an operation fail by itself, as the lesson asks: its log says so, and nothing failed on purpose.
#[must_use]
pub fn simulates(trial: &Trial) -> bool {
    let on_purpose = trial.moments.iter().filter_map(Moment::state).any(|call| call.on_purpose.is_some());
    !on_purpose && trial.moments.iter().filter_map(Moment::line).any(is_failure)
}

/// What all judges say the same way.
#[derive(Default)]
struct Case {
    began: u64,
    did: String,
    expected: String,
    evidence: Vec<Evidence>,
}

impl Case {
    fn new(trial: &Trial, expected: &str) -> Self {
        let began = trial.acts.first().map_or(0, |act| act.at_us);
        let did = done(trial);
        let mut case = Self { began, did, expected: expected.to_owned(), evidence: Vec::new() };
        for act in &trial.acts {
            match &act.what {
                Done::Sent { text, reply } => case.add(act.until_us, "reply", &format!("“{text}”: {}", reply.words())),
                Done::Read(reply) => case.add(act.until_us, "history", &reply.words()),
                Done::Looked(value) => {
                    let value = value.as_deref().map_or_else(|| "nothing".to_owned(), short);
                    case.add(act.until_us, "stored", &format!("{} = {value}", trial.key));
                }
                _ => {}
            }
        }
        case
    }

    fn add(&mut self, at_us: u64, kind: &str, what: &str) {
        let at_ms = at_us.saturating_sub(self.began) / 1_000;
        self.evidence.push(Evidence { at_ms, kind: kind.to_owned(), what: what.to_owned() });
    }

    /// Adds what was seen and belongs to it.
    fn show<'a>(&mut self, moments: impl IntoIterator<Item = &'a Moment>) {
        const MOST: usize = 12;
        for moment in moments.into_iter().take(MOST) {
            self.add(moment.at_us, moment.kind(), &moment.words());
        }
    }

    fn end(mut self, verdict: Verdict, saw: impl Into<String>, advice: Option<&str>) -> Judged {
        self.evidence.sort_by_key(|evidence| evidence.at_ms);
        Judged {
            verdict,
            did: self.did,
            expected: self.expected,
            saw: saw.into(),
            evidence: self.evidence,
            advice: advice.map(str::to_owned),
            by_time: false,
        }
    }

    fn pass(self, saw: impl Into<String>) -> Judged {
        self.end(Verdict::Pass, saw, None)
    }

    fn fail(self, saw: impl Into<String>, advice: &str) -> Judged {
        self.end(Verdict::Fail, saw, Some(advice))
    }

    fn skip(self, saw: impl Into<String>) -> Judged {
        self.end(Verdict::Skipped, saw, None)
    }

    /// Nothing came in time.
    fn late(self, saw: impl Into<String>) -> Judged {
        Judged { by_time: true, ..self.end(Verdict::Unknown, saw, None) }
    }

    fn unknown(self, saw: impl Into<String>) -> Judged {
        self.end(Verdict::Unknown, saw, None)
    }
}

/// What was done, as a sentence.
fn done(trial: &Trial) -> String {
    let mut words = Vec::new();
    for act in &trial.acts {
        match &act.what {
            Done::Sent { text, .. } => words.push(format!("sent “{text}”")),
            Done::Read(_) => words.push("read the history".to_owned()),
            Done::Looked(_) => words.push("read the store".to_owned()),
            Done::Set(what) => words.push(what.clone()),
            Done::Deactivated => words.push("put the actor out of memory".to_owned()),
            Done::KeyTaken => words.push("took its key out of the store".to_owned()),
            Done::Probed(_) => {}
        }
    }
    words.dedup();
    let mut text = match words.split_last() {
        None => return String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{}, then {last}", rest.join(", ")),
    };
    if let Some(first) = text.get(..1).map(str::to_uppercase) {
        text.replace_range(..1, &first);
    }
    format!("{text}; the actor is {}.", trial.actor)
}

/// A message has to have been answered; else the check cannot go on.
fn answered(case: Case, trial: &Trial, sent: &Sent<'_>) -> Result<Case, Box<Judged>> {
    if sent.reply.is_ok() {
        return Ok(case);
    }
    Err(Box::new(not_answered(case, trial, sent)))
}

/// What a message that got no answer comes to where one was expected.
fn not_answered(mut case: Case, trial: &Trial, sent: &Sent<'_>) -> Judged {
    case.show(trial.between(sent.at_us, sent.until_us).filter(|moment| worth(moment)));
    if trial.calls_itself() {
        return case.fail(
            "The turn never ended: inside it the actor is called again, and that call waits for this turn to end.",
            "An actor that calls itself needs reentrancy: `ActorRuntime.set_actor_config` with \
             `ActorReentrancyConfig(enabled=True)`. Or call the method of the object, without a proxy.",
        );
    }
    if trial.caller_left(sent) {
        return case.late(format!(
            "The turn of “{}” took longer than the SDK waits for it, {:.1} s.",
            sent.text,
            lesson::seconds(sent.until_us.saturating_sub(sent.at_us))
        ));
    }
    match sent.reply {
        Reply::Late => {
            let seconds = sent.until_us.saturating_sub(sent.at_us) / 1_000_000;
            case.late(format!("“{}” had no answer after {seconds} s.", sent.text))
        }
        reply => {
            let advice = why_not_answered(trial, sent);
            case.fail(format!("“{}” was not answered: {}", sent.text, reply.words()), advice)
        }
    }
}

/// What to look at where a message ended in an error.
fn why_not_answered(trial: &Trial, sent: &Sent<'_>) -> &'static str {
    let lines: Vec<&str> = trial.between(sent.at_us, sent.until_us).filter_map(Moment::line).collect();
    let simulated = lines.iter().filter(|line| is_failure(line)).count();
    if simulated > 1 {
        "The simulated failure came again in each attempt: reset its flag before you raise, as the lesson does with \
         `self._simulate_failure = False`."
    } else if lines.iter().any(|line| line.contains("KeyError")) {
        "`get_state` raises KeyError for a key that is not there: use `try_get_state`."
    } else {
        "Nothing tried again: put the call into a loop of 3 attempts with `await asyncio.sleep(1)` between them, and raise \
         after the last."
    }
}

/// Whether a line tells of an operation that failed and may be tried again, in anybody's words.
#[must_use]
pub fn is_failure(line: &str) -> bool {
    let line = line.to_lowercase();
    let failed = ["fail", "error", "exception"].iter().any(|word| line.contains(word));
    line.contains("simulat")
        || failed && ["retry", "retries", "attempt", "again"].iter().any(|word| line.contains(word))
}

/// What is worth showing of a turn.
fn worth(moment: &Moment) -> bool {
    moment.state().is_some()
        || moment.publish().is_some()
        || moment.line().is_some_and(|line| is_failure(line) || line.contains("Traceback") || line.contains("Error"))
}

/// The texts of a history that was read, or why there are none.
fn history(reply: &Reply) -> Result<Vec<String>, String> {
    let body = reply.ok().ok_or_else(|| format!("the history was not given: {}", reply.words()))?;
    said::texts(body).ok_or_else(|| format!("the answer is no list of messages: {}", short(body)))
}

/// The texts of a stored value.
fn stored(value: Option<&str>) -> Result<Vec<String>, String> {
    let value = value.ok_or("the store holds nothing under this key")?;
    said::texts(value).ok_or_else(|| format!("what is stored is no list of messages: {}", short(value)))
}

//! The lesson's five validation steps, judged by pure functions over evidence: the timeline, the history that the
//! actor returned, and the value that was read from the store itself.

mod progress;

use serde::{Deserialize, Serialize};

pub use self::progress::Progress;

use crate::{
    actor_id::ActorId,
    error::ErrorCode,
    message::{HISTORY_LIMIT, Message, keep_last},
    operation::{Method, Operation},
    timeline::{Event, Level, Outcome, Step, Turn, turns},
};

/// How many acknowledged messages *Recovery* asks for.
pub const RECOVERY_MESSAGES: usize = 3;
/// How many of them must have met a failure.
pub const RECOVERY_FAILURES: usize = 2;

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// The evidence is not there yet.
    NotYet,
    /// The evidence speaks against it.
    Failed,
    /// Proven.
    Passed,
}

/// One check, with what proves it or what is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Check {
    /// Its number in the lesson, 1 to 5.
    pub number: u8,
    /// How it stands.
    pub state: CheckState,
    /// How far it is. In JSON it is two or three words: `not yet`, `1 of 3 sent`, `proven`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub progress: Progress,
    /// What is missing or what speaks against it; `None` when it is proven or nothing has been tried.
    pub missing: Option<String>,
    /// What proves it; empty unless it is proven.
    pub evidence: Vec<Proof>,
}

impl Check {
    /// A check for which there is no evidence yet.
    #[must_use]
    pub const fn untouched(number: u8) -> Self {
        Self { number, state: CheckState::NotYet, progress: Progress::NotYet, missing: None, evidence: Vec::new() }
    }

    /// Whether it is proven.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.state == CheckState::Passed
    }
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Proof {
    /// When, in milliseconds since the Unix epoch.
    pub at: u64,
    /// The level, where it is a log line.
    pub level: Option<Level>,
    /// The log line, or the stored or returned JSON.
    pub text: String,
    /// The turn that it belongs to.
    pub turn: Option<u64>,
}

/// What the checks are judged by.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The actor.
    pub actor: &'a ActorId,
    /// The history as it was before the first of `events`.
    pub before: &'a [Message],
    /// The timeline, oldest first.
    pub events: &'a [Event],
}

/// All five, judged now. A check that was proven before is kept by [`keep_passes`].
#[must_use]
pub fn judge(evidence: &Evidence<'_>) -> Vec<Check> {
    let turns = turns(evidence.events);
    vec![
        message_processing(evidence, &turns),
        history_retrieval(evidence),
        retry_logic(evidence, &turns),
        state_consistency(evidence),
        recovery(evidence, &turns),
    ]
}

/// The checks as they stand now, with those that were proven before left as they were: a pass keeps its evidence.
#[must_use]
pub fn keep_passes(before: &[Check], now: Vec<Check>) -> Vec<Check> {
    let passed = |number: u8| before.iter().find(|c| c.number == number && c.state == CheckState::Passed);
    now.into_iter().map(|check| passed(check.number).cloned().unwrap_or(check)).collect()
}

fn not_yet(number: u8, progress: Progress, missing: Option<String>) -> Check {
    Check { progress, missing, ..Check::untouched(number) }
}

fn failed(number: u8, missing: String) -> Check {
    Check { state: CheckState::Failed, missing: Some(missing), ..Check::untouched(number) }
}

fn passed(number: u8, evidence: Vec<Proof>) -> Check {
    Check { number, state: CheckState::Passed, progress: Progress::Proven, missing: None, evidence }
}

/// The log lines of a turn's events that `wanted` picks, as evidence.
fn lines(evidence: &Evidence<'_>, turn: u64, wanted: impl Fn(&Step) -> bool) -> Vec<Proof> {
    let of_turn = evidence.events.iter().filter(|event| event.step.turn() == Some(turn) && wanted(&event.step));
    of_turn
        .filter_map(|event| {
            let line = event.log_line(evidence.actor)?;
            Some(Proof { at: line.at, level: Some(line.level), text: line.text, turn: Some(turn) })
        })
        .collect()
}

const fn is_recovery(step: &Step) -> bool {
    match step {
        Step::AttemptFailed { operation, .. } => !matches!(operation, Operation::Publish),
        Step::ReplyReady { .. } => true,
        _ => false,
    }
}

/// 1: a message was acknowledged in a turn that had at least one failed attempt.
fn message_processing(evidence: &Evidence<'_>, turns: &[Turn]) -> Check {
    let messages = || turns.iter().filter(|turn| turn.method == Method::ProcessMessage);
    let completed = |turn: &&Turn| turn.acknowledged() && matches!(turn.outcome, Outcome::Completed { .. });
    if let Some(turn) = messages().find(|turn| completed(turn) && turn.had_failures()) {
        return passed(1, lines(evidence, turn.number, is_recovery));
    }
    let missing = if messages().any(|turn| matches!(turn.outcome, Outcome::Failed { .. })) {
        Some("The last message failed. Send it again: it has to succeed although an attempt failed.".into())
    } else if messages().any(|turn| completed(&turn)) {
        Some("Messages were answered, but no attempt failed on the way. Switch the failure on and send one.".into())
    } else {
        None
    };
    not_yet(1, Progress::NotYet, missing)
}

/// The last history that the actor returned, and when.
fn returned(events: &[Event]) -> Option<(&Event, u64, &Vec<Message>)> {
    events.iter().rev().find_map(|event| match &event.step {
        Step::HistoryReturned { turn, messages } => Some((event, *turn, messages)),
        _ => None,
    })
}

/// What the history has to be after the stored messages among `events`: the last five.
#[must_use]
pub fn expected(before: &[Message], events: &[Event]) -> Vec<Message> {
    let mut history = before.to_vec();
    for event in events {
        match &event.step {
            Step::ReplyReady { content, .. } => {
                history.push(Message::user(content.clone()));
                history.push(Message::reply_to(content));
                keep_last(&mut history);
            }
            Step::LabReset => history.clear(),
            _ => {}
        }
    }
    history
}

fn json(messages: &[Message]) -> String {
    serde_json::to_string(messages).unwrap_or_default()
}

/// Whether any message was stored, as far as these events go.
fn any_stored(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event.step, Step::ReplyReady { .. }))
}

/// 2: the history that the actor returned equals the stored messages and replies, the last five.
fn history_retrieval(evidence: &Evidence<'_>) -> Check {
    let Some((event, turn, messages)) = returned(evidence.events) else {
        return not_yet(2, Progress::NotYet, None);
    };
    let until = evidence.events.partition_point(|other| other.seq < event.seq);
    let earlier = &evidence.events[..until];
    if !any_stored(earlier) {
        return not_yet(
            2,
            Progress::NotYet,
            Some("The history was read before any message was answered. Send one first.".into()),
        );
    }
    let expected = expected(evidence.before, earlier);
    if *messages == expected {
        let proof = Proof { at: event.at, level: None, text: json(messages), turn: Some(turn) };
        return passed(2, vec![proof]);
    }
    failed(2, format!("The actor returned {}, but {} was acknowledged.", json(messages), json(&expected)))
}

/// 3: `Retry 1 for history load: …` and then `Processed message …`, in one turn.
fn retry_logic(evidence: &Evidence<'_>, turns: &[Turn]) -> Check {
    let first_load_failed = |step: &Step| matches!(step, Step::AttemptFailed { operation: Operation::Load, attempt: 1, max, transient: true, .. } if *max > 1);
    for turn in turns.iter().filter(|turn| turn.reply.is_some() && turn.had_failures()) {
        let of_turn = || evidence.events.iter().filter(|event| event.step.turn() == Some(turn.number));
        let retried = of_turn().find(|event| first_load_failed(&event.step)).map(|event| event.seq);
        let processed = of_turn().find(|event| matches!(event.step, Step::ReplyReady { .. })).map(|event| event.seq);
        if retried.zip(processed).is_some_and(|(retried, processed)| retried < processed) {
            let wanted = |step: &Step| {
                first_load_failed(step) || matches!(step, Step::Recovered { .. } | Step::ReplyReady { .. })
            };
            return passed(3, lines(evidence, turn.number, wanted));
        }
    }
    let missing = any_stored(evidence.events)
        .then(|| "No load was retried yet. Let the first load fail: set the switch to load and arm it.".into());
    not_yet(3, Progress::NotYet, missing)
}

/// 4: the value in the store itself equals the history that the actor returned.
fn state_consistency(evidence: &Evidence<'_>) -> Check {
    let read = evidence.events.iter().rev().find_map(|event| match &event.step {
        Step::StoreRead { key, value } => Some((event, key, value)),
        _ => None,
    });
    let Some((event, key, value)) = read else {
        return not_yet(4, Progress::NotYet, None);
    };
    let until = evidence.events.partition_point(|other| other.seq < event.seq);
    let earlier = &evidence.events[..until];
    let Some((history, turn, messages)) = returned(earlier) else {
        return not_yet(4, Progress::NotYet, Some("Let the actor return its history first, then compare.".into()));
    };
    if earlier.iter().any(|other| other.seq > history.seq && matches!(other.step, Step::ReplyReady { .. })) {
        return not_yet(
            4,
            Progress::NotYet,
            Some("A message was stored between the two readings. Compare again.".into()),
        );
    }
    if messages.is_empty() || !any_stored(earlier) {
        return not_yet(
            4,
            Progress::NotYet,
            Some("Nothing was stored by a message yet. Send one, then compare.".into()),
        );
    }
    let Some(value) = value else {
        return failed(4, format!("The store has no key {key}, but the actor returned {}.", json(messages)));
    };
    match serde_json::from_str::<Vec<Message>>(value) {
        Ok(stored) if stored == *messages => passed(
            4,
            vec![
                Proof { at: event.at, level: None, text: format!("{key} = {value}"), turn: None },
                Proof { at: history.at, level: None, text: json(messages), turn: Some(turn) },
            ],
        ),
        _ => failed(4, format!("The store holds {value}, but the actor returned {}.", json(messages))),
    }
}

/// The last message that failed and was not stored after all, nor sent again and answered: with its own id, or with one of
/// its own where the first belonged to another message.
pub(super) fn lost(turns: &[Turn]) -> Option<&Turn> {
    let messages = || turns.iter().filter(|turn| turn.method == Method::ProcessMessage);
    let reused =
        |turn: &Turn| matches!(&turn.outcome, Outcome::Failed { error, .. } if error.code == ErrorCode::IdReused);
    let again = |turn: &Turn, other: &Turn| match reused(turn) {
        true => other.number > turn.number && other.content == turn.content,
        false => turn.is_same_message(other),
    };
    let answered =
        |turn: &Turn| turn.reply.is_some() || messages().any(|other| again(turn, other) && other.acknowledged());
    messages().rev().find(|turn| matches!(turn.outcome, Outcome::Failed { .. }) && !answered(turn))
}

/// What the history shows when it is read: of more messages than it keeps, the last.
fn it_shows(evidence: &Evidence<'_>) -> String {
    let replies = evidence.events.iter().filter(|event| matches!(event.step, Step::ReplyReady { .. })).count();
    let stored = evidence.before.len() + 2 * replies;
    match stored.saturating_sub(HISTORY_LIMIT) {
        0 => "it shows that none was lost".to_owned(),
        1 => format!(
            "it keeps the last {HISTORY_LIMIT} messages, and shows that none of them was lost; 1 has dropped out"
        ),
        out => format!(
            "it keeps the last {HISTORY_LIMIT} messages, and shows that none of them was lost; {out} have dropped out"
        ),
    }
}

/// 5: three acknowledged messages, two of them after a failure, each stored or pushed out by later ones.
fn recovery(evidence: &Evidence<'_>, turns: &[Turn]) -> Check {
    let messages: Vec<&Turn> = turns.iter().filter(|turn| turn.method == Method::ProcessMessage).collect();
    let acknowledged: Vec<&&Turn> = messages
        .iter()
        .filter(|turn| turn.acknowledged() && matches!(turn.outcome, Outcome::Completed { .. }))
        .collect();
    let recovered = acknowledged.iter().filter(|turn| turn.had_failures()).count();
    let sent = acknowledged.len();
    if let Some(turn) = lost(turns).filter(|_| sent < RECOVERY_MESSAGES || recovered < RECOVERY_FAILURES) {
        let content = turn.content.as_deref().unwrap_or_default();
        let why = format!(
            "“{content}” is not in the history: turn {} failed. Send it again to show that nothing is lost.",
            turn.number
        );
        return failed(5, why);
    }
    if sent < RECOVERY_MESSAGES {
        let missing = (sent > 0).then(|| format!("{} more to send.", RECOVERY_MESSAGES - sent));
        let progress = if sent == 0 { Progress::NotYet } else { Progress::Sent(sent) };
        return not_yet(5, progress, missing);
    }
    if recovered < RECOVERY_FAILURES {
        let missing = "Arm the failure again before you send: two of the messages have to meet one.";
        return not_yet(5, Progress::FailedFirst(recovered), Some(missing.into()));
    }
    // Every stored message stands in the returned history or was pushed out of its five places by later ones; so the
    // history that follows from all of them has to be the one that the actor gives.
    let Some((event, turn, history)) = returned(evidence.events) else {
        return not_yet(5, Progress::ReadHistory, Some(format!("Read the history: {}.", it_shows(evidence))));
    };
    let last_stored = evidence.events.iter().rev().find(|e| matches!(e.step, Step::ReplyReady { .. }));
    if last_stored.is_some_and(|stored| stored.seq > event.seq) {
        return not_yet(5, Progress::ReadHistory, Some(format!("Read the history again: {}.", it_shows(evidence))));
    }
    let until = evidence.events.partition_point(|other| other.seq < event.seq);
    let expected = expected(evidence.before, &evidence.events[..until]);
    if *history != expected {
        return failed(5, format!("The actor returned {}, but {} was acknowledged.", json(history), json(&expected)));
    }
    let mut proof: Vec<Proof> = acknowledged
        .iter()
        .flat_map(|turn| lines(evidence, turn.number, |step| matches!(step, Step::ReplyReady { .. })))
        .collect();
    proof.push(Proof { at: event.at, level: None, text: json(history), turn: Some(turn) });
    passed(5, proof)
}

#[cfg(test)]
mod tests;

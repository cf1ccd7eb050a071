//! The lines of the conversation, put together from what was stored before, the turns, and what was just sent. Pure.

use super::{
    foot::{Foot, TurnSummary},
    words,
};
use crate::state::messages::{Unsent, UnsentState};
use model::{
    error::ErrorCode,
    message::{HISTORY_LIMIT, Message, MessageId, Role},
    operation::Method,
    timeline::{Outcome, Turn},
};

/// One line of the conversation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// Its place among the others: later lines have higher ones.
    pub(super) place: u64,
    /// Who says it and how it stands, as a class.
    pub(super) class: &'static str,
    /// Who says it; `None` for a note of the lab itself.
    pub(super) who: Option<&'static str>,
    /// What is said.
    pub(super) text: String,
    /// How its turn goes.
    pub(super) foot: Option<Foot>,
    /// Why its turn failed.
    pub(super) failure: Option<Failure>,
    /// The turn that ends with it: what was predicted for that stands under it.
    pub(super) ends: Option<u64>,
}

/// What stands under a message whose turn failed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    /// What failed.
    pub(super) title: String,
    /// Why, and what it changed.
    pub(super) text: String,
    /// The turn, if there was one.
    pub(super) turn: Option<TurnSummary>,
    /// The last attempt that failed, if there was one.
    pub(super) attempt: Option<u8>,
    /// The message's id, so that it can be sent again; `None` when it was.
    pub(super) again: Option<MessageId>,
    /// The turn in which it was sent again.
    pub(super) sent_again_in: Option<u64>,
}

/// How many places a turn has: its message, its answer, and a note before either.
const PLACES: u64 = 4;
/// How many places are of one part of the list: those of 16 turns.
pub(super) const PLACES_OF_A_PART: u64 = 16 * PLACES;
/// Where the turns' places begin; what was stored before them has those below.
const TURNS: u64 = 1_000;
/// Where the places of what was just sent begin.
const UNSENT: u64 = u64::MAX / 2;

/// A line that only says something.
fn said(place: u64, class: &'static str, who: &'static str, text: &str) -> Line {
    Line { place, class, who: Some(who), text: text.to_owned(), foot: None, failure: None, ends: None }
}

/// The line above which messages have dropped out of the history.
fn kept(place: u64) -> Line {
    let text = format!(
        "The lesson’s actor keeps the last {HISTORY_LIMIT} messages: those above were stored, and have dropped out."
    );
    Line { place, class: "kept", who: None, text, foot: None, failure: None, ends: None }
}

/// The conversation, oldest first.
pub(super) fn lines(before: &[Message], turns: &[Turn], unsent: &[Unsent]) -> Vec<Line> {
    let messages: Vec<&Turn> = turns.iter().filter(|turn| turn.method == Method::ProcessMessage).collect();
    let stored = before.len() + 2 * messages.iter().filter(|turn| turn.acknowledged()).count();
    let mut lines = Lines { lines: Vec::new(), stored: 0, first_kept: stored.saturating_sub(HISTORY_LIMIT) };
    for (nth, message) in (0..).zip(before) {
        let (class, who) = match message.role {
            Role::User => ("msg you", "you"),
            Role::Assistant => ("msg agent", "agent"),
        };
        lines.stored(said(2 * nth + 1, class, who, &message.content));
    }
    for turn in &messages {
        add_turn(&mut lines, turn, turns, &messages);
    }
    lines.lines.extend((UNSENT..).zip(unsent).map(of_unsent));
    lines.lines
}

/// The lines so far, and how many of them are stored messages.
struct Lines {
    lines: Vec<Line>,
    stored: usize,
    first_kept: usize,
}

impl Lines {
    /// Adds the line of a stored message; a note comes before the first that is still kept.
    fn stored(&mut self, line: Line) {
        if self.first_kept > 0 && self.stored == self.first_kept {
            self.lines.push(kept(line.place - 1));
        }
        self.stored += 1;
        self.lines.push(line);
    }
}

fn add_turn(lines: &mut Lines, turn: &Turn, turns: &[Turn], messages: &[&Turn]) {
    let place = TURNS + PLACES * turn.number + 1;
    let mut line = said(place, "msg you", "you", turn.content.as_deref().unwrap_or_default());
    match &turn.outcome {
        Outcome::Queued | Outcome::Running => {
            let behind = behind(turn, turns);
            line.class = "msg you pending";
            line.foot = Some(words::pending(turn, behind));
            lines.lines.push(line);
        }
        Outcome::Failed { error, .. } => {
            let sent_again_in = messages.iter().find(|other| is_repeat(other, turn)).map(|other| other.number);
            // With an id that belongs to another message it would be refused again.
            let id = turn.message_id.as_ref().filter(|_| error.code != ErrorCode::IdReused);
            let again = id.cloned().filter(|_| sent_again_in.is_none());
            let attempt = turn.attempts.iter().rfind(|a| a.failed()).map(|a| a.attempt);
            let (title, text) = words::failure(Some(turn), error);
            line.class = "msg you failed";
            line.ends = Some(turn.number);
            let turn = Some(TurnSummary::of(turn));
            line.failure = Some(Failure { title, text, turn, attempt, again, sent_again_in });
            lines.lines.push(line);
        }
        Outcome::Completed { took_us, repeated } => {
            let mut answer = said(place + 2, "msg agent", "agent", reply_of(turn, messages).unwrap_or_default());
            answer.foot = Some(words::answered(turn, *took_us, *repeated));
            answer.ends = Some(turn.number);
            if turn.acknowledged() {
                lines.stored(line);
                lines.stored(answer);
            } else {
                lines.lines.extend([line, answer]);
            }
        }
    }
}

/// A message of which the timeline does not know.
fn of_unsent((place, unsent): (u64, &Unsent)) -> Line {
    let mut line = said(place, "msg you pending", "you", &unsent.content);
    let foot = |words: &str| Some(Foot { turn: None, class: "", words: words.to_owned(), due_at: None });
    match &unsent.state {
        UnsentState::Sending => line.foot = foot("Sending"),
        UnsentState::Answered => {
            line.class = "msg you";
            line.foot = foot("Answered; its turn is shown when the connection is back");
        }
        UnsentState::Failed(error) => {
            let (title, text) = words::failure(None, error);
            let again = Some(unsent.id.clone()).filter(|_| error.code != ErrorCode::IdReused);
            line.class = "msg you failed";
            line.failure = Some(Failure { title, text, turn: None, attempt: None, again, sent_again_in: None });
        }
    }
    line
}

/// Whether `other` is the same message as `turn`, sent again later.
fn is_repeat(other: &Turn, turn: &Turn) -> bool {
    other.number > turn.number && turn.is_same_message(other)
}

/// The turn's reply. A repeated message was answered with the reply of the turn that stored it.
fn reply_of<'a>(turn: &'a Turn, messages: &[&'a Turn]) -> Option<&'a str> {
    let original = || messages.iter().find(|other| is_repeat(turn, other) && other.reply.is_some());
    turn.reply.as_deref().or_else(|| original()?.reply.as_deref())
}

/// The turn right before a queued one that has not ended.
fn behind(turn: &Turn, turns: &[Turn]) -> Option<u64> {
    if turn.outcome != Outcome::Queued {
        return None;
    }
    let before = turns.iter().rev().find(|other| other.number < turn.number && !other.ended());
    before.map(|other| other.number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::timeline::{Event, Step, turns};

    fn conversation(count: u64) -> Vec<Turn> {
        let mut events = Vec::new();
        let mut push = |step| events.push(Event { seq: events.len() as u64 + 1, at: 1_000, step });
        for turn in 1..=count {
            let content = format!("message {turn}");
            push(Step::TurnStarted {
                turn,
                method: Method::ProcessMessage,
                message_id: format!("id-{turn}").try_into().ok(),
                content: Some(content.clone()),
            });
            push(Step::ReplyReady { turn, content: content.clone(), reply: format!("Got your message: {content}") });
            push(Step::TurnCompleted { turn, took_us: 1_000, repeated: false });
        }
        turns(&events)
    }

    fn texts(before: &[Message], turns: &[Turn]) -> Vec<String> {
        let lines = lines(before, turns, &[]);
        assert!(lines.is_sorted_by(|a, b| a.place < b.place), "each line has its own place");
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn nothing_has_dropped_out_while_all_messages_are_kept() {
        assert!(!texts(&[], &conversation(2)).iter().any(|text| text.contains("dropped out")));
    }

    #[test]
    fn with_three_exchanges_the_first_message_has_left_and_its_reply_has_not() {
        let texts = texts(&[], &conversation(3));
        assert_eq!(texts[0], "message 1");
        assert!(texts[1].contains("dropped out"), "{texts:?}");
        assert_eq!(texts[2], "Got your message: message 1");
    }

    #[test]
    fn messages_from_before_leave_first() {
        let before: Vec<Message> = (0..5).map(|n| Message::user(n.to_string())).collect();
        let texts = texts(&before, &conversation(1));
        assert_eq!(texts[..2], ["0", "1"]);
        assert!(texts[2].contains("dropped out"), "{texts:?}");
        assert_eq!(texts.len(), 8);
    }

    #[test]
    fn a_queued_message_names_the_turn_before_it() {
        let mut turns = conversation(2);
        turns[0].outcome = Outcome::Running;
        turns[1].outcome = Outcome::Queued;
        let lines = lines(&[], &turns, &[]);
        assert_eq!(lines[1].foot.as_ref().unwrap().words, "Queued behind turn 1");
    }

    #[test]
    fn a_failed_message_that_was_sent_again_says_where() {
        let mut turns = conversation(2);
        let error = model::error::LabError::new(model::error::ErrorCode::RetriesExhausted, "gave up");
        turns[0].outcome = Outcome::Failed { took_us: 1, error };
        (turns[1].message_id, turns[1].content) = (turns[0].message_id.clone(), turns[0].content.clone());
        let lines = lines(&[], &turns, &[]);
        let failure = lines[0].failure.as_ref().unwrap();
        assert_eq!((failure.sent_again_in, &failure.again), (Some(2), &None));
    }

    #[test]
    fn a_message_with_the_id_of_another_is_neither_that_one_sent_again_nor_offered_with_its_id() {
        let mut turns = conversation(2);
        let error = model::error::LabError::new(ErrorCode::IdReused, "another has it");
        turns[1].message_id = turns[0].message_id.clone();
        turns[1].outcome = Outcome::Failed { took_us: 1, error };
        turns[1].reply = None;
        let failure = lines(&[], &turns, &[]).pop().unwrap().failure.unwrap();
        assert_eq!((failure.again, failure.sent_again_in), (None, None));
        let gave_up = model::error::LabError::new(ErrorCode::RetriesExhausted, "gave up");
        turns[0].outcome = Outcome::Failed { took_us: 1, error: gave_up };
        turns[1].outcome = Outcome::Completed { took_us: 1, repeated: false };
        let lines = lines(&[], &turns, &[]);
        assert_eq!(lines[0].failure.as_ref().unwrap().sent_again_in, None, "it has another text");
    }
}

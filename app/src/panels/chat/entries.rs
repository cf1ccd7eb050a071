//! What stands in the conversation, put together from what was stored before, the turns, and what was just sent.

use crate::{
    live::store::Unsent,
    message::{HISTORY_LIMIT, Message},
    timeline::{Method, Outcome, Turn},
};

/// One entry of the conversation.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    /// A message from before the first turn that the timeline knows of.
    Before {
        /// Its place.
        index: usize,
        /// The message.
        message: Message,
    },
    /// The line above which messages have dropped out of the history.
    Kept,
    /// A message that became a turn, and its reply.
    Turn(Box<TurnEntry>),
    /// A message that has not become a turn.
    Unsent(Unsent),
}

/// A turn as the conversation shows it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TurnEntry {
    /// The turn.
    pub(super) turn: Turn,
    /// The reply; of a repeated message the stored one.
    pub(super) reply: Option<String>,
    /// The turn that it waits for.
    pub(super) behind: Option<u64>,
    /// The turn in which the same message was sent again.
    pub(super) sent_again_in: Option<u64>,
    /// Whether the reply is kept and the message above it is not.
    pub(super) kept_from_reply: bool,
}

impl Entry {
    /// What tells entries and their states apart: an entry whose state changed is drawn anew, the others stay.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Before { index, .. } => format!("b{index}"),
            Self::Kept => "kept".to_owned(),
            Self::Unsent(unsent) => format!("u{}{:?}", unsent.id, unsent.state),
            Self::Turn(entry) => {
                let TurnEntry { turn, behind, sent_again_in, kept_from_reply, .. } = &**entry;
                let done = turn.attempts.iter().filter(|a| a.failed() || a.succeeded()).count();
                let outcome = match turn.outcome {
                    Outcome::Queued => 'q',
                    Outcome::Running => 'r',
                    Outcome::Completed { .. } => 'c',
                    Outcome::Failed { .. } => 'f',
                };
                let (n, attempts, waits) = (turn.number, turn.attempts.len(), turn.waits.len());
                let replied = turn.reply.is_some();
                format!("t{n}{outcome}{attempts},{done},{waits}{replied}{behind:?}{sent_again_in:?}{kept_from_reply}")
            }
        }
    }
}

/// The conversation, oldest first.
pub(super) fn entries(before: &[Message], turns: &[Turn], unsent: &[Unsent]) -> Vec<Entry> {
    let messages: Vec<&Turn> = turns.iter().filter(|turn| turn.method == Method::ProcessMessage).collect();
    let stored = before.len() + 2 * messages.iter().filter(|turn| turn.acknowledged()).count();
    let first_kept = stored.saturating_sub(HISTORY_LIMIT);
    let mut entries = Vec::new();
    let mut place = 0;
    for (index, message) in before.iter().enumerate() {
        if first_kept > 0 && place == first_kept {
            entries.push(Entry::Kept);
        }
        entries.push(Entry::Before { index, message: message.clone() });
        place += 1;
    }
    for turn in &messages {
        if first_kept > 0 && place == first_kept && turn.acknowledged() {
            entries.push(Entry::Kept);
        }
        let kept_from_reply = first_kept > 0 && turn.acknowledged() && place + 1 == first_kept;
        place += if turn.acknowledged() { 2 } else { 0 };
        entries.push(Entry::Turn(Box::new(TurnEntry {
            turn: (*turn).clone(),
            reply: reply_of(turn, &messages),
            behind: behind(turn, turns),
            sent_again_in: messages.iter().find(|other| is_repeat(other, turn)).map(|other| other.number),
            kept_from_reply,
        })));
    }
    entries.extend(unsent.iter().cloned().map(Entry::Unsent));
    entries
}

/// Whether `other` is the same message as `turn`, sent again later.
fn is_repeat(other: &Turn, turn: &Turn) -> bool {
    other.number > turn.number && turn.message_id.is_some() && other.message_id == turn.message_id
}

/// The turn's reply. A repeated message was answered with the reply of the turn that stored it.
fn reply_of(turn: &Turn, messages: &[&Turn]) -> Option<String> {
    let repeated = matches!(turn.outcome, Outcome::Completed { repeated: true, .. });
    let original = || messages.iter().find(|other| is_repeat(turn, other) && other.reply.is_some());
    turn.reply.clone().or_else(|| if repeated { original()?.reply.clone() } else { None })
}

/// The turn right before a queued one that has not ended.
fn behind(turn: &Turn, turns: &[Turn]) -> Option<u64> {
    let before = turns.iter().rev().find(|other| other.number < turn.number && !other.ended());
    before.filter(|_| turn.outcome == Outcome::Queued).map(|other| other.number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::{Event, Step, turns};

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

    fn kept_places(entries: &[Entry]) -> Vec<String> {
        entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Kept => Some("before".to_owned()),
                Entry::Turn(entry) if entry.kept_from_reply => Some(format!("reply of {}", entry.turn.number)),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn nothing_has_dropped_out_while_all_messages_are_kept() {
        assert_eq!(kept_places(&entries(&[], &conversation(2), &[])), Vec::<String>::new());
    }

    #[test]
    fn with_three_exchanges_the_first_message_has_left_and_its_reply_has_not() {
        assert_eq!(kept_places(&entries(&[], &conversation(3), &[])), ["reply of 1"]);
    }

    #[test]
    fn messages_from_before_leave_first() {
        let before: Vec<Message> = (0..5).map(|n| Message::user(n.to_string())).collect();
        let entries = entries(&before, &conversation(1), &[]);
        assert_eq!(entries[2], Entry::Kept);
        assert_eq!(entries.len(), 7);
    }

    #[test]
    fn a_queued_message_names_the_turn_before_it() {
        let mut turns = conversation(2);
        turns[0].outcome = Outcome::Running;
        turns[1].outcome = Outcome::Queued;
        let Entry::Turn(second) = &entries(&[], &turns, &[])[1] else { unreachable!("two turns, two entries") };
        assert_eq!(second.behind, Some(1));
    }
}

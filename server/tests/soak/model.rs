//! What must hold of everything that was sent and stored, as a pure function over the two.
//!
//! Each message's text is its own and no other's, so a history tells which messages were applied, and in which order.

use std::collections::{BTreeMap, HashSet};

use model::message::{HISTORY_LIMIT, Message, Role};

/// A point in the log: whatever is written down later has a higher one.
pub type Moment = u64;

/// One call with a message. A message that is sent again, with the same id, is one more delivery of it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The message's text.
    pub message: String,
    /// Before the call left.
    pub sent: Moment,
    /// After its answer was there, or was known not to come.
    pub ended: Moment,
    pub outcome: Outcome,
}

/// What a caller was told.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "the reasons are for whoever reads the log")]
pub enum Outcome {
    /// It is stored, and this is the reply.
    Acknowledged(Message),
    /// It is not, for this reason.
    Failed(String),
    /// It may be.
    Unknown(String),
}

/// The stored history, read between two points of the log.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Before it was read.
    pub asked: Moment,
    /// After it was.
    pub told: Moment,
    pub history: Vec<Message>,
}

/// How many turns a history shows when it is full: two whole, and the reply of the one before.
const SHOWN: usize = 3;

/// What is known of one message.
#[derive(Default)]
struct Known<'a> {
    /// The deliveries that can have stored it.
    able: Vec<&'a Delivery>,
    first_sent: Moment,
    /// When it was first known to be stored.
    acknowledged: Option<Moment>,
}

/// Applied turns that nobody saw may hide between two readings of a full history.
struct Gap<'a> {
    from: Moment,
    to: Moment,
    /// The turns after it.
    then: Vec<&'a str>,
}

/// Checks one actor: every acknowledged message is stored, in order, or was pushed out by later ones; every failed one
/// is absent; every unknown one is absent or whole. No half turn, nothing twice, nothing overwritten by a late write.
/// `stored` is in the order in which it was read.
///
/// # Errors
/// The first thing that does not hold.
pub fn check(deliveries: &[Delivery], stored: &[Stored]) -> Result<(), String> {
    let known = known(deliveries)?;
    let mut applied: Vec<&str> = Vec::new();
    let mut gaps: Vec<Gap<'_>> = Vec::new();
    let mut before: Moment = 0;
    for reading in stored {
        let turns = turns(&reading.history)?;
        let new = unseen(&applied, &turns)?;
        for turn in new {
            let about = known.get(turn).ok_or_else(|| format!("{turn:?} is stored, and was never sent"))?;
            let able = |delivery: &&Delivery| delivery.sent < reading.told && delivery.ended > before;
            if about.able.is_empty() {
                return Err(format!("{turn:?} is stored, and its caller was told that it failed"));
            }
            if !about.able.iter().any(able) {
                return Err(format!("{turn:?} was stored when no call with it was under way: a late write, or twice"));
            }
        }
        if new.len() == turns.len() && turns.len() == SHOWN {
            gaps.push(Gap { from: before, to: reading.told, then: turns.clone() });
        }
        applied.extend(new);
        before = reading.asked;
        let seen: HashSet<_> = applied.iter().copied().collect();
        for (message, about) in &known {
            if about.acknowledged.is_some_and(|at| at < reading.asked)
                && !seen.contains(message)
                && !gaps.iter().any(|gap| may_hide(gap, about, &known))
            {
                return Err(format!("{message:?} was acknowledged and is missing, with {turns:?} stored"));
            }
        }
    }
    in_order(&applied, &known)
}

/// Everything about each message.
fn known(deliveries: &[Delivery]) -> Result<BTreeMap<&str, Known<'_>>, String> {
    let mut known: BTreeMap<&str, Known<'_>> = BTreeMap::new();
    for delivery in deliveries {
        let fresh = Known { first_sent: Moment::MAX, ..Known::default() };
        let about = known.entry(&delivery.message).or_insert(fresh);
        about.first_sent = about.first_sent.min(delivery.sent);
        match &delivery.outcome {
            Outcome::Failed(_) => continue,
            Outcome::Unknown(_) => {}
            Outcome::Acknowledged(reply) if *reply == Message::reply_to(&delivery.message) => {
                let first = about.acknowledged.map_or(delivery.ended, |before| before.min(delivery.ended));
                about.acknowledged = Some(first);
            }
            Outcome::Acknowledged(reply) => return Err(format!("{:?} was answered with {reply:?}", delivery.message)),
        }
        about.able.push(delivery);
    }
    Ok(known)
}

/// The turns that a history shows, oldest first.
fn turns(history: &[Message]) -> Result<Vec<&str>, String> {
    let half = || format!("the history has half a turn: {history:?}");
    if history.len() > HISTORY_LIMIT {
        return Err(format!("the history has more than {HISTORY_LIMIT} messages: {history:?}"));
    }
    let mut turns = Vec::new();
    let mut rest = history;
    if let [first, others @ ..] = history
        && history.len() == HISTORY_LIMIT
    {
        // The message of this reply was pushed out.
        let message = first.content.strip_prefix("Got your message: ").filter(|_| first.role == Role::Assistant);
        turns.push(message.ok_or_else(half)?);
        rest = others;
    }
    let mut pairs = rest.chunks_exact(2);
    for pair in &mut pairs {
        if pair[0].role != Role::User || pair[1] != Message::reply_to(&pair[0].content) {
            return Err(half());
        }
        turns.push(&pair[0].content);
    }
    if pairs.remainder().is_empty() { Ok(turns) } else { Err(half()) }
}

/// Those of `turns` that were applied since the last reading.
fn unseen<'a, 't>(applied: &[&'a str], turns: &'t [&'a str]) -> Result<&'t [&'a str], String> {
    let known =
        (0..=turns.len().min(applied.len())).rev().find(|n| applied.ends_with(&turns[..*n])).unwrap_or_default();
    let new = &turns[known..];
    for (n, turn) in new.iter().enumerate() {
        if new[..n].contains(turn) || turns[..known].contains(turn) {
            return Err(format!("{turn:?} is stored twice: {turns:?}"));
        }
        if applied.contains(turn) {
            let words = "was applied twice, or the history was overwritten by an older one";
            return Err(format!("{turn:?} {words}: {turns:?} after {:?}", last(applied)));
        }
    }
    if turns.len() < SHOWN.min(applied.len() + new.len()) {
        return Err(format!("messages are missing: {turns:?} after {:?}", last(applied)));
    }
    Ok(new)
}

fn last<'s, 'a>(applied: &'s [&'a str]) -> &'s [&'a str] {
    &applied[applied.len().saturating_sub(SHOWN)..]
}

/// Whether a message can have been applied in a gap: it was under way then, and none of the turns after the gap was
/// known to be stored before the message was sent.
fn may_hide(gap: &Gap<'_>, about: &Known<'_>, known: &BTreeMap<&str, Known<'_>>) -> bool {
    let under_way = about.first_sent < gap.to && about.acknowledged.is_none_or(|at| at > gap.from);
    let later = |turn: &&str| known[*turn].acknowledged.is_none_or(|at| at > about.first_sent);
    under_way && gap.then.iter().all(later)
}

/// Sees that no message was applied before one that had been acknowledged when it was sent.
fn in_order(applied: &[&str], known: &BTreeMap<&str, Known<'_>>) -> Result<(), String> {
    let mut latest: Option<&str> = None;
    for turn in applied {
        if let (Some(before), Some(at)) = (latest, known[turn].acknowledged)
            && at < known[before].first_sent
        {
            return Err(format!("{before:?} is stored before {turn:?}, and was sent when that had been acknowledged"));
        }
        if latest.is_none_or(|before| known[turn].first_sent > known[before].first_sent) {
            latest = Some(turn);
        }
    }
    Ok(())
}

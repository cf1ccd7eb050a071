//! What passes on a connection, as it concerns actors: each call on an actor's keys, with its answer.
//!
//! The eyes only look. What they cannot read passes all the same, unseen.

use std::{collections::VecDeque, time::Duration};

use model::{
    actor_id::{ACTOR_TYPE, APP_ID, ActorId},
    operation::Operation,
    timeline::Step,
    wire::{CallOutcome, SeenCall},
};
use tokio::time::Instant;

use super::resp::{Message, Reader};
use crate::{
    labs::Timelines,
    timeline::{Place, clock::micros},
};

/// How many commands may be unanswered on one connection before it is not looked at any more.
const PENDING_LIMIT: usize = 4_096;

/// The commands that only read. Everything else may write.
const READS: [&str; 5] = ["HGETALL", "HGET", "HMGET", "GET", "EXISTS"];

/// Looks at one connection.
pub(super) struct Eyes {
    timelines: Timelines,
    opened: Instant,
    requests: Reader,
    answers: Reader,
    /// The commands that are not answered yet, in order.
    pending: VecDeque<Pending>,
    /// What a transaction that is not complete yet has in it.
    transaction: Option<Option<Call>>,
    /// Whether a command came through that was not the client's own, with which it opens a connection.
    used: bool,
    blind: bool,
}

/// A call under way.
#[derive(Clone, Debug)]
struct Call {
    actor: ActorId,
    place: Option<Place>,
    began: Instant,
    commands: Vec<String>,
    keys: Vec<String>,
}

/// What waits for an answer.
enum Pending {
    /// A command on nobody's keys, or inside a transaction: its answer says nothing, unless it is an error.
    Other,
    /// A call.
    Call(Call),
}

impl Eyes {
    pub(super) fn new(timelines: Timelines) -> Self {
        Self {
            timelines,
            opened: Instant::now(),
            requests: Reader::default(),
            answers: Reader::default(),
            pending: VecDeque::new(),
            transaction: None,
            used: false,
            blind: false,
        }
    }

    /// Looks at bytes for Redis. Returns how many of them a cut in the middle of the first command on an actor's keys lets
    /// pass, if one is complete with them: whatever comes before it does, and of itself half of what is here. On a
    /// connection that cannot be read any byte may be the last of one, so none passes.
    pub(super) fn request(&mut self, bytes: &[u8]) -> Option<usize> {
        let (mut rest, mut cut) = (bytes, None);
        loop {
            let start = bytes.len() - rest.len();
            if self.blind {
                return cut.or(Some(start));
            }
            match self.requests.next(&mut rest) {
                Ok(Some(command)) => {
                    if self.command(&command) {
                        let end = bytes.len() - rest.len();
                        cut = cut.or(Some(start + (end - start) / 2));
                    }
                    if self.pending.len() > PENDING_LIMIT {
                        self.look_away();
                    }
                }
                Ok(None) => return cut,
                Err(_) => {
                    self.look_away();
                    return cut.or(Some(start));
                }
            }
        }
    }

    /// Looks at bytes from Redis.
    pub(super) fn answer(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !self.blind {
            match self.answers.next(&mut rest) {
                Ok(Some(answer)) if answer.push => {}
                Ok(Some(answer)) => self.answered(answer),
                Ok(None) => return,
                Err(_) => self.look_away(),
            }
        }
    }

    /// Takes the answer of the oldest command that has none.
    fn answered(&mut self, answer: Message) {
        if let Some(Pending::Call(call)) = self.pending.pop_front() {
            let outcome = match answer {
                Message { error: Some(error), .. } => CallOutcome::Error(error),
                Message { null: true, .. } if call.commands.len() > 1 => {
                    CallOutcome::Error("the transaction was not carried out".to_owned())
                }
                _ => CallOutcome::Ok,
            };
            self.record(&call, outcome);
        }
    }

    /// The connection has ended: what is not answered now never will be.
    pub(super) fn ended(&mut self) {
        let mut unanswered = std::mem::take(&mut self.pending);
        if let Some(Some(call)) = self.transaction.take() {
            unanswered.push_back(Pending::Call(call));
        }
        let unopened = !self.used && !unanswered.is_empty();
        for pending in unanswered {
            if let Pending::Call(call) = pending {
                self.record(&call, CallOutcome::NoAnswer);
            }
        }
        if unopened {
            self.not_connected(CallOutcome::NoAnswer);
        }
    }

    /// There was no connection to Redis. A connection names no actor: it is told to the one that waits for the store,
    /// if that is one alone.
    pub(super) fn refused(&self) {
        self.not_connected(CallOutcome::Refused);
    }

    fn not_connected(&self, outcome: CallOutcome) {
        if let Some((actor, place)) = self.timelines.only_waiting() {
            let call = Call {
                actor,
                place: Some(place),
                began: self.opened,
                commands: vec!["connect".to_owned()],
                keys: Vec::new(),
            };
            self.record(&call, outcome);
        }
    }

    /// Takes a command in; returns whether it is on an actor's keys.
    fn command(&mut self, message: &Message) -> bool {
        let name = message.parts.first().map(|name| String::from_utf8_lossy(name).to_ascii_uppercase());
        let name = name.unwrap_or_default();
        let keys: Vec<_> = message.parts.iter().skip(1).filter_map(|part| actor_key(part)).collect();
        self.used |= !keys.is_empty() || matches!(name.as_str(), "MULTI" | "EXEC");
        match name.as_str() {
            "MULTI" => {
                self.transaction = Some(None);
                self.pending.push_back(Pending::Other);
                false
            }
            "EXEC" | "DISCARD" => {
                let call = self.transaction.take().flatten().map(|mut call| {
                    call.commands.push(name);
                    call
                });
                let touches = call.is_some();
                self.pending.push_back(call.map_or(Pending::Other, Pending::Call));
                touches
            }
            _ => {
                let touches = !keys.is_empty();
                self.on_keys(name, keys);
                touches
            }
        }
    }

    fn on_keys(&mut self, name: String, keys: Vec<(ActorId, String)>) {
        let Some((actor, _)) = keys.first().cloned() else {
            self.pending.push_back(Pending::Other);
            return;
        };
        let keys = keys.into_iter().map(|(_, key)| key);
        if let Some(transaction) = &mut self.transaction {
            let place = self.timelines.waiting(&actor);
            let call = transaction.get_or_insert_with(|| Call {
                actor,
                place,
                began: Instant::now(),
                commands: vec!["MULTI".to_owned()],
                keys: Vec::new(),
            });
            call.commands.push(name);
            call.keys.extend(keys);
            self.pending.push_back(Pending::Other);
        } else {
            let place = self.timelines.waiting(&actor);
            let (began, commands) = (Instant::now(), vec![name]);
            self.pending.push_back(Pending::Call(Call { actor, place, began, commands, keys: keys.collect() }));
        }
    }

    /// Records a call with the attempt that waits for it. A read for which no load waits is a page's own look at the
    /// store, and nothing that an actor did; a write is always told.
    fn record(&self, call: &Call, outcome: CallOutcome) {
        let reads = call.commands.iter().all(|command| READS.contains(&command.as_str()));
        let connects = call.keys.is_empty();
        let belongs = |place: &Place| connects || (place.operation == Operation::Load) == reads;
        let place = call.place.filter(belongs);
        if reads && place.is_none() {
            return;
        }
        let took: Duration = call.began.elapsed();
        self.timelines.record(
            &call.actor,
            Step::StoreCall {
                turn: place.map(|place| place.turn),
                operation: place.map(|place| place.operation),
                attempt: place.map(|place| place.attempt),
                call: SeenCall {
                    command: call.commands.join(" "),
                    keys: call.keys.clone(),
                    outcome,
                    took_us: micros(took),
                },
            },
        );
    }

    fn look_away(&mut self) {
        tracing::debug!("a connection on the wire to Redis cannot be read; it passes unseen");
        self.blind = true;
        self.pending.clear();
        self.transaction = None;
    }
}

/// The actor and its state key, if a word is `{app}||{type}||{id}||{key}`.
fn actor_key(word: &[u8]) -> Option<(ActorId, String)> {
    let word = std::str::from_utf8(word).ok()?;
    let rest = word.strip_prefix(APP_ID)?.strip_prefix("||")?.strip_prefix(ACTOR_TYPE)?.strip_prefix("||")?;
    let (actor, key) = rest.split_once("||")?;
    Some((actor.parse().ok()?, key.to_owned()))
}

#[cfg(test)]
mod tests {
    use model::operation::Method;

    use super::*;

    fn user1() -> ActorId {
        ActorId::lesson()
    }

    /// A turn that tries `operation`.
    fn trying(operation: Operation) -> Timelines {
        let timelines = Timelines::new();
        let turn = timelines.start_turn(&user1(), None, Method::ProcessMessage, None, Some("Hi".into()));
        timelines.record(&user1(), Step::AttemptStarted { turn, operation, attempt: 1, max: 3 });
        timelines
    }

    fn command(words: &[&str]) -> Vec<u8> {
        let mut bytes = format!("*{}\r\n", words.len());
        for word in words {
            bytes.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        bytes.into_bytes()
    }

    fn seen(timelines: &Timelines) -> Vec<(Option<u64>, String)> {
        let events = timelines.snapshot(&user1()).events;
        events
            .into_iter()
            .filter_map(|event| match event.step {
                Step::StoreCall { turn, call, .. } => Some((turn, call.to_string())),
                _ => None,
            })
            .collect()
    }

    const KEY: &str = "daca-ai-app||ChatAgent||user1||history-user1";

    #[test]
    fn a_call_is_told_with_its_answer_and_the_attempt_that_waits_for_it() {
        let timelines = trying(Operation::Load);
        let mut eyes = Eyes::new(timelines.clone());
        assert_eq!(eyes.request(&command(&["HELLO", "3"])), None);
        assert!(eyes.request(&command(&["HGETALL", KEY])).is_some());
        eyes.answer(b"%1\r\n+server\r\n+redis\r\n*0\r\n");
        eyes.request(&command(&["HGETALL", KEY]));
        eyes.answer(b">2\r\n+invalidate\r\n*0\r\n-LOADING wait\r\n");
        eyes.request(&command(&["HGETALL", KEY]));
        eyes.ended();
        let told = ["HGETALL history-user1: answered", "HGETALL history-user1: LOADING wait"];
        let told = told.into_iter().chain(["HGETALL history-user1: no answer"]);
        assert_eq!(seen(&timelines), told.map(|told| (Some(1), told.to_owned())).collect::<Vec<_>>());
    }

    #[test]
    fn a_transaction_is_one_call_and_its_first_error_is_what_came_of_it() {
        let timelines = trying(Operation::Save);
        let mut eyes = Eyes::new(timelines.clone());
        let eval = command(&["EVAL", "return 1", "1", KEY, "[]"]);
        let bytes = [command(&["MULTI"]), eval, command(&["EXEC"])].concat();
        assert!(eyes.request(&bytes).is_some());
        eyes.answer(b"+OK\r\n+QUEUED\r\n*1\r\n:1\r\n");
        eyes.request(&bytes);
        eyes.answer(b"+OK\r\n+QUEUED\r\n*1\r\n-READONLY no\r\n");
        let seen: Vec<_> = seen(&timelines).into_iter().map(|(_, told)| told).collect();
        let call = "MULTI EVAL EXEC history-user1";
        assert_eq!(seen, [format!("{call}: answered"), format!("{call}: READONLY no")]);
    }

    #[test]
    fn a_look_at_the_store_is_nothing_that_the_actor_did_but_a_late_write_is() {
        let timelines = trying(Operation::Save);
        let mut eyes = Eyes::new(timelines.clone());
        eyes.request(&command(&["HGETALL", KEY]));
        eyes.answer(b"*0\r\n");
        assert!(seen(&timelines).is_empty());
        let idle = Timelines::new();
        let mut eyes = Eyes::new(idle.clone());
        eyes.request(&command(&["DEL", KEY]));
        eyes.answer(b":1\r\n");
        assert_eq!(seen(&idle), [(None, "DEL history-user1: answered".to_owned())]);
    }

    #[test]
    fn a_connection_that_did_not_open_is_told_to_the_one_actor_that_waits_for_it() {
        let timelines = trying(Operation::Load);
        Eyes::new(timelines.clone()).refused();
        let mut eyes = Eyes::new(timelines.clone());
        eyes.request(&command(&["HELLO", "3"]));
        eyes.ended();
        let told = [(Some(1), "connect: refused".to_owned()), (Some(1), "connect: no answer".to_owned())];
        assert_eq!(seen(&timelines), told);

        let other: ActorId = "other".parse().unwrap();
        let turn = timelines.start_turn(&other, None, Method::ProcessMessage, None, None);
        timelines.record(&other, Step::AttemptStarted { turn, operation: Operation::Load, attempt: 1, max: 3 });
        Eyes::new(timelines.clone()).refused();
        assert_eq!(seen(&timelines).len(), 2, "it may be either's");
    }

    #[test]
    fn what_cannot_be_read_is_let_be() {
        let timelines = trying(Operation::Load);
        let mut eyes = Eyes::new(timelines.clone());
        assert_eq!(eyes.request(b"\x16\x03\x01 a TLS hello"), Some(0), "a cut lets nothing of it pass");
        assert_eq!(eyes.request(&command(&["HGETALL", KEY])), Some(0));
        eyes.answer(b"*0\r\n");
        eyes.ended();
        assert!(seen(&timelines).is_empty());
    }

    #[test]
    fn a_cut_lies_within_the_first_command_on_an_actor_s_keys_wherever_the_bytes_are_parted() {
        let (ping, set) = (command(&["PING"]), command(&["SET", KEY, "a value"]));
        let bytes = [ping.clone(), set.clone(), set.clone(), ping.clone()].concat();
        for parted in 0..bytes.len() {
            let mut eyes = Eyes::new(Timelines::new());
            let (first, second) = bytes.split_at(parted);
            // What passes before a cut, and with it.
            let passed = match eyes.request(first) {
                Some(cut) => cut,
                None => first.len() + eyes.request(second).expect("the command is complete"),
            };
            assert!(passed >= ping.len(), "{parted}: what comes before it passes");
            assert!(passed < ping.len() + set.len(), "{parted}: {passed} of it are the whole command");
        }
    }
}

//! The judges over trials as programs right and wrong leave them behind.

use super::*;
use crate::own::{
    moment::{Publish, StateCall, What},
    trial::Act,
};

const KEY: &str = "history-user-1";

/// A trial that is put together step by step, a second apart.
#[derive(Default)]
struct Told {
    trial: Trial,
    now: u64,
    calls: u64,
}

fn list(texts: &[&str]) -> String {
    let items: Vec<_> = texts.iter().map(|text| serde_json::json!({"role": "x", "content": text})).collect();
    serde_json::to_string(&items).unwrap()
}

impl Told {
    fn new() -> Self {
        let trial = Trial { actor: "user-1".into(), key: KEY.into(), ..Trial::default() };
        Self { trial, now: 1_000_000, calls: 0 }
    }

    fn act(mut self, what: Done) -> Self {
        let at_us = self.now;
        self.now += 10_000;
        self.trial.acts.push(Act { at_us, until_us: self.now, what });
        self
    }

    /// A message with what is seen in its turn, each with the time since the one before, and its reply.
    fn sent(mut self, text: &str, seen: Vec<(u64, What)>, status: u16) -> Self {
        let at_us = self.now;
        self.calls += 1;
        let (call, turn) = (self.calls, self.calls);
        let mut add = |now: u64, what| self.trial.moments.push(Moment { at_us: now, what });
        add(at_us + 1, What::Queued { call, method: "ProcessMessage".into() });
        add(at_us + 2, What::Started { call, turn, method: "ProcessMessage".into() });
        let mut now = at_us + 2;
        for (after, what) in seen {
            now += after;
            let what = match what {
                What::State(state) => What::State(StateCall { turn: Some(turn), ..state }),
                What::Published(event) => What::Published(Publish { turn: Some(turn), ..event }),
                other => other,
            };
            add(now, what);
        }
        now += 1_000;
        add(now, What::Ended { call, turn: Some(turn), status: Some(status), text: String::new() });
        self.now = now + 1_000;
        let body = match status {
            200 => serde_json::json!({"response": {"content": format!("Re: {text}")}}).to_string(),
            _ => "no".into(),
        };
        let reply = Reply::Answered { status, body };
        self.trial.acts.push(Act { at_us, until_us: self.now, what: Done::Sent { text: text.into(), reply } });
        self
    }

    fn read(self, texts: &[&str]) -> Self {
        let reply = Reply::Answered { status: 200, body: format!("{{\"history\": {}}}", list(texts)) };
        self.act(Done::Read(reply))
    }

    fn look(self, texts: &[&str]) -> Self {
        self.act(Done::Looked(Some(list(texts))))
    }

    fn judged(&self, id: CheckId) -> Judged {
        judge(id, &self.trial)
    }
}

fn line(text: &str) -> What {
    What::Line { text: text.into() }
}

fn failure() -> What {
    line("WARNING:root:Retry 1 for history load: Simulated state store failure")
}

fn processed(text: &str) -> What {
    line(&format!("INFO:root:Processed message for {KEY}: {text}"))
}

fn state(write: bool, value: Option<String>, failed: bool) -> What {
    let (error, on_purpose) = (failed.then(|| "no".to_owned()), failed.then(|| "fails: fail".to_owned()));
    What::State(StateCall { turn: None, write, keys: vec![KEY.into()], value, error, on_purpose, took_us: 500 })
}

fn wrote(texts: &[&str]) -> What {
    state(true, Some(list(texts)), false)
}

fn published(text: &str) -> What {
    let (topic, data, event) = ("user-chat".into(), format!("{{\"input\": \"{text}\"}}"), Some("e".into()));
    What::Published(Publish { turn: None, event, topic, data, error: None, on_purpose: None, took_us: 500 })
}

fn verdict(judged: &Judged) -> Verdict {
    assert!(judged.verdict != Verdict::Fail || judged.advice.is_some(), "what fails says what to look at: {judged:?}");
    assert!(judged.verdict == Verdict::Skipped || !judged.did.is_empty() && !judged.saw.is_empty(), "{judged:?}");
    judged.verdict
}

#[test]
fn a_message_has_to_come_through_a_failure_and_be_stored() {
    let id = CheckId::MessageProcessing;
    let through = || Told::new().sent("a", vec![(10, failure()), (1_000_000, processed("a"))], 200);
    let judged = through().look(&["a", "Re: a"]).judged(id);
    assert_eq!(verdict(&judged), Verdict::Pass, "{judged:?}");
    assert!(judged.evidence.iter().any(|evidence| evidence.kind == "log" && evidence.what.contains("Retry 1")));
    assert_eq!(verdict(&through().look(&[]).judged(id)), Verdict::Fail, "acknowledged, and lost");
    assert_eq!(verdict(&through().act(Done::Looked(None)).judged(id)), Verdict::Fail);
    let without = Told::new().sent("a", vec![(10, processed("a"))], 200).look(&["a", "Re: a"]);
    assert_eq!(verdict(&without.judged(id)), Verdict::Unknown, "nothing failed");
    let refused = Told::new().sent("a", vec![(10, failure())], 500).judged(id);
    assert_eq!(verdict(&refused), Verdict::Fail);
}

#[test]
fn a_flag_that_is_never_reset_is_told_from_a_retry_that_is_missing() {
    let id = CheckId::MessageProcessing;
    let advice = |failures: usize| {
        let seen = (0..failures).map(|_| (1_000, failure())).collect();
        Told::new().sent("a", seen, 500).judged(id).advice.unwrap()
    };
    assert!(advice(3).contains("reset its flag"), "{}", advice(3));
    assert!(advice(1).contains("asyncio.sleep"), "{}", advice(1));
}

fn retrying(wait_us: u64, probe: Option<(u64, u64)>) -> Judged {
    let mut told = Told::new();
    for text in ["a", "b", "c"] {
        let began = told.now;
        told = told.sent(text, vec![(10_000, failure()), (wait_us, processed(text))], 200);
        if let Some((after, took)) = probe {
            let at_us = began + 10_002 + after;
            told.trial.acts.push(Act { at_us, until_us: at_us + took, what: Done::Probed(true) });
        }
    }
    told.judged(CheckId::RetryLogic)
}

#[test]
fn a_retry_waits_and_lets_others_be_served_meanwhile() {
    assert_eq!(verdict(&retrying(1_000_000, Some((2_000, 3_000)))), Verdict::Pass);
    assert_eq!(verdict(&retrying(100_000, None)), Verdict::Pass, "another wait than the lesson's");
    let at_once = retrying(900, None);
    assert!(verdict(&at_once) == Verdict::Fail && at_once.saw.contains("without a wait"), "{at_once:?}");
    let blocking = retrying(1_000_000, Some((2_000, 998_500)));
    assert!(verdict(&blocking) == Verdict::Fail && blocking.saw.contains("stood still"), "{blocking:?}");
}

#[test]
fn other_words_than_the_lessons_are_a_point_of_their_own() {
    let seen = |text: &str| {
        vec![(10, state(false, None, true)), (300_000, state(false, None, false)), (1, line(&format!("done {text}")))]
    };
    let told = ["a", "b", "c"].iter().fold(Told::new(), |told, text| told.sent(text, seen(text), 200));
    let judged = told.judged(CheckId::RetryLogic);
    assert_eq!(judged.verdict, Verdict::Pass, "{judged:?}");
    assert!(judged.advice.is_some_and(|advice| advice.contains("It holds")));
    let nothing = Told::new().sent("a", vec![(10, processed("a"))], 200).judged(CheckId::RetryLogic);
    assert_eq!(verdict(&nothing), Verdict::Fail);
}

#[test]
fn history_and_store_have_to_hold_what_was_acknowledged() {
    let both = || Told::new().sent("a", vec![], 200).sent("b", vec![], 200);
    let all = ["a", "Re: a", "b", "Re: b"];
    assert_eq!(verdict(&both().read(&all).judged(CheckId::HistoryRetrieval)), Verdict::Pass);
    assert_eq!(verdict(&both().read(&all[2..]).judged(CheckId::HistoryRetrieval)), Verdict::Fail);
    assert_eq!(verdict(&both().read(&all).look(&all).judged(CheckId::StateConsistency)), Verdict::Pass);
    assert_eq!(verdict(&both().read(&all).look(&all[..2]).judged(CheckId::StateConsistency)), Verdict::Fail);
    assert_eq!(verdict(&both().read(&[]).look(&[]).judged(CheckId::StateConsistency)), Verdict::Fail);
    assert_eq!(verdict(&both().read(&all).read(&all).look(&all).judged(CheckId::NoMemory)), Verdict::Pass);
    assert_eq!(verdict(&both().read(&all).read(&all).act(Done::Looked(None)).judged(CheckId::NoMemory)), Verdict::Fail);
    let three = || both().sent("c", vec![], 200);
    assert_eq!(verdict(&three().read(&["Re: a", "b", "Re: b", "c", "Re: c"]).judged(CheckId::Recovery)), Verdict::Pass);
    assert_eq!(verdict(&three().read(&["c", "Re: c"]).judged(CheckId::Recovery)), Verdict::Fail);
    assert_eq!(verdict(&both().sent("c", vec![], 500).read(&all).judged(CheckId::Recovery)), Verdict::Fail);
}

#[test]
fn a_failed_read_must_not_write() {
    let before = || Told::new().sent("a", vec![], 200).sent("b", vec![], 200);
    let kept =
        before().sent("c", vec![(10, state(false, None, true))], 200).look(&["Re: a", "b", "Re: b", "c", "Re: c"]);
    assert_eq!(verdict(&kept.judged(CheckId::LoadFailure)), Verdict::Pass);
    let wiped = before()
        .sent("c", vec![(10, state(false, None, true)), (10, wrote(&[])), (10, wrote(&["c", "Re: c"]))], 200)
        .look(&["c", "Re: c"])
        .judged(CheckId::LoadFailure);
    assert_eq!(verdict(&wiped), Verdict::Fail);
    assert!(wiped.advice.is_some_and(|advice| advice.contains("_on_activate")));
    let error = before().sent("c", vec![(10, state(false, None, true))], 500).look(&["a", "Re: a", "b", "Re: b"]);
    assert_eq!(verdict(&error.judged(CheckId::LoadFailure)), Verdict::Fail);
}

#[test]
fn a_failed_write_is_made_again_or_told() {
    let id = CheckId::SaveFailure;
    let (one, two) = (["a", "Re: a"], ["a", "Re: a", "b", "Re: b"]);
    let before = || Told::new().sent("a", vec![], 200);
    let failed = || (10, state(true, Some(list(&two)), true));
    let again = before().sent("b", vec![failed(), failed(), (10, wrote(&two))], 200).read(&two).look(&two);
    assert_eq!(verdict(&again.judged(id)), Verdict::Pass);
    let told = before().sent("b", vec![failed()], 500).read(&one).look(&one);
    assert_eq!(verdict(&told.judged(id)), Verdict::Pass);
    let cached = before().sent("b", vec![failed()], 500).read(&two).look(&one).judged(id);
    assert!(verdict(&cached) == Verdict::Fail && cached.advice.is_some_and(|advice| advice.contains("clear_cache")));
    let alone = before().sent("b", vec![failed()], 200).read(&two).look(&one).judged(id);
    assert!(verdict(&alone) == Verdict::Fail && alone.advice.is_some_and(|advice| advice.contains("marks the change")));
    let swallowed = before().sent("b", vec![failed(), failed()], 200).read(&two).look(&one).judged(id);
    assert!(
        verdict(&swallowed) == Verdict::Fail && swallowed.advice.is_some_and(|advice| advice.contains("swallowed"))
    );
    let twice = before().sent("b", vec![failed()], 200).look(&["a", "Re: a", "b", "Re: b", "b", "Re: b"]).judged(id);
    assert!(verdict(&twice) == Verdict::Fail && twice.saw.contains("twice"), "{twice:?}");
}

#[test]
fn a_turn_has_to_end_and_leave_history_and_store_alike() {
    let (one, two) = (["a", "Re: a"], ["a", "Re: a", "b", "Re: b"]);
    let after = |status, shown: &[&str], stored: &[&str]| {
        let told = Told::new().sent("a", vec![], 200).sent("b", vec![], status).read(shown).look(stored);
        verdict(&told.judged(CheckId::Hang))
    };
    assert_eq!(after(200, &two, &two), Verdict::Pass);
    assert_eq!(after(500, &one, &one), Verdict::Pass);
    assert_eq!(after(500, &two, &one), Verdict::Fail);
    assert_eq!(after(200, &one, &one), Verdict::Fail);
    let late = |failures: usize| {
        let mut told = Told::new().sent("a", vec![], 200);
        let (at_us, until_us) = (told.now, told.now + 25_000_000);
        for n in 0..failures as u64 {
            told.trial.moments.push(Moment { at_us: at_us + n + 1, what: state(true, None, true) });
        }
        told.trial.acts.push(Act { at_us, until_us, what: Done::Sent { text: "b".into(), reply: Reply::Late } });
        told.judged(CheckId::Hang)
    };
    assert_eq!(verdict(&late(20)), Verdict::Fail, "it tries for ever");
    assert!(late(2).by_time && verdict(&late(2)) == Verdict::Unknown, "it may only be slow");
}

#[test]
fn an_outage_is_an_error_for_the_message_and_for_the_history() {
    let after = |status, read: Reply| {
        let told = Told::new().sent("a", vec![], 200).sent("b", vec![], status).act(Done::Read(read));
        verdict(&told.judged(CheckId::OutageIsAnError))
    };
    let answer = |status| Reply::Answered { status, body: r#"{"history": []}"#.into() };
    assert_eq!(after(500, answer(500)), Verdict::Pass);
    assert_eq!(after(500, answer(200)), Verdict::Fail);
    assert_eq!(after(200, answer(500)), Verdict::Fail);
}

#[test]
fn an_event_follows_its_write() {
    let last = |told: Told| told.sent("b", vec![(10, state(true, Some(list(&["b"])), true))], 500);
    let after = |seen| last(Told::new().sent("a", seen, 200)).look(&["a", "Re: a"]).judged(CheckId::EventFollowsSave);
    assert_eq!(verdict(&after(vec![(10, wrote(&["a", "Re: a"])), (2_000, published("a"))])), Verdict::Pass);
    assert_eq!(verdict(&after(vec![(10, published("a")), (2_000, wrote(&["a", "Re: a"]))])), Verdict::Fail);
    assert_eq!(verdict(&after(vec![(10, wrote(&["a", "Re: a"]))])), Verdict::Skipped);
    let told = Told::new().sent("a", vec![(10, wrote(&["a", "Re: a"])), (2_000, published("a"))], 200);
    let unstored = told.sent("b", vec![(10, published("b"))], 200).look(&["a", "Re: a"]);
    assert_eq!(verdict(&unstored.judged(CheckId::EventFollowsSave)), Verdict::Fail);
}

#[test]
fn a_delivery_counts_by_the_answer_to_it() {
    let after = |refused: Option<&str>| {
        let delivered =
            What::Delivered { event: "e".into(), topic: "user-chat".into(), refused: refused.map(str::to_owned) };
        let told = Told::new().sent("a", vec![(10, published("a")), (10, delivered)], 200);
        verdict(&told.judged(CheckId::DeliveryAccepted))
    };
    assert_eq!(after(None), Verdict::Pass);
    assert_eq!(after(Some("unknown status")), Verdict::Fail);
    assert_eq!(verdict(&Told::new().sent("a", vec![], 200).judged(CheckId::DeliveryAccepted)), Verdict::Skipped);
}

#[test]
fn an_actor_that_calls_itself_is_told_from_one_that_is_slow() {
    let mut told = Told::new();
    let (at_us, until_us) = (told.now, told.now + 25_000_000);
    let queued = |at_us, call| Moment { at_us, what: What::Queued { call, method: "M".into() } };
    told.trial.moments.push(queued(at_us + 1, 1));
    let started = What::Started { call: 1, turn: 1, method: "M".into() };
    told.trial.moments.push(Moment { at_us: at_us + 2, what: started });
    let sent = Act { at_us, until_us, what: Done::Sent { text: "a".into(), reply: Reply::Late } };
    told.trial.acts.push(sent);
    assert!(told.judged(CheckId::MessageProcessing).by_time);
    told.trial.moments.push(queued(at_us + 3, 2));
    let judged = told.judged(CheckId::MessageProcessing);
    assert!(verdict(&judged) == Verdict::Fail && judged.advice.is_some_and(|advice| advice.contains("reentrancy")));
}

#[test]
fn after_a_missing_key_an_answer_has_to_be_true() {
    let taken = || Told::new().sent("a", vec![], 200).act(Done::KeyTaken).sent("b", vec![], 200);
    assert_eq!(verdict(&taken().look(&["b", "Re: b"]).judged(CheckId::MissingKey)), Verdict::Pass);
    assert_eq!(verdict(&taken().look(&[]).judged(CheckId::MissingKey)), Verdict::Fail, "acknowledged, and lost");
    assert_eq!(verdict(&taken().act(Done::Looked(None)).judged(CheckId::MissingKey)), Verdict::Fail);
}

#[test]
fn where_nothing_is_tried_again_no_order_is_judged() {
    let judged = Told::new().sent("a", vec![], 500).sent("b", vec![(10, wrote(&["b", "Re: b"]))], 200);
    let judged = judged.look(&["b", "Re: b"]).judged(CheckId::TurnOrder);
    assert_eq!(verdict(&judged), Verdict::Skipped);
    assert!(judged.saw.contains("retry-logic"), "{judged:?}");
}

#[test]
fn what_was_never_in_the_history_has_not_left_memory_with_the_actor() {
    let lost = Told::new().sent("a", vec![], 200).read(&[]).act(Done::Deactivated).read(&[]).look(&[]);
    let judged = lost.judged(CheckId::NoMemory);
    assert_eq!(verdict(&judged), Verdict::Fail);
    assert!(judged.saw.starts_with("Already before that"), "{judged:?}");
}

#[test]
fn a_message_without_an_event_says_nothing_of_those_that_have_one() {
    let seen = vec![wrote(&["b", "Re: b"]), published("b")];
    let told = Told::new().sent("a", vec![], 200).sent("b", seen.into_iter().map(|what| (1_000, what)).collect(), 200);
    let judged = told.sent("c", vec![], 200).look(&["b", "Re: b"]).judged(CheckId::EventFollowsSave);
    assert_eq!(verdict(&judged), Verdict::Pass, "{judged:?}");
}

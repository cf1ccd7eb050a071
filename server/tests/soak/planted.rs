//! The model finds what it is for: defects planted by hand, and defects of a store that is only played.

use fastrand::Rng;
use model::message::{Message, keep_last};

use crate::model::{Delivery, Moment, Outcome, Stored, check};

fn delivery(message: &str, sent: Moment, ended: Moment, outcome: Outcome) -> Delivery {
    Delivery { message: message.to_owned(), sent, ended, outcome }
}

fn acknowledged(message: &str, sent: Moment, ended: Moment) -> Delivery {
    delivery(message, sent, ended, Outcome::Acknowledged(Message::reply_to(message)))
}

fn failed(message: &str, sent: Moment, ended: Moment) -> Delivery {
    delivery(message, sent, ended, Outcome::Failed("after 3 attempts".into()))
}

fn unknown(message: &str, sent: Moment, ended: Moment) -> Delivery {
    delivery(message, sent, ended, Outcome::Unknown("no answer".into()))
}

/// The history after these turns, read at this moment.
fn stored(at: Moment, turns: &[&str]) -> Stored {
    let mut history = Vec::new();
    for turn in turns {
        history.extend([Message::user(*turn), Message::reply_to(turn)]);
        keep_last(&mut history);
    }
    Stored { asked: at, told: at + 1, history }
}

/// Four messages, one after the other, at 10 to 50.
fn four() -> Vec<Delivery> {
    ["a", "b", "c", "d"].into_iter().zip(1..).map(|(name, n)| acknowledged(name, n * 10, n * 10 + 5)).collect()
}

#[track_caller]
fn finds(deliveries: &[Delivery], stored: &[Stored], words: &str) {
    let found = check(deliveries, stored).expect_err("the defect is not found");
    assert!(found.contains(words), "{found}");
}

#[test]
fn what_is_right_is_left_alone() {
    check(
        &four(),
        &[stored(1, &[]), stored(17, &["a"]), stored(37, &["a", "b", "c"]), stored(60, &["a", "b", "c", "d"])],
    )
    .unwrap();
    check(&four(), &[stored(60, &["a", "b", "c", "d"])]).unwrap();
    let open = [unknown("x", 10, 15), failed("y", 20, 25), acknowledged("z", 30, 35)];
    check(&open, &[stored(40, &["z"])]).unwrap();
    check(&open, &[stored(40, &["x", "z"])]).unwrap();
    let side_by_side = [acknowledged("a", 10, 30), acknowledged("b", 11, 29)];
    check(&side_by_side, &[stored(40, &["a", "b"])]).unwrap();
    check(&side_by_side, &[stored(40, &["b", "a"])]).unwrap();
    let again = [failed("a", 10, 15), acknowledged("a", 20, 25), acknowledged("a", 30, 35)];
    check(&again, &[stored(40, &["a"])]).unwrap();
}

#[test]
fn a_save_that_nobody_retried_is_found_by_its_missing_message() {
    finds(&four(), &[stored(60, &["a", "b", "c"])], "\"d\" was acknowledged and is missing");
    finds(&four(), &[stored(60, &["a", "c", "d"])], "\"b\" was acknowledged and is missing");
    finds(&four(), &[stored(60, &[])], "acknowledged and is missing");
    finds(&four(), &[stored(27, &["a", "b"]), stored(60, &["a", "b", "d"])], "\"c\" was acknowledged and is missing");
}

#[test]
fn a_late_write_is_found_when_it_overwrites_and_when_it_adds() {
    finds(&four(), &[stored(50, &["a", "b", "c", "d"]), stored(60, &["a", "b", "c"])], "overwritten by an older one");
    finds(&four(), &[stored(50, &["a", "b", "c", "d"]), stored(60, &["a"])], "messages are missing");
    let mut late = four();
    late.push(unknown("x", 11, 14));
    check(&late, &[stored(27, &["a", "x", "b"])]).unwrap();
    finds(
        &late,
        &[stored(27, &["a", "b"]), stored(37, &["a", "b", "x", "c"])],
        "\"x\" was stored when no call with it was under way",
    );
}

#[test]
fn a_message_without_its_id_is_found_twice() {
    finds(&four(), &[stored(60, &["c", "d", "d"])], "\"d\" is stored twice");
    finds(
        &four(),
        &[stored(50, &["a", "b", "c", "d"]), stored(60, &["b", "c", "d", "a"])],
        "\"a\" was stored when no call",
    );
    let again = [four(), vec![acknowledged("a", 52, 58)]].concat();
    finds(&again, &[stored(17, &["a"]), stored(60, &["b", "c", "d", "a"])], "\"a\" was applied twice");
}

#[test]
fn half_a_turn_and_a_failed_message_and_a_wrong_order_are_found() {
    let mut half = stored(60, &["a", "b"]);
    half.history.pop();
    finds(&four(), &[half], "half a turn");
    let mut foreign = stored(60, &["a", "b"]);
    foreign.history[1] = Message::reply_to("b");
    finds(&four(), &[foreign], "half a turn");
    finds(&[failed("y", 20, 25)], &[stored(40, &["y"])], "told that it failed");
    finds(&[], &[stored(40, &["y"])], "never sent");
    finds(&four(), &[stored(60, &["b", "a"])], "is missing");
    finds(&four()[..2], &[stored(60, &["b", "a"])], "sent when that had been acknowledged");
    let wrong = [delivery("a", 1, 2, Outcome::Acknowledged(Message::reply_to("b")))];
    finds(&wrong, &[], "was answered with");
}

/// What is wrong with a store that is only played.
#[derive(Clone, Copy, PartialEq)]
enum Defect {
    None,
    /// A save fails, is not retried, and its message is acknowledged all the same.
    UnretriedSave,
    /// A save that was given up is held somewhere and carried out later.
    LateWrite,
    /// Ids are not kept: a repeat is applied again.
    MissingId,
}

/// A run of one actor that serves its callers one after the other.
struct Played {
    deliveries: Vec<Delivery>,
    stored: Vec<Stored>,
    /// Whether its defect has shown itself at all.
    struck: bool,
    /// Whether something was lost by it, or is there twice.
    harmed: bool,
}

fn played(defect: Defect, rng: &mut Rng) -> Played {
    let (mut now, mut struck, mut harmed) = (0, false, false);
    let (mut deliveries, mut readings): (Vec<Delivery>, Vec<Stored>) = (Vec::new(), Vec::new());
    let (mut history, mut ids) = (Vec::<Message>::new(), Vec::<String>::new());
    let mut held: Option<(Vec<Message>, Vec<String>)> = None;
    let mut tick = || {
        now += 1;
        now
    };
    for n in 0..40 {
        if rng.u8(0..3) > 0 {
            readings.push(Stored { asked: tick(), told: tick(), history: Clone::clone(&history) });
        }
        if let Some((older, its_ids)) = held.take_if(|_| rng.bool()) {
            struck = true;
            // If nothing was acknowledged meanwhile, nobody has lost anything by it.
            harmed |= deliveries.iter().any(|delivery| {
                let message = Message::user(delivery.message.clone());
                let told = matches!(delivery.outcome, Outcome::Acknowledged(_));
                told && history.contains(&message) && !older.contains(&message)
            });
            // Both are one transaction.
            (history, ids) = (older, its_ids);
        }
        let repeat = deliveries.last().filter(|_| rng.u8(0..4) == 0).map(|last| last.message.clone());
        let message = repeat.unwrap_or_else(|| format!("message {n}"));
        let sent = tick();
        let mut after = history.clone();
        after.extend([Message::user(message.clone()), Message::reply_to(&message)]);
        keep_last(&mut after);
        let acknowledged = Outcome::Acknowledged(Message::reply_to(&message));
        let repeated = ids.contains(&message);
        let outcome = match rng.u8(0..6) {
            0 => Outcome::Failed("the load failed".into()),
            _ if repeated && defect != Defect::MissingId => acknowledged,
            1 if defect == Defect::UnretriedSave => {
                (struck, harmed) = (true, true);
                acknowledged
            }
            1 if defect == Defect::LateWrite => {
                held = Some((after, [&ids[..], std::slice::from_ref(&message)].concat()));
                Outcome::Unknown("the save was given up".into())
            }
            2 => Outcome::Unknown("the process died before the save".into()),
            kind => {
                harmed |= defect == Defect::MissingId && repeated;
                struck |= harmed;
                history = after;
                ids.push(message.clone());
                if kind == 3 { Outcome::Unknown("the process died after the save".into()) } else { acknowledged }
            }
        };
        deliveries.push(Delivery { message, sent, ended: tick(), outcome });
    }
    readings.push(Stored { asked: tick(), told: tick(), history });
    Played { deliveries, stored: readings, struck, harmed }
}

#[test]
fn a_played_store_is_left_alone_and_each_of_its_defects_is_found() {
    for (defect, least) in
        [(Defect::None, 0), (Defect::UnretriedSave, 90), (Defect::LateWrite, 90), (Defect::MissingId, 90)]
    {
        let (mut harmed, mut found) = (0, 0);
        for seed in 0..400 {
            let played = played(defect, &mut Rng::with_seed(seed));
            let result = check(&played.deliveries, &played.stored);
            assert!(played.struck || result.is_ok(), "seed {seed}: {result:?}");
            harmed += usize::from(played.harmed);
            found += usize::from(played.harmed && result.is_err());
        }
        assert!(defect == Defect::None || harmed > 200, "the defect hardly ever did harm");
        assert!(found * 100 >= harmed * least, "found {found} of {harmed}");
    }
}

//! Messages, and what their callers were told.

use std::{sync::Arc, time::Duration};

use fastrand::Rng;
use model::actor_id::ActorId;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::time::sleep;

use super::shared::Shared;
use crate::model::{Delivery, Outcome};

/// Sends one message after the other, some twice, and again what did not arrive.
pub(super) async fn speak(shared: Arc<Shared>, actor: ActorId, speaker: usize, mut rng: Rng) {
    for n in 0.. {
        if shared.over() {
            return;
        }
        let busy = shared.quiet[&actor].read().await;
        let message = format!("{actor}-{speaker}-{n}");
        let mut arrived = if rng.u8(0..8) == 0 {
            let (one, other) = tokio::join!(deliver(&shared, &actor, &message), deliver(&shared, &actor, &message));
            one || other
        } else {
            deliver(&shared, &actor, &message).await
        };
        // What did not arrive is mostly sent again, and what did now and then.
        for _ in 0..3 {
            if rng.u8(0..10) < if arrived { 1 } else { 7 } {
                shared.serves().await;
                arrived |= deliver(&shared, &actor, &message).await;
            }
        }
        drop(busy);
        sleep(Duration::from_millis(rng.u64(0..40))).await;
    }
}

/// One call, and what came of it. Whether it was acknowledged.
pub(super) async fn deliver(shared: &Shared, actor: &ActorId, message: &str) -> bool {
    shared.serves().await;
    let sent = shared.now();
    let answer = shared.door.say(actor, message).await;
    let outcome = match answer {
        Ok((StatusCode::OK, mut body)) => {
            Outcome::Acknowledged(serde_json::from_value(body["response"].take()).unwrap())
        }
        Ok((status, body)) => refused(status, &body),
        Err(error) if error.is_connect() => Outcome::Failed("nobody was there".into()),
        Err(error) => {
            assert!(!error.is_timeout(), "no answer to {message:?} within a minute");
            Outcome::Unknown(error.to_string())
        }
    };
    let arrived = matches!(outcome, Outcome::Acknowledged(_));
    let ended = shared.now();
    shared.log(actor, |log| log.deliveries.push(Delivery { message: message.to_owned(), sent, ended, outcome }));
    arrived
}

/// What an error says about the message: only some say that nothing was stored.
fn refused(status: StatusCode, body: &Value) -> Outcome {
    let words = body["error"].to_string();
    match body["error"]["code"].as_str() {
        Some("retries_exhausted" | "turn_failed") => Outcome::Failed(words),
        Some("outcome_unknown" | "sidecar_unreachable" | "store_unreachable") => Outcome::Unknown(words),
        _ => panic!("a message is answered with {status}: {body}"),
    }
}

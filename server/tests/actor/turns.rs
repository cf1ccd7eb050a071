//! One turn at a time, each to its end.

use model::{
    message::{Message, MessageId},
    operation::Operation,
    timeline::{Outcome, Step, turns},
};
use tempfile::TempDir;

use crate::support::{Bench, both, user1};

/// The numbers of the turns in the order in which they started, each ended before the next.
fn one_after_the_other(bench: &Bench) -> Vec<u64> {
    let mut started = Vec::new();
    let mut running = None;
    for event in bench.events() {
        match event.step {
            Step::TurnStarted { turn, .. } => {
                assert_eq!(running, None, "turn {turn} began inside another");
                running = Some(turn);
                started.push(turn);
            }
            Step::TurnCompleted { turn, .. } | Step::TurnFailed { turn, .. } => {
                assert_eq!(running.take(), Some(turn));
            }
            _ => {}
        }
    }
    started
}

#[tokio::test]
async fn two_messages_at_once_take_turns_and_are_both_stored() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    let first = async { bench.send("first").await.unwrap() };
    let second = async {
        bench.until(|step| matches!(step, Step::RetryScheduled { .. })).await;
        bench.send("second").await.unwrap()
    };
    let replies = tokio::join!(first, second);
    assert_eq!(replies, (Message::reply_to("first"), Message::reply_to("second")));
    assert_eq!(one_after_the_other(&bench), [1, 2]);
    let queued = bench.until(|step| matches!(step, Step::TurnQueued { turn: 2, .. })).await;
    let ended = bench.until(|step| matches!(step, Step::TurnCompleted { turn: 1, .. })).await;
    assert!(queued.seq < ended.seq, "the second waited while the first had its turn");
    assert_eq!(bench.history().await, [both("first"), both("second")].concat()[..4]);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_messages_at_once_all_get_their_turn() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    let contents = ["a", "b", "c", "d", "e"];
    let sent = futures::future::join_all(contents.iter().map(|content| bench.send(content))).await;
    assert_eq!(sent.into_iter().map(Result::unwrap).collect::<Vec<_>>(), contents.map(Message::reply_to));
    assert_eq!(one_after_the_other(&bench).len(), 5);
    let stored: Vec<String> = bench
        .events()
        .iter()
        .filter_map(|event| match &event.step {
            Step::ReplyReady { content, .. } => Some(content.clone()),
            _ => None,
        })
        .collect();
    let mut expected: Vec<Message> = stored.iter().flat_map(|content| both(content)).collect();
    model::message::keep_last(&mut expected);
    assert_eq!(bench.history().await, expected);
    bench.stop().await;
}

#[tokio::test]
async fn a_turn_whose_caller_is_gone_runs_to_its_end() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    let backend = bench.backend();
    let caller = tokio::spawn(async move {
        let id = MessageId::try_from("id".to_owned()).unwrap();
        backend.send_message(&user1(), "left behind".into(), id).await
    });
    bench.until(|step| matches!(step, Step::RetryScheduled { .. })).await;
    caller.abort();
    bench.until(|step| matches!(step, Step::TurnCompleted { .. })).await;
    assert_eq!(bench.history().await, both("left behind"));
    bench.stop().await;
}

#[tokio::test]
async fn a_turn_whose_connection_is_cut_runs_to_its_end() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    // Straight at the app channel, as a sidecar that goes away in mid-turn.
    let call = tokio::spawn({
        let url = format!("http://{}/actors/ChatAgent/user1/method/ProcessMessage", bench.app);
        let token = crate::support::APP_TOKEN;
        let body = r#"{"role":"user","content":"cut"}"#;
        // Without the sidecar's own call the actor is not in its memory, and could not save.
        bench.history().await;
        async move { reqwest::Client::new().put(url).header("dapr-api-token", token).body(body).send().await }
    });
    bench.until(|step| matches!(step, Step::RetryScheduled { .. })).await;
    call.abort();
    bench.until(|step| matches!(step, Step::ReplyReady { .. })).await;
    assert_eq!(bench.history().await, both("cut"));
    bench.stop().await;
}

#[tokio::test]
async fn the_switch_can_be_thrown_while_a_retry_waits() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start_with(data.path(), |settings| settings.policy.delay_ms = 300, Default::default()).await;
    bench.switch(Operation::Load, 5);
    let ended = async {
        bench.until(|step| matches!(step, Step::RetryScheduled { .. })).await;
        bench.switch_off();
    };
    let (sent, ()) = tokio::join!(bench.send("through"), ended);
    assert_eq!(sent.unwrap(), Message::reply_to("through"));
    bench.stop().await;
}

#[tokio::test]
async fn other_actors_do_not_wait() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start_with(data.path(), |settings| settings.policy.delay_ms = 60_000, Default::default()).await;
    let backend = bench.backend();
    let waiting = tokio::spawn(async move {
        let id = MessageId::try_from("id".to_owned()).unwrap();
        backend.send_message(&user1(), "waits".into(), id).await
    });
    let other = "user2".parse().unwrap();
    bench.backend().set_fault(&other, model::fault::FaultSetting::OFF).unwrap();
    bench.until(|step| matches!(step, Step::TurnStarted { .. })).await;
    let id = MessageId::try_from("id".to_owned()).unwrap();
    bench.backend().send_message(&other, "at once".into(), id).await.unwrap();
    // The delay would outlast the turn's 45 s, so the turn ended instead of waiting.
    let error = waiting.await.unwrap().unwrap_err();
    assert!(error.message.contains("the turn's 45 s were over"), "{error}");
    assert!(matches!(turns(&bench.events())[0].outcome, Outcome::Failed { .. }));
    bench.stop().await;
}

#[tokio::test]
async fn a_call_that_no_sidecar_takes_fails_its_queued_turn() {
    let data = TempDir::new().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nowhere = format!("http://{free}");
    let bench = Bench::start_with(data.path(), |settings| settings.dapr_endpoint = nowhere, Default::default()).await;
    let error = bench.send("nobody").await.unwrap_err();
    assert_eq!(error.code, model::error::ErrorCode::SidecarUnreachable);
    let turn = &turns(&bench.events())[0];
    assert_eq!(turn.outcome, Outcome::Failed { took_us: 0, error });
    bench.stop().await;
}

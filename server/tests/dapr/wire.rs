//! The wire to Redis failing on purpose under a real daprd.

use std::time::Duration;

use model::{
    fault::HitEnd,
    operation::{Cause, Layer, Operation},
    timeline::{Attempt, AttemptState, Step, turns},
    wire::CallOutcome,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::{
    outages::{history, waits},
    rig::Rig,
};

const ON_PURPOSE: Cause = Cause { simulated: true, layer: Layer::Wire };

/// Sends a message whose first load fails as in the lesson, with the wire failing from then on until its second
/// attempt has failed too; what that attempt was, once the message has arrived.
async fn outage(rig: &Rig, fault: Value) -> Attempt {
    let sent = tokio::spawn(rig.saying("user1", "Hi", "id-1"));
    rig.until("user1", waits(1, Operation::Load)).await;
    rig.wire(fault).await;
    let failed = rig.until("user1", |step| matches!(step, Step::AttemptFailed { attempt: 2, .. })).await;
    let Step::AttemptFailed { cause, error, .. } = failed.step else { unreachable!() };
    assert_eq!(cause, ON_PURPOSE, "{error}");
    rig.wire(Value::Null).await;
    let answer = sent.await.unwrap().unwrap();
    assert_eq!(answer.status, StatusCode::OK, "the message arrives within the attempts: {answer:?}");
    assert_eq!(rig.history("user1").await, history(&["Hi"]));
    let turn = turns(&rig.events("user1").await).remove(0);
    turn.attempts.into_iter().find(|a| a.operation == Operation::Load && a.attempt == 2).unwrap()
}

#[tokio::test]
async fn a_wire_that_refuses_is_a_redis_that_does_not_run() {
    let Some(rig) = Rig::start().await else { return };
    outage(&rig, json!({"kind": "refuse"})).await;
    let log = rig.log("user1").await;
    let has = |words: &str| log.iter().any(|line| line.contains(words));
    assert!(has("Retry 2 for history load: error getting actor state: dial tcp"), "{log:#?}");
    assert!(has("connect: connection refused"), "{log:#?}");
    assert!(has("The wire to Redis refuses on purpose") && has("The wire to Redis works"), "{log:#?}");
    let (_, status) = rig.get("/api/wire").await;
    assert_eq!(status["fault"], Value::Null);
}

#[tokio::test]
async fn a_wire_that_cuts_shows_every_try_of_daprd_s_redis_client() {
    let Some(rig) = Rig::start().await else { return };
    let attempt = outage(&rig, json!({"kind": "cut"})).await;
    let tries = |command: &str| {
        let of = |call: &model::wire::SeenCall| call.command == command && call.keys == ["history-user1"];
        let calls = attempt.calls.iter().map(|seen| &seen.call).filter(|call| of(call));
        calls.map(|call| call.outcome.clone()).collect::<Vec<_>>()
    };
    // Once and three retries, as a hash and then as a plain value: daprd's log tells of none of them.
    assert_eq!(tries("HGETALL"), [const { CallOutcome::NoAnswer }; 4]);
    assert_eq!(tries("GET"), [const { CallOutcome::NoAnswer }; 4]);
}

#[tokio::test]
async fn a_write_that_the_wire_held_never_arrives_late() {
    let Some(rig) = Rig::start().await else { return };
    rig.switch_off("user1").await;
    assert_eq!(rig.say("user1", "before").await.status, StatusCode::OK);
    rig.set_fault("user1", "save").await;
    let sent = tokio::spawn(rig.saying("user1", "held", "id-held"));
    rig.until("user1", waits(2, Operation::Save)).await;
    rig.wire(json!({"kind": "stall"})).await;
    let answer = sent.await.unwrap().unwrap();
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.body["error"]["code"], "outcome_unknown", "{answer:?}");
    assert!(answer.text().contains("Send the same message again"), "{answer:?}");

    rig.wire(Value::Null).await;
    for content in ["one", "two", "three"] {
        rig.comes_back("user1", content).await;
    }
    assert_eq!(rig.history("user1").await, history(&["before", "one", "two", "three"]));
    let events = rig.events("user1").await;
    let writes: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.step {
            Step::StoreCall { turn, call, .. } if call.command.starts_with("MULTI") => Some((*turn, call.ok())),
            _ => None,
        })
        .collect();
    assert!(writes.contains(&(Some(2), false)), "the held write was seen: {writes:?}");
    assert!(!writes.iter().any(|(turn, ok)| *ok && turn.is_none_or(|turn| turn == 2)), "it never arrived: {writes:?}");

    for _ in 0..2 {
        assert_eq!(rig.saying("user1", "held", "id-held").await.unwrap().status, StatusCode::OK);
    }
    assert_eq!(rig.history("user1").await, history(&["one", "two", "three", "held"]));
}

#[tokio::test]
async fn a_read_that_the_wire_holds_up_is_laid_to_the_store_and_not_to_the_sidecar() {
    let Some(rig) = Rig::start().await else { return };
    rig.say("user1", "Hi").await;
    rig.wire(json!({"kind": "stall"})).await;
    let (_, panels) = rig.get("/api/lab/user1").await;
    let error = &panels["history"]["Err"];
    assert_eq!(error["code"], "store_unreachable", "{error}");
    assert!(error["message"].as_str().unwrap().contains("sidecar answers, but its state store"), "{error}");
}

#[tokio::test]
async fn a_delayed_wire_makes_each_call_slower_by_that() {
    let Some(rig) = Rig::start().await else { return };
    rig.switch_off("user1").await;
    rig.wire(json!({"kind": "delay", "ms": 300})).await;
    let answer = rig.say("user1", "Hi").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.took >= Duration::from_millis(600), "a load and a save: {:?}", answer.took);
    let turn = turns(&rig.events("user1").await).remove(0);
    let calls: Vec<_> = turn.attempts.iter().flat_map(|attempt| &attempt.calls).collect();
    assert_eq!(calls.len(), 3, "two reads and a transaction: {calls:#?}");
    assert!(calls.iter().all(|seen| seen.call.ok() && seen.call.took_us >= 300_000), "{calls:#?}");
}

#[tokio::test]
async fn a_wire_that_outlasts_the_patience_of_daprd_s_redis_client_is_one_that_stalls() {
    let Some(rig) = Rig::start().await else { return };
    let put = async |path: &str, setting: Value| {
        let answer = rig.client.put(rig.url(path)).json(&setting).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
    };
    assert_eq!(rig.say("user1", "before").await.status, StatusCode::OK);
    put("/api/lab/user1/policy", json!({"attempts": 1})).await;
    put("/api/lab/user1/fault", json!({"on": true, "plan": [{"kind": "delay", "ms": 3_000, "layer": "wire"}]})).await;
    let (_, prediction) = rig.get("/api/lab/user1/prediction").await;
    assert_eq!(prediction["sentence"], "The only load attempt hangs, in 6.8 s. Nothing is stored.", "{prediction}");
    let answer = rig.say("user1", "late").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    let turn = turns(&rig.events("user1").await).pop().unwrap();
    let AttemptState::Failed { cause, .. } = &turn.attempts[0].state else { panic!("{turn:#?}") };
    assert_eq!(*cause, ON_PURPOSE);

    // Taken back by a reset, which goes through the wire itself.
    let reset = rig.client.post(rig.url("/api/lab/user1/reset")).send().await.unwrap();
    assert_eq!(reset.status(), StatusCode::NO_CONTENT, "{}", reset.text().await.unwrap());
    assert_eq!(rig.get("/api/wire").await.1["fault"], Value::Null);
    assert_eq!(rig.history("user1").await, history(&[]));
}

#[tokio::test]
async fn a_plan_with_a_fault_on_the_wire_breaks_redis_and_without_it_redis_is_back() {
    let Some(rig) = Rig::start().await else { return };
    let url = rig.url("/api/lab/user1/fault");
    let set = async |setting: Value| {
        let answer = rig.client.put(&url).json(&setting).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
    };
    let break_it = || json!({"on": true, "plan": [{"kind": "refuse", "layer": "wire"}]});
    rig.switch_off("user1").await;
    assert_eq!(rig.say("user1", "before").await.status, StatusCode::OK);
    set(break_it()).await;
    let (_, prediction) = rig.get("/api/lab/user1/prediction").await;
    let foretold = (&prediction["outcome"], &prediction["messages"], prediction["steps"].as_array().map(Vec::len));
    assert_eq!(
        foretold,
        (&json!("not_stored"), &json!(2), Some(5)),
        "nothing can be read, and enough is known: {prediction}"
    );

    // Broken for good: every attempt fails, and nothing is stored.
    let lost = rig.say("user1", "lost").await;
    assert_eq!(
        (lost.status, &lost.body["error"]["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("retries_exhausted"))
    );
    assert_eq!(rig.say("user2", "lost too").await.status, StatusCode::SERVICE_UNAVAILABLE, "every actor has lost it");
    let (_, fault) = rig.get("/api/lab/user1/fault").await;
    assert_eq!(fault["counts"], json!([{"left": null, "met": 3}]), "{fault}");
    let fired = rig.events("user1").await.into_iter().filter_map(|event| match event.step {
        Step::FaultFired { hit, .. } => hit.end,
        _ => None,
    });
    let on_the_wire = HitEnd { layer: Layer::Wire, hangs: false };
    assert_eq!(fired.collect::<Vec<_>>(), [on_the_wire; 3]);
    set(json!({"on": false})).await;
    rig.comes_back("user1", "after").await;
    assert_eq!(rig.history("user1").await, history(&["before", "after"]));

    // And mended while a message waits: it arrives.
    set(break_it()).await;
    let told = turns(&rig.events("user1").await).len();
    let sent = tokio::spawn(rig.saying("user1", "through", "id-through"));
    let waits = |step: &Step| matches!(step, Step::RetryScheduled { turn, .. } if *turn > told as u64);
    let waited = rig.until("user1", waits).await;
    set(json!({"on": true, "plan": [{"operation": "publish"}]})).await;
    let answer = sent.await.unwrap().unwrap();
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(rig.history("user1").await, history(&["before", "after", "through"]));
    let turns = turns(&rig.events("user1").await);
    let turn = turns.into_iter().find(|turn| Some(turn.number) == waited.step.turn()).unwrap();
    let AttemptState::Failed { cause, .. } = turn.attempts[0].state else { panic!("{turn:#?}") };
    assert_eq!(cause, ON_PURPOSE);
}

#[tokio::test]
async fn without_script_the_wire_is_a_form_of_the_page() {
    let Some(rig) = Rig::start().await else { return };
    rig.say("user1", "Hi").await;
    let page = async || rig.client.get(rig.url("/")).send().await.unwrap().text().await.unwrap();
    assert!(page().await.contains(r#"action="/api/set_wire""#));
    let post = |word: &str| {
        let form =
            rig.client.post(rig.url("/api/set_wire")).header("content-type", "application/x-www-form-urlencoded");
        form.header("accept", "text/html").header("referer", rig.url("/")).body(format!("wire={word}")).send()
    };
    let answer = post("stall").await.unwrap();
    assert_eq!((answer.status(), answer.url().path()), (StatusCode::OK, "/"), "back on the page");
    assert!(page().await.contains("breaker wire on"));
    let (_, status) = rig.get("/api/wire").await;
    assert_eq!(status["fault"]["kind"], "stall");
    rig.until("user1", |step| matches!(step, Step::WireChanged { wire: Some(_) })).await;
    post("works").await.unwrap();
    assert!(!page().await.contains("breaker wire on"));
}

#[tokio::test]
async fn a_wire_needs_a_redis_and_a_dapr_sidecar() {
    let dir = TempDir::new().unwrap();
    let complaint = async |flags: &[&str], port: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_faultlab"));
        command.args(["--addr", "127.0.0.1:0", "--app-addr", "127.0.0.1:0", "--wire", "127.0.0.1:0", "--data"]);
        command.arg(dir.path()).args(flags).env_remove("DAPR_GRPC_PORT").kill_on_drop(true);
        if let Some(port) = port {
            command.env("DAPR_GRPC_PORT", port);
        }
        let output = command.output().await.unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(complaint(&[], Some("1")).await.contains("--store redis://HOST:PORT"));
    assert!(complaint(&["--store", "sqlite:x.db"], Some("1")).await.contains("--store redis://HOST:PORT"));
    assert!(complaint(&["--store", "redis://127.0.0.1:1"], None).await.contains("DAPR_GRPC_PORT"));
}

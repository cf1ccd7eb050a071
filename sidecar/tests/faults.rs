//! Failures on purpose, in front of the stores and the brokers.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::time::Duration;

use dapr::dapr::proto::runtime::v1::{GetStateRequest, PublishEventRequest, SaveStateRequest};
use http::StatusCode;
use sidecar::faults::{Fault, FaultRule, Faults, Gate};
use sidecar::observation::{EventKind, Events, Outcome, channel};
use support::{App, DEADLINE, Lab, PUBSUB, STORE, TYPE, upsert};
use tonic::Code;

/// A lab whose actors `a` and `b` are active.
async fn struck() -> (Lab, Faults, Events) {
    let (faults, (sender, events)) = (Faults::new(), channel(10_000));
    let plan = faults.plan();
    let lab = Lab::with(App::echo(), &[STORE, PUBSUB], move |config| {
        config.ports.faults = Some(plan);
        config.ports.observers.push(sender);
    })
    .await;
    lab.invoke("a", "Do", "").await.unwrap();
    lab.invoke("b", "Do", "").await.unwrap();
    (lab, faults, events)
}

/// How the next call ended to which something was done on purpose, and what was done.
async fn next_struck(events: &mut Events) -> (Outcome, &'static str) {
    let struck = events.find(|event| match &event.kind {
        EventKind::StateCallEnded { outcome, fault: Some(fault), .. }
        | EventKind::PublishEnded { outcome, fault: Some(fault), .. } => Some((outcome.clone(), fault.action)),
        _ => None,
    });
    tokio::time::timeout(DEADLINE, struck).await.expect("told").unwrap()
}

#[tokio::test]
async fn the_writes_of_one_actor_fail_as_often_as_was_said_and_those_of_no_other() {
    let (lab, faults, mut events) = struck().await;
    faults.add(FaultRule::writes().of_actor(TYPE, "a").times(2), Fault::fail("the disk is full"));
    let write = |id: &'static str| lab.change_state(id, vec![upsert("k", "v")]);
    for _ in 0..2 {
        let error = write("a").await.unwrap_err();
        assert_eq!(error.message(), "error saving actor transaction state: the disk is full");
        write("b").await.unwrap();
        assert_eq!(next_struck(&mut events).await, (Outcome::Failed("the disk is full".into()), "fail"));
    }
    assert_eq!(lab.get_state("a", "k").await.unwrap(), b"", "it never reached the store");
    write("a").await.unwrap();
    assert_eq!(lab.get_state("a", "k").await.unwrap(), b"v");
}

#[tokio::test]
async fn a_read_that_hangs_ends_with_its_caller_and_one_that_is_held_when_it_is_let_go() {
    let (lab, faults, mut events) = struck().await;
    let hang = faults.add(FaultRule::reads().of_actor(TYPE, "a").of_keys("k"), Fault::hang());
    assert_eq!(lab.get_state("a", "other").await.unwrap(), b"");
    let mut hanging = tokio::spawn({
        let mut client = lab.grpc.clone();
        async move {
            let (actor_type, actor_id, key) = (TYPE.into(), "a".into(), "k".into());
            client
                .get_actor_state(dapr::dapr::proto::runtime::v1::GetActorStateRequest { actor_type, actor_id, key })
                .await
        }
    });
    let begun = events.find(|event| matches!(event.kind, EventKind::FaultInjected { .. }).then_some(()));
    tokio::time::timeout(DEADLINE, begun).await.unwrap().unwrap();
    assert!(futures::poll!(&mut hanging).is_pending());
    hanging.abort();
    assert_eq!(next_struck(&mut events).await, (Outcome::CallerLeft, "hang"));
    faults.remove(hang);

    let gate = Gate::closed();
    faults.add(FaultRule::reads().of_actor(TYPE, "a").times(1), Fault::hold(&gate));
    let (read, ()) = tokio::join!(lab.get_state("a", "k"), async {
        let begun = events.find(|event| matches!(event.kind, EventKind::FaultInjected { .. }).then_some(()));
        tokio::time::timeout(DEADLINE, begun).await.unwrap().unwrap();
        gate.open();
    });
    assert_eq!(read.unwrap(), b"");
    assert_eq!(next_struck(&mut events).await, (Outcome::Succeeded, "hold"));
}

#[tokio::test]
async fn a_call_that_is_cut_ends_without_an_answer_and_the_next_one_has_one() {
    let (lab, faults, mut events) = struck().await;
    faults.add(FaultRule::writes().of_actor(TYPE, "a").times(2), Fault::cut());
    let url = lab.url(&format!("/v1.0/actors/{TYPE}/a/state"));
    let write = || lab.http.put(&url).body(r#"[{"operation":"upsert","request":{"key":"k","value":1}}]"#).send();
    assert!(write().await.unwrap_err().is_request());
    assert_eq!(next_struck(&mut events).await.1, "cut");
    let error = lab.change_state("a", vec![upsert("k", "v")]).await.unwrap_err();
    assert!(error.message().contains("h2") || error.code() != Code::Ok, "{error:?}");
    assert!(!error.message().contains("error saving"), "no answer of the sidecar: {error:?}");
    assert_eq!(write().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(lab.get_state("a", "k").await.unwrap(), b"1");
}

#[tokio::test]
async fn what_is_published_and_the_apps_own_state_fail_too() {
    let (lab, faults, mut events) = struck().await;
    faults.add(FaultRule::publishes().to_topic("lost").times(1), Fault::fail("no broker").named("lost event"));
    let mut client = lab.grpc.clone();
    let event = |topic: &str| PublishEventRequest {
        pubsub_name: "bus".into(),
        topic: topic.into(),
        data: b"1".to_vec(),
        ..Default::default()
    };
    client.publish_event(event("other")).await.unwrap();
    let error = client.publish_event(event("lost")).await.unwrap_err();
    assert!(error.message().contains("no broker"), "{error:?}");
    assert_eq!(next_struck(&mut events).await, (Outcome::Failed("no broker".into()), "fail"));
    client.publish_event(event("lost")).await.unwrap();

    let slow = Duration::from_millis(50);
    faults.add(FaultRule::writes().times(1), Fault::fail("full").after(slow));
    let save = |value: &str| {
        let item = dapr::dapr::proto::common::v1::StateItem {
            key: "k".into(),
            value: value.as_bytes().to_vec(),
            ..Default::default()
        };
        SaveStateRequest { store_name: "statestore".into(), states: vec![item] }
    };
    let began = std::time::Instant::now();
    let error = client.save_state(save("1")).await.unwrap_err();
    assert!(error.message().contains("full") && began.elapsed() >= slow, "{error:?}");
    assert_eq!(next_struck(&mut events).await, (Outcome::Failed("full".into()), "fail"));
    client.save_state(save("2")).await.unwrap();
    let get = GetStateRequest { store_name: "statestore".into(), key: "k".into(), ..Default::default() };
    assert_eq!(client.get_state(get).await.unwrap().into_inner().data, b"2");
}

#[tokio::test]
async fn a_reminder_that_cannot_be_written_is_not_registered() {
    let (lab, faults, _events) = struck().await;
    faults.add(FaultRule::reminders().of_actor(TYPE, "a").times(1), Fault::fail("no room"));
    let url = lab.url(&format!("/v1.0/actors/{TYPE}/a/reminders/r"));
    let register = || lab.http.post(&url).body(r#"{"dueTime":"1h"}"#).send();
    let refused = register().await.unwrap();
    assert_eq!(refused.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(refused.text().await.unwrap().contains("no room"));
    assert_eq!(register().await.unwrap().status(), StatusCode::NO_CONTENT);
}

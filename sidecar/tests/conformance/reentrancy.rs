//! Calls that come back to the actor that they come from (facts §2.4).

use std::collections::HashMap;

use dapr::dapr::proto::runtime::v1::InvokeActorRequest;
use http::{Method, StatusCode};
use serde_json::json;
use tokio::task::JoinHandle;
use tonic::{Code, Status};

use crate::runtime::{Lab, Runtime};
use crate::support::{App, Gate, Seen, TYPE, gated, pass_by};

behaviours![
    without_reentrancy_no_call_has_an_id_and_a_call_that_comes_back_waits,
    a_call_that_comes_back_over_either_api_goes_in_and_others_wait_for_the_whole_chain,
    a_chain_may_come_back_by_way_of_another_actor,
    a_chain_that_comes_back_too_often_is_refused,
    a_type_may_have_reentrancy_that_the_others_have_not,
];

const HEADER: &str = "dapr-reentrancy-id";

fn with_config(mut app: App, config: &serde_json::Value) -> App {
    app.config = config.to_string();
    app
}

/// An app with reentrancy whose methods wait at a gate.
fn reentrant(gate: &Gate, depth: Option<u32>) -> App {
    let reentrancy = json!({"enabled": true, "maxStackDepth": depth});
    with_config(gated(gate), &json!({"entities": [TYPE, "Other"], "reentrancy": reentrancy}))
}

/// A call of the method `Do`, in a task of its own.
fn call(lab: &Lab, kind: &str, id: &str, chain: &str) -> JoinHandle<Result<(), Status>> {
    let request = InvokeActorRequest {
        actor_type: kind.into(),
        actor_id: id.into(),
        method: "Do".into(),
        data: chain.as_bytes().to_vec(),
        metadata: HashMap::from([("Dapr-Reentrancy-Id".to_owned(), chain.to_owned())]),
    };
    let mut client = lab.grpc.clone();
    tokio::spawn(async move { client.invoke_actor(request).await.map(|_| ()) })
}

async fn calls(lab: &Lab, count: usize) -> Vec<Seen> {
    lab.app.wait(count, |seen| seen.method == Method::PUT).await
}

/// The id of the chain that a first call has begun.
async fn begin(lab: &Lab) -> (JoinHandle<Result<Vec<u8>, Status>>, String) {
    let first = lab.spawn("a", "first");
    let seen = calls(lab, 1).await.remove(0);
    (first, seen.header(HEADER).unwrap().to_owned())
}

pub async fn without_reentrancy_no_call_has_an_id_and_a_call_that_comes_back_waits(runtime: Runtime) {
    let gate = Gate::closed();
    let lab = runtime.start(gated(&gate)).await;
    let first = lab.spawn("a", "first");
    assert_eq!(calls(&lab, 1).await[0].header(HEADER), None);
    let second = call(&lab, TYPE, "a", "x");
    pass_by(&lab.grpc).await;
    assert_eq!(lab.app.matching(|seen| seen.method == Method::PUT).len(), 1);
    gate.open(2);
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
}

pub async fn a_call_that_comes_back_over_either_api_goes_in_and_others_wait_for_the_whole_chain(runtime: Runtime) {
    let gate = Gate::closed();
    let lab = runtime.start(reentrant(&gate, None)).await;
    let (first, id) = begin(&lab).await;
    let stranger = call(&lab, TYPE, "a", "stranger");
    pass_by(&lab.grpc).await;
    let back = call(&lab, TYPE, "a", &id);
    assert_eq!(calls(&lab, 2).await[1].header(HEADER), Some(id.as_str()));
    let url = lab.url("/v1.0/actors/Counter/a/method/Do");
    let again = tokio::spawn(lab.http.put(url).header("Dapr-Reentrancy-Id", &id).send());
    assert_eq!(calls(&lab, 3).await[2].header(HEADER), Some(id.as_str()));

    gate.open(3);
    first.await.unwrap().unwrap();
    back.await.unwrap().unwrap();
    assert_eq!(again.await.unwrap().unwrap().status(), StatusCode::OK);
    assert_eq!(calls(&lab, 4).await[3].header(HEADER), Some("stranger"));
    gate.open(1);
    stranger.await.unwrap().unwrap();
}

pub async fn a_chain_may_come_back_by_way_of_another_actor(runtime: Runtime) {
    let gate = Gate::closed();
    let lab = runtime.start(reentrant(&gate, None)).await;
    let (first, id) = begin(&lab).await;
    let other = call(&lab, "Other", "b", &id);
    assert_eq!(calls(&lab, 2).await[1].path, "/actors/Other/b/method/Do");
    let back = call(&lab, TYPE, "a", &id);
    calls(&lab, 3).await;
    gate.open(3);
    first.await.unwrap().unwrap();
    other.await.unwrap().unwrap();
    back.await.unwrap().unwrap();
}

pub async fn a_chain_that_comes_back_too_often_is_refused(runtime: Runtime) {
    for (depth, most) in [(None, 32), (Some(3), 3)] {
        let gate = Gate::closed();
        let lab = runtime.start(reentrant(&gate, depth)).await;
        let (first, id) = begin(&lab).await;
        let inside: Vec<_> = (1..most).map(|_| call(&lab, TYPE, "a", &id)).collect();
        calls(&lab, most).await;
        let error = call(&lab, TYPE, "a", &id).await.unwrap().unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::ResourceExhausted, "maximum stack depth exceeded"));
        let url = lab.url("/v1.0/actors/Counter/a/method/Do");
        let answer = lab.http.put(url).header("Dapr-Reentrancy-Id", &id).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(body["errorCode"], "ERR_ACTOR_STACK_DEPTH");
        gate.open(most);
        first.await.unwrap().unwrap();
        for call in inside {
            call.await.unwrap().unwrap();
        }
    }
}

pub async fn a_type_may_have_reentrancy_that_the_others_have_not(runtime: Runtime) {
    let own = json!([{"entities": ["Other"], "reentrancy": {"enabled": true}, "actorIdleTimeout": "300ms"}]);
    let lab =
        runtime.start(with_config(App::echo(), &json!({"entities": [TYPE, "Other"], "entitiesConfig": own}))).await;
    lab.invoke("a", "Do", "x").await.unwrap();
    crate::support::invoke(lab.grpc.clone(), "Other", "b", "Do", "x").await.unwrap();
    let seen = calls(&lab, 2).await;
    assert_eq!(seen[0].header(HEADER), None);
    assert!(seen[1].header(HEADER).is_some());
    // So has its idle time: the other type's is an hour, and its actor was called first.
    lab.app.wait(1, |seen| seen.is("DELETE", "/actors/Other/b")).await;
    assert!(lab.app.matching(|seen| seen.is("DELETE", "/actors/Counter/a")).is_empty());
}

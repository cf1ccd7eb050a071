//! One turn of an actor at a time, in arrival order (facts §2.4, checklist 22–28).
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::response::IntoResponse;
use dapr::dapr::proto::runtime::v1::InvokeActorRequest;
use http::Method;
use support::{App, Gate, Lab, TYPE, gated, invoke, pass_by};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

type Call = JoinHandle<Result<Vec<u8>, tonic::Status>>;

fn spawn(lab: &Lab, id: &str, body: &str) -> Call {
    let (client, id, body) = (lab.grpc.clone(), id.to_owned(), body.to_owned());
    tokio::spawn(async move { invoke(client, TYPE, &id, "Do", &body).await })
}

#[tokio::test]
async fn many_callers_never_meet_in_one_actor() {
    let inside = Arc::new(AtomicUsize::new(0));
    let met = Arc::new(AtomicUsize::new(0));
    let (inside_app, met_app) = (Arc::clone(&inside), Arc::clone(&met));
    let app = App::answering(move |seen| {
        let (inside, met) = (Arc::clone(&inside_app), Arc::clone(&met_app));
        async move {
            if seen.method == Method::PUT {
                met.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                inside.fetch_sub(1, Ordering::SeqCst);
            }
            seen.body.into_response()
        }
    })
    // Deactivations mix with the calls.
    .idle("1ms");
    let lab = Lab::start(app).await;
    for _ in 0..20 {
        let calls: Vec<_> = (0..10).map(|n| spawn(&lab, "a", &n.to_string())).collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(met.load(Ordering::SeqCst), 1);
    assert!(!lab.app.matching(|seen| seen.method == Method::DELETE).is_empty());
}

#[tokio::test]
async fn however_many_wait_for_one_actor_on_a_connection_its_other_calls_are_answered() {
    const WAITING: usize = 1_000;
    let gate = Gate::closed();
    let lab = Lab::start(gated(&gate)).await;
    let calls: Vec<_> = (0..WAITING).map(|n| spawn(&lab, "a", &n.to_string())).collect();
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    // What ends a turn: its state, and other actors.
    tokio::time::timeout(support::DEADLINE, async {
        pass_by(&lab.grpc).await;
        lab.change_state("a", vec![support::upsert("k", "1")]).await.unwrap();
        assert_eq!(lab.get_state("a", "k").await.unwrap(), b"1");
    })
    .await
    .expect("they do not wait");
    gate.open(WAITING);
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), n.to_string().into_bytes());
    }
}

#[tokio::test]
async fn a_caller_that_leaves_while_it_waits_has_no_place_any_more_over_either_api() {
    let gate = Gate::closed();
    let lab = Lab::start(gated(&gate)).await;
    let first = spawn(&lab, "a", "first");
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    let grpc = spawn(&lab, "a", "left over gRPC");
    let mut http = TcpStream::connect(lab.sidecar.http_addr()).await.unwrap();
    let head = "PUT /v1.0/actors/Counter/a/method/Do HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\n\
                content-length: 14\r\n\r\n";
    http.write_all(head.as_bytes()).await.unwrap();
    http.read_exact(&mut [0; 25]).await.unwrap();
    http.write_all(b"left over HTTP").await.unwrap();
    invoke_until(&lab, "a", "its deadline came").await.unwrap_err();
    pass_by(&lab.grpc).await;
    grpc.abort();
    grpc.await.unwrap_err();
    http.shutdown().await.unwrap();
    // It is closed when nobody works for it any more, and what came before a call on the other is dealt with before it.
    let _ = http.read(&mut [0]).await;
    pass_by(&lab.grpc).await;
    let last = spawn(&lab, "a", "last");
    gate.open(2);
    for (call, body) in [(first, "first"), (last, "last")] {
        let answer = tokio::time::timeout(support::DEADLINE, call).await.expect("nobody is before it");
        assert_eq!(answer.unwrap().unwrap(), body.as_bytes());
    }
    let called = lab.app.matching(|seen| seen.method == Method::PUT);
    assert_eq!(called.len(), 2, "the app was called for nobody else");
}

/// A call with a deadline that comes soon.
async fn invoke_until(lab: &Lab, id: &str, body: &str) -> Result<(), tonic::Status> {
    let mut request = tonic::Request::new(InvokeActorRequest {
        actor_type: TYPE.into(),
        actor_id: id.into(),
        method: "Do".into(),
        data: body.as_bytes().to_vec(),
        metadata: std::collections::HashMap::new(),
    });
    request.set_timeout(Duration::from_millis(100));
    lab.grpc.clone().invoke_actor(request).await.map(drop)
}

#[tokio::test]
async fn callers_that_come_and_leave_at_random_wedge_nothing_and_leave_no_trace() {
    let app = App::answering(|seen| async move {
        if seen.method == Method::PUT {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        seen.body.into_response()
    });
    let lab = Lab::start(app.idle("5ms")).await;
    let mut callers = Vec::new();
    for n in 0..300_u64 {
        let client = lab.grpc.clone();
        // Spread without a generator: patience from 0 to 40 ms, three actors.
        let patience = Duration::from_millis(n * 7919 % 41);
        let id = format!("a{}", n % 3);
        callers.push(tokio::spawn(async move {
            let call = invoke(client, TYPE, &id, "Do", "");
            match tokio::time::timeout(patience, call).await {
                Ok(answer) => answer.map(|_| ()),
                Err(_) => Ok(()),
            }
        }));
        if n % 10 == 0 {
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
    }
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    for id in ["a0", "a1", "a2"] {
        assert_eq!(lab.invoke(id, "Do", "last").await.unwrap(), b"last");
    }
    support::until("all three are let go", || async {
        let request = dapr::dapr::proto::runtime::v1::GetMetadataRequest {};
        let metadata = lab.grpc.clone().get_metadata(request).await.unwrap();
        let active = metadata.into_inner().actor_runtime.unwrap().active_actors;
        active[0].count == 0
    })
    .await;
    lab.sidecar.shutdown().await;
}

//! One turn of an actor at a time, in arrival order (facts §2.4, checklist 22–28).
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::response::IntoResponse;
use http::{Method, StatusCode};
use support::{App, Gate, Lab, TYPE, gated, invoke};
use tokio::task::JoinHandle;

type Call = JoinHandle<Result<Vec<u8>, tonic::Status>>;

fn spawn(lab: &Lab, id: &str, body: &str) -> Call {
    let (client, id, body) = (lab.grpc.clone(), id.to_owned(), body.to_owned());
    tokio::spawn(async move { invoke(client, TYPE, &id, "Do", &body).await })
}

/// Time enough for a call that could go ahead to do so.
async fn a_while() {
    tokio::time::sleep(Duration::from_millis(150)).await;
}

fn bodies(app: &App) -> Vec<String> {
    let calls = app.matching(|seen| seen.method == Method::PUT);
    calls.iter().map(|seen| String::from_utf8(seen.body.to_vec()).unwrap()).collect()
}

#[tokio::test]
async fn a_second_call_starts_only_after_the_first_has_been_answered() {
    let gate = Gate::closed();
    let lab = Lab::start(gated(&gate)).await;
    let first = spawn(&lab, "a", "1");
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    let second = spawn(&lab, "a", "2");
    a_while().await;
    assert_eq!(bodies(&lab.app), ["1"]);
    gate.open(2);
    assert_eq!(first.await.unwrap().unwrap(), b"1");
    assert_eq!(second.await.unwrap().unwrap(), b"2");
}

#[tokio::test]
async fn different_actors_run_in_parallel() {
    let gate = Gate::closed();
    let lab = Lab::start(gated(&gate)).await;
    let calls = ["a", "b", "c"].map(|id| spawn(&lab, id, id));
    lab.app.wait(3, |seen| seen.method == Method::PUT).await;
    gate.open(3);
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn calls_are_served_in_the_order_in_which_they_arrived() {
    let gate = Gate::closed();
    let lab = Lab::start(gated(&gate)).await;
    let mut calls = vec![spawn(&lab, "a", "0")];
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    for n in 1..8 {
        calls.push(spawn(&lab, "a", &n.to_string()));
        // The order of arrival at the sidecar is what counts: let each get there.
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    gate.open(8);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(bodies(&lab.app), ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

#[tokio::test]
async fn a_waiting_caller_that_leaves_lets_nobody_in_early() {
    let gate = Gate::closed();
    let lab = Lab::start(gated(&gate)).await;
    let running = spawn(&lab, "a", "running");
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    let waiting = spawn(&lab, "a", "waiting");
    a_while().await;
    let leaver = spawn(&lab, "a", "leaver");
    a_while().await;
    leaver.abort();
    a_while().await;
    assert_eq!(bodies(&lab.app), ["running"], "nobody overtakes the running turn");
    gate.open(2);
    running.await.unwrap().unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(bodies(&lab.app), ["running", "waiting"], "the leaver is never called");
}

#[tokio::test]
async fn a_deadline_in_the_line_ends_the_wait_and_the_next_call_goes_on() {
    let gate = Gate::closed();
    let lab = Lab::start(gated(&gate)).await;
    let running = spawn(&lab, "a", "running");
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    let mut request = tonic::Request::new(dapr::dapr::proto::runtime::v1::InvokeActorRequest {
        actor_type: TYPE.into(),
        actor_id: "a".into(),
        method: "Do".into(),
        data: b"late".to_vec(),
        ..Default::default()
    });
    request.set_timeout(Duration::from_millis(200));
    assert!(lab.grpc.clone().invoke_actor(request).await.is_err());
    gate.open(2);
    running.await.unwrap().unwrap();
    assert_eq!(lab.invoke("a", "Do", "next").await.unwrap(), b"next");
    assert_eq!(bodies(&lab.app), ["running", "next"]);
}

#[tokio::test]
async fn a_running_caller_that_leaves_aborts_the_request_and_frees_the_turn() {
    let aborted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&aborted);
    let app = App::answering(move |seen| {
        let count = Arc::clone(&count);
        async move {
            if &seen.body[..] == b"hangs" {
                let _counted = OnDrop(count);
                std::future::pending::<()>().await;
            }
            seen.body.into_response()
        }
    });
    let lab = Lab::start(app).await;
    let hangs = spawn(&lab, "a", "hangs");
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    let next = spawn(&lab, "a", "next");
    a_while().await;
    assert_eq!(bodies(&lab.app), ["hangs"]);
    hangs.abort();
    assert_eq!(next.await.unwrap().unwrap(), b"next");
    support::until("the app's handler is dropped", || async { aborted.load(Ordering::Relaxed) == 1 }).await;
}

struct OnDrop(Arc<AtomicUsize>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_turn_that_fails_frees_the_actor() {
    let app = App::answering(|seen| async move {
        match &seen.body[..] {
            b"bad" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            _ => seen.body.into_response(),
        }
    });
    let lab = Lab::start(app).await;
    assert!(lab.invoke("a", "Do", "bad").await.is_err());
    assert_eq!(lab.invoke("a", "Do", "good").await.unwrap(), b"good");
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
async fn an_http_caller_that_hangs_up_frees_the_turn_too() {
    let gate = Gate::closed();
    let lab = Lab::start(gated(&gate)).await;
    let url = lab.url("/v1.0/actors/Counter/a/method/Do");
    let request = lab.http.put(&url).body("hangs").send();
    let hangs = tokio::spawn(request);
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    hangs.abort();
    let next = spawn(&lab, "a", "next");
    lab.app.wait(2, |seen| seen.method == Method::PUT).await;
    gate.open(2);
    assert_eq!(next.await.unwrap().unwrap(), b"next");
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

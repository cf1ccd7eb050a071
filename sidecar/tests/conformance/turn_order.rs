//! One turn of an actor at a time, in arrival order (facts §2.4, checklist 22–28).

use crate::runtime::Runtime;
use crate::support::{App, Gate, TYPE, gated, pass_by};
use axum::response::IntoResponse;
use http::{Method, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

behaviours![
    a_second_call_starts_only_after_the_first_has_been_answered,
    different_actors_run_in_parallel,
    calls_are_served_in_the_order_in_which_they_arrived,
    a_deadline_in_the_line_ends_the_wait_and_the_next_call_goes_on,
    a_running_caller_that_leaves_aborts_the_request_and_frees_the_turn,
    a_turn_that_fails_frees_the_actor,
    an_http_caller_that_hangs_up_frees_the_turn_too,
];

fn bodies(app: &App) -> Vec<String> {
    let calls = app.matching(|seen| seen.method == Method::PUT);
    calls.iter().map(|seen| String::from_utf8(seen.body.to_vec()).unwrap()).collect()
}

pub async fn a_second_call_starts_only_after_the_first_has_been_answered(runtime: Runtime) {
    let gate = Gate::closed();
    let lab = runtime.start(gated(&gate)).await;
    let first = lab.spawn("a", "1");
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    let second = lab.spawn("a", "2");
    pass_by(&lab.grpc).await;
    assert_eq!(bodies(&lab.app), ["1"]);
    gate.open(2);
    assert_eq!(first.await.unwrap().unwrap(), b"1");
    assert_eq!(second.await.unwrap().unwrap(), b"2");
}

pub async fn different_actors_run_in_parallel(runtime: Runtime) {
    let gate = Gate::closed();
    let lab = runtime.start(gated(&gate)).await;
    let calls = ["a", "b", "c"].map(|id| lab.spawn(id, id));
    lab.app.wait(3, |seen| seen.method == Method::PUT).await;
    gate.open(3);
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

pub async fn calls_are_served_in_the_order_in_which_they_arrived(runtime: Runtime) {
    let gate = Gate::closed();
    let lab = runtime.start(gated(&gate)).await;
    let mut calls = vec![lab.spawn("a", "0")];
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    for n in 1..8 {
        calls.push(lab.spawn("a", &n.to_string()));
        // The order of arrival at the sidecar is what counts: let each get there.
        pass_by(&lab.grpc).await;
    }
    gate.open(8);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(bodies(&lab.app), ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

pub async fn a_deadline_in_the_line_ends_the_wait_and_the_next_call_goes_on(runtime: Runtime) {
    let gate = Gate::closed();
    let lab = runtime.start(gated(&gate)).await;
    let running = lab.spawn("a", "running");
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
    // The deadline passes here and at the sidecar, either first. What is answered on the same connection was sent
    // after this call's end: from then on the sidecar knows that nobody waits.
    lab.active().await;
    gate.open(2);
    running.await.unwrap().unwrap();
    assert_eq!(lab.invoke("a", "Do", "next").await.unwrap(), b"next");
    assert_eq!(bodies(&lab.app), ["running", "next"]);
}

pub async fn a_running_caller_that_leaves_aborts_the_request_and_frees_the_turn(runtime: Runtime) {
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
    let lab = runtime.start(app).await;
    let hangs = lab.spawn("a", "hangs");
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    let next = lab.spawn("a", "next");
    pass_by(&lab.grpc).await;
    assert_eq!(bodies(&lab.app), ["hangs"]);
    hangs.abort();
    assert_eq!(next.await.unwrap().unwrap(), b"next");
    crate::support::until("the app's handler is dropped", || async { aborted.load(Ordering::Relaxed) == 1 }).await;
}

pub async fn a_turn_that_fails_frees_the_actor(runtime: Runtime) {
    let app = App::answering(|seen| async move {
        match &seen.body[..] {
            b"bad" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            _ => seen.body.into_response(),
        }
    });
    let lab = runtime.start(app).await;
    assert!(lab.invoke("a", "Do", "bad").await.is_err());
    assert_eq!(lab.invoke("a", "Do", "good").await.unwrap(), b"good");
}

pub async fn an_http_caller_that_hangs_up_frees_the_turn_too(runtime: Runtime) {
    let gate = Gate::closed();
    let lab = runtime.start(gated(&gate)).await;
    let url = lab.url("/v1.0/actors/Counter/a/method/Do");
    let request = lab.http.put(&url).body("hangs").send();
    let hangs = tokio::spawn(request);
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    hangs.abort();
    let next = lab.spawn("a", "next");
    lab.app.wait(2, |seen| seen.method == Method::PUT).await;
    gate.open(2);
    assert_eq!(next.await.unwrap().unwrap(), b"next");
}

struct OnDrop(Arc<AtomicUsize>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

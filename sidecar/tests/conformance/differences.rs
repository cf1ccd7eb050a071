//! Where the embedded sidecar differs from daprd on purpose. `docs/dapr-differences.md` gives the reasons.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::response::IntoResponse;
use http::{Method, StatusCode};
use tonic::Code;

use crate::errors::assert_no_address;
use crate::runtime::{Lab, Runtime, Setup, Store};
use crate::state::expiring;
use crate::support::{App, Gate, PASSER_BY, TYPE, gated, pass_by, until, upsert};

#[tokio::test]
async fn embedded_needs_no_placement() {
    let setup = Setup { placement: false, ..Setup::default() };
    let lab = Runtime::Embedded.with(App::echo(), setup).await;
    assert_eq!(lab.invoke("a", "Do", "1").await.unwrap(), b"1");
}

#[tokio::test]
async fn daprd_calls_no_actor_without_placement() {
    let Some((daprd, _place)) = Runtime::daprd().await else { return };
    let setup = Setup { placement: false, ..Setup::default() };
    let lab = daprd.with(App::echo(), setup).await;
    let error = lab.invoke("a", "Do", "1").await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(error.message(), "placement service is not configured");
}

/// How many turns of one actor were under way at once, when of two that wait behind a running one the second leaves.
async fn turns_at_once_when_a_waiter_leaves(runtime: Runtime) -> usize {
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let gate = Gate::closed();
    let (inside_app, most_app, gate_app) = (inside, most.clone(), gate.clone());
    let app = App::answering(move |seen| {
        let (inside, most, gate) = (inside_app.clone(), most_app.clone(), gate_app.clone());
        async move {
            if seen.method == Method::PUT {
                most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                gate.pass().await;
                inside.fetch_sub(1, Ordering::SeqCst);
            }
            seen.body.into_response()
        }
    });
    let lab = runtime.start(app).await;
    let running = lab.spawn("a", "running");
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    let waiting = lab.spawn("a", "waiting");
    pass_by(&lab.grpc).await;
    let leaver = lab.spawn("a", "leaver");
    pass_by(&lab.grpc).await;
    leaver.abort();
    pass_by(&lab.grpc).await;
    gate.open(10);
    running.await.unwrap().unwrap();
    waiting.await.unwrap().unwrap();
    most.load(Ordering::SeqCst)
}

#[tokio::test]
async fn embedded_lets_nobody_in_early_when_a_waiter_leaves() {
    assert_eq!(turns_at_once_when_a_waiter_leaves(Runtime::Embedded).await, 1);
}

#[tokio::test]
async fn daprd_lets_the_next_one_in_when_a_waiter_leaves() {
    let Some((daprd, _place)) = Runtime::daprd().await else { return };
    assert_eq!(turns_at_once_when_a_waiter_leaves(daprd).await, 2);
}

#[tokio::test]
async fn embedded_leaves_a_turn_alone_that_is_longer_than_the_idle_time() {
    let gate = Gate::closed();
    let lab = Runtime::Embedded.start(gated(&gate).idle("50ms")).await;
    let long = lab.spawn("a", "long");
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    // In the meantime another actor idles long enough, three times.
    for times in 1..=3 {
        pass_by(&lab.grpc).await;
        lab.app.wait_deactivated(PASSER_BY, times).await;
    }
    assert!(lab.app.matching(|seen| seen.is("DELETE", "/actors/Counter/a")).is_empty());
    gate.open(1);
    assert_eq!(long.await.unwrap().unwrap(), b"long");
    lab.app.wait_deactivated("a", 1).await;
}

#[tokio::test]
async fn daprd_ends_a_turn_that_is_longer_than_the_idle_time() {
    let Some((daprd, _place)) = Runtime::daprd().await else { return };
    let gate = Gate::closed();
    let lab = daprd.start(gated(&gate).idle("300ms")).await;
    let error = lab.invoke("a", "Do", "long").await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(error.message(), "error invoke actor method: context canceled");
    lab.app.wait_deactivated("a", 1).await;
    gate.open(1);
}

/// An app that does not answer a deactivation before the test lets it.
fn slow_to_deactivate(gate: &Gate) -> App {
    let gate = gate.clone();
    let app = App::answering(move |seen| {
        let gate = gate.clone();
        async move {
            if seen.method == Method::DELETE {
                gate.pass().await;
            }
            seen.body.into_response()
        }
    });
    app.idle("300ms")
}

/// Whether an actor can be called while another of its type is being deactivated.
async fn answers_during_a_deactivation(runtime: Runtime) -> bool {
    let gate = Gate::closed();
    let lab = runtime.start(slow_to_deactivate(&gate)).await;
    lab.invoke("a", "Do", "1").await.unwrap();
    lab.app.wait_deactivated("a", 1).await;
    let other = tokio::time::timeout(Duration::from_secs(2), lab.invoke("b", "Do", "2")).await;
    gate.open(10);
    other.is_ok_and(|answer| answer.is_ok())
}

#[tokio::test]
async fn embedded_holds_up_nobody_else_while_an_actor_is_deactivated() {
    assert!(answers_during_a_deactivation(Runtime::Embedded).await);
}

#[tokio::test]
async fn daprd_holds_up_every_actor_of_the_type_while_one_is_deactivated() {
    let Some((daprd, _place)) = Runtime::daprd().await else { return };
    assert!(!answers_during_a_deactivation(daprd).await);
}

/// The header that the app sees when a caller puts a token of the app into a call's metadata.
async fn forged_token(runtime: Runtime) -> Option<String> {
    let lab = runtime.start(App::echo()).await;
    let request = dapr::dapr::proto::runtime::v1::InvokeActorRequest {
        actor_type: TYPE.into(),
        actor_id: "a".into(),
        method: "Do".into(),
        metadata: [("dapr-api-token".to_owned(), "forged".to_owned())].into(),
        ..Default::default()
    };
    lab.grpc.clone().invoke_actor(request).await.unwrap();
    let seen = lab.app.wait(1, |seen| seen.method == Method::PUT).await.remove(0);
    seen.header("dapr-api-token").map(str::to_owned)
}

#[tokio::test]
async fn embedded_never_hands_on_a_token_that_a_caller_made_up() {
    assert_eq!(forged_token(Runtime::Embedded).await, None);
}

#[tokio::test]
async fn daprd_without_a_token_of_its_own_hands_on_one_that_a_caller_made_up() {
    let Some((daprd, _place)) = Runtime::daprd().await else { return };
    assert_eq!(forged_token(daprd).await.as_deref(), Some("forged"));
}

async fn without_a_store(runtime: Runtime) -> Lab {
    runtime.with(App::echo(), Setup { store: Store::NotForActors, ..Setup::default() }).await
}

#[tokio::test]
async fn embedded_hosts_nothing_without_a_store_for_actors_and_says_why() {
    let lab = without_a_store(Runtime::Embedded).await;
    assert_no_address(&lab, TYPE).await;
    let error = lab.get_state("a", "k").await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert!(error.message().contains("actorStateStore"), "{error}");
}

#[tokio::test]
async fn daprd_calls_actors_without_a_store_for_them_and_breaks_off_at_their_state() {
    let Some((daprd, _place)) = Runtime::daprd().await else { return };
    let lab = without_a_store(daprd).await;
    assert_eq!(lab.invoke("a", "Do", "1").await.unwrap(), b"1");
    let error = lab.get_state("a", "k").await.unwrap_err();
    assert_ne!(error.code(), Code::Internal, "the connection breaks off: {error}");
}

/// The answer to an actor call over HTTP whose body is longer than `--max-body-size`.
async fn answer_to_a_body_over_the_limit(runtime: Runtime) -> (StatusCode, String) {
    let lab = runtime.with(App::echo(), Setup { max_body_bytes: Some(1000), ..Setup::default() }).await;
    let url = lab.url("/v1.0/actors/Counter/a/method/Echo");
    let answer = lab.http.put(url).body("x".repeat(1001)).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test]
async fn embedded_refuses_a_body_over_the_limit_as_too_large() {
    let (status, _) = answer_to_a_body_over_the_limit(Runtime::Embedded).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn daprd_cuts_a_body_over_the_limit_and_then_cannot_send_it() {
    let Some((daprd, _place)) = Runtime::daprd().await else { return };
    let (status, text) = answer_to_a_body_over_the_limit(daprd).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(text.contains("ContentLength=1001 with Body length 1000"), "{text}");
}

/// The paths under which the app is called for the actors `a b` and `a%20b`.
async fn paths_of_ids_with_escapes(runtime: Runtime) -> Vec<String> {
    let lab = runtime.start(App::echo()).await;
    for id in ["a b", "a%20b"] {
        lab.invoke(id, "Do", "").await.unwrap();
    }
    lab.app.matching(|seen| seen.method == Method::PUT).into_iter().map(|seen| seen.path).collect()
}

#[tokio::test]
async fn embedded_calls_each_actor_under_a_path_of_its_own() {
    let paths = paths_of_ids_with_escapes(Runtime::Embedded).await;
    assert_eq!(paths, ["/actors/Counter/a%20b/method/Do", "/actors/Counter/a%2520b/method/Do"]);
}

#[tokio::test]
async fn daprd_takes_an_escape_in_an_id_for_what_it_stands_for() {
    let Some((daprd, _place)) = Runtime::daprd().await else { return };
    let paths = paths_of_ids_with_escapes(daprd).await;
    assert_eq!(paths, ["/actors/Counter/a%20b/method/Do", "/actors/Counter/a%20b/method/Do"]);
}

/// What the actor `a||b` finds under `c` after `a` has saved under `b||c`.
async fn read_through_an_ambiguous_key(runtime: Runtime) -> Result<Vec<u8>, Code> {
    let lab = runtime.start(App::echo()).await;
    lab.invoke("a", "Do", "").await.unwrap();
    lab.change_state("a", vec![upsert("b||c", "theirs")]).await.unwrap();
    lab.get_state("a||b", "c").await.map_err(|status| status.code())
}

#[tokio::test]
async fn embedded_keeps_the_state_of_an_id_with_the_separator_apart() {
    assert_eq!(read_through_an_ambiguous_key(Runtime::Embedded).await, Ok(Vec::new()));
}

#[tokio::test]
async fn daprd_reads_another_actors_state_through_an_id_with_the_separator() {
    let Some((daprd, _place)) = Runtime::daprd().await else { return };
    assert_eq!(read_through_an_ambiguous_key(daprd).await, Ok(b"theirs".to_vec()));
}

/// A lab in which the value `anew` was written for a while, then without a time, and that while is over.
async fn written_anew_without_a_time_to_live(runtime: Runtime) -> Lab {
    let lab = runtime.with(App::echo(), Setup { actor_state_ttl: true, ..Setup::default() }).await;
    lab.invoke("a", "Do", "").await.unwrap();
    lab.change_state("a", vec![expiring("anew", "2"), expiring("short", "2")]).await.unwrap();
    lab.change_state("a", vec![upsert("anew", "w")]).await.unwrap();
    until("it is gone", || async { lab.get_state("a", "short").await.unwrap().is_empty() }).await;
    lab
}

#[tokio::test]
async fn embedded_keeps_a_value_that_was_written_anew_without_a_time_to_live() {
    let lab = written_anew_without_a_time_to_live(Runtime::Embedded).await;
    assert_eq!(lab.get_state("a", "anew").await.unwrap(), b"w");
}

#[tokio::test]
async fn daprd_on_redis_lets_a_value_go_that_was_written_anew_without_a_time_to_live() {
    let Some((daprd, _place)) = Runtime::daprd().await else { return };
    let lab = written_anew_without_a_time_to_live(daprd).await;
    until("it is gone", || async { lab.get_state("a", "anew").await.unwrap().is_empty() }).await;
}

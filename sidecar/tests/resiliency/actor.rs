//! `targets.actors.<Type>`: around the calls of an actor.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use sidecar::observation::{AttemptOutcome, RetryEnd, RetryTarget};
use tonic::Code;

use crate::rig::{Log, Rig, policies};
use crate::support::{App, Gate, Lab, PUBSUB, STORE, Seen, TYPE, invoke};

/// Answers an actor's calls in this order, then with 200.
fn scripted(answers: &'static [u16]) -> App {
    let calls = Arc::new(AtomicUsize::new(0));
    App::answering(move |seen: Seen| {
        let call = if seen.method == "PUT" { calls.fetch_add(1, Ordering::SeqCst) } else { usize::MAX };
        async move {
            let status = answers.get(call).map_or(StatusCode::OK, |code| StatusCode::from_u16(*code).unwrap());
            (status, "custom error").into_response()
        }
    })
}

fn around_actor(target: &str) -> String {
    policies(
        "actor-retries",
        &format!(
            "  policies:\n    retries: {{again: {{duration: 10ms, maxRetries: 5}}}}\n    timeouts: {{short: 500ms}}\n  \
             targets: {{actors: {{{TYPE}: {{{target}}}}}}}"
        ),
    )
}

async fn lab(app: App, rig: &Arc<Rig>, file: &str) -> Lab {
    Lab::with(app, &[STORE, PUBSUB, file], |config| rig.plug(config)).await
}

fn puts(lab: &Lab) -> usize {
    lab.app.matching(|seen| seen.method == "PUT").len()
}

#[tokio::test]
async fn a_failing_method_is_called_again_until_it_succeeds() {
    let log = Log::listen();
    let rig = Rig::new([]);
    let lab = lab(scripted(&[500, 503, 201]), &rig, &around_actor("retry: again")).await;
    assert_eq!(lab.invoke("phoenix", "Do", "body").await.unwrap(), b"custom error");
    assert_eq!(puts(&lab), 4);
    assert!(lab.app.matching(|seen| seen.method == "PUT").iter().all(|seen| seen.body == "body"));
    assert_eq!(rig.ends(), [(4, RetryEnd::Succeeded)]);
    assert_eq!(rig.outcomes()[0], AttemptOutcome::Failed("error from actor service: (500) custom error".into()));
    match &*rig.events()[0].target {
        RetryTarget::Actor { actor_type, actor_id, method } => {
            assert_eq!((actor_type.as_str(), actor_id.as_str(), method.as_str()), (TYPE, "phoenix", "Do"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        log.with("actor[Counter, phoenix]"),
        [
            "WARN Error processing operation actor[Counter, phoenix]. Retrying in 10ms…",
            "DEBUG Error for operation actor[Counter, phoenix] was: error from actor service: (500) custom error",
            "INFO Recovered processing operation actor[Counter, phoenix] after 4 attempts",
        ]
    );
}

#[tokio::test]
async fn exhausted_retries_give_the_caller_the_last_error() {
    let rig = Rig::new([]);
    let lab = lab(scripted(&[500; 20]), &rig, &around_actor("retry: again")).await;
    let error = lab.invoke("a", "Do", "").await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(error.message(), "error invoke actor method: error from actor service: (500) custom error");
    assert_eq!(puts(&lab), 6);
    assert_eq!(rig.ends(), [(6, RetryEnd::Exhausted)]);
}

#[tokio::test]
async fn a_method_that_is_not_there_is_asked_for_once() {
    let rig = Rig::new([]);
    let lab = lab(scripted(&[404; 20]), &rig, &around_actor("retry: again")).await;
    let error = lab.invoke("a", "Do", "").await.unwrap_err();
    assert_eq!(
        error.message(),
        format!("error invoke actor method: actor method not found: actors/{TYPE}/a/method/Do")
    );
    assert_eq!(puts(&lab), 1);
    assert_eq!(rig.ends(), [(1, RetryEnd::NotRetried)]);
}

#[tokio::test]
async fn an_answer_that_the_app_marks_as_an_error_is_tried_again_and_then_handed_over() {
    let rig = Rig::new([]);
    let app = App::answering(|seen| async move {
        let mark = [("x-daprerrorresponseheader", "true")];
        if seen.method == "PUT" { (mark, "its own error").into_response() } else { Response::default() }
    });
    let lab = lab(app, &rig, &around_actor("retry: again")).await;
    assert_eq!(lab.invoke("a", "Do", "").await.unwrap(), b"its own error");
    assert_eq!(puts(&lab), 6);
}

#[tokio::test]
async fn a_default_policy_for_actors_holds_without_a_target() {
    let rig = Rig::new([]);
    let file = policies("defaults", "  policies: {retries: {DefaultActorRetryPolicy: {duration: 5ms, maxRetries: 2}}}");
    let lab = lab(scripted(&[500; 2]), &rig, &file).await;
    lab.invoke("a", "Do", "").await.unwrap();
    assert_eq!(puts(&lab), 3);
}

/// An app whose methods hang, all but `Quick`.
fn hanging(gate: &Gate) -> App {
    let gate = gate.clone();
    App::answering(move |seen: Seen| {
        let gate = gate.clone();
        async move {
            if seen.method == "PUT" && !seen.path.ends_with("/Quick") {
                gate.pass().await;
            }
            StatusCode::OK.into_response()
        }
    })
}

#[tokio::test]
async fn a_turn_that_outlasts_its_time_out_is_ended_and_the_next_one_begins() {
    let rig = Rig::new([]);
    let lab = lab(hanging(&Gate::closed()), &rig, &around_actor("timeout: short")).await;
    let error = lab.invoke("a", "Slow", "").await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(error.message(), "error invoke actor method: context deadline exceeded");
    assert_eq!(puts(&lab), 1);
    lab.invoke("a", "Quick", "").await.unwrap();
}

#[tokio::test]
async fn the_time_out_does_not_count_the_wait_for_the_turn() {
    let rig = Rig::new([]);
    let gate = Gate::closed();
    // Two turns of 600 ms each: the second call is older than its second when it is answered.
    let file = around_actor("timeout: short").replace("500ms", "1s");
    let lab = lab(hanging(&gate), &rig, &file).await;
    let first = lab.invoke("a", "One", "");
    let second = lab.invoke("a", "Two", "");
    let opens = async {
        for turn in 1..=2 {
            lab.app.wait(turn, |seen| seen.method == "PUT").await;
            tokio::time::sleep(std::time::Duration::from_millis(600)).await;
            gate.open(1);
        }
    };
    let (first, second, ()) = tokio::join!(first, second, opens);
    first.unwrap();
    second.unwrap();
}

#[tokio::test]
async fn a_retry_queues_for_the_turn_anew() {
    let rig = Rig::new([]);
    let gate = Gate::closed();
    let gated = gate.clone();
    let failed = Arc::new(AtomicUsize::new(0));
    let app = App::answering(move |seen: Seen| {
        let (gate, failed) = (gated.clone(), failed.clone());
        async move {
            if seen.path.ends_with("/First") && failed.fetch_add(1, Ordering::SeqCst) == 0 {
                gate.pass().await;
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
            if seen.path.ends_with("/Second") {
                gate.pass().await;
            }
            StatusCode::OK.into_response()
        }
    });
    let lab = lab(app, &rig, &around_actor("retry: again")).await;
    let first = tokio::spawn(invoke(lab.grpc.clone(), TYPE, "a", "First", ""));
    lab.app.wait(1, |seen| seen.path.ends_with("/First")).await;
    let second = tokio::spawn(invoke(lab.grpc.clone(), TYPE, "a", "Second", ""));
    gate.open(1);
    // The failed call waits, and the other has the turn meanwhile.
    lab.app.wait(1, |seen| seen.path.ends_with("/Second")).await;
    rig.until("the retry is on its way", |rig| rig.waits().len() == 1).await;
    gate.open(1);
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    let order: Vec<_> = lab.app.matching(|seen| seen.method == "PUT").into_iter().map(|seen| seen.path).collect();
    let method = |path: &String| path.rsplit('/').next().unwrap().to_owned();
    assert_eq!(order.iter().map(method).collect::<Vec<_>>(), ["First", "Second", "First"]);
}

#[tokio::test]
async fn a_type_that_nobody_hosts_but_a_target_names_is_not_waited_for() {
    let rig = Rig::new([]);
    let file = policies("ghosts", "  policies: {timeouts: {t: 1s}}\n  targets: {actors: {Ghost: {timeout: t}}}");
    let lab = lab(App::echo(), &rig, &file).await;
    let begun = std::time::Instant::now();
    let error = invoke(lab.grpc.clone(), "Ghost", "g", "Do", "").await.unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert!(begun.elapsed() < std::time::Duration::from_secs(2), "the built-in wait takes five");
    let answer = lab.http.post(lab.url("/v1.0/actors/Ghost/g/method/Do")).send().await.unwrap();
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(
        body["message"],
        "error invoke actor method: failed to lookup actor: api error: code = FailedPrecondition desc = did not find \
         address for actor 'Ghost/g'"
    );
}

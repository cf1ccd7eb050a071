//! The end of the sidecar, in order and at once, and an app that does not answer.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::response::IntoResponse;
use http::{Method, StatusCode};
use sidecar::Sidecar;
use support::{App, DEADLINE, Gate, Lab, PUBSUB, STORE, TYPE, config, connect, invoke, upsert};
use tokio::time::timeout;

fn subscription(topic: &str, letters: &str) -> String {
    format!(
        "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: {{name: {topic}}}\nspec:\n  pubsubname: bus\n  \
         topic: {topic}\n  routes: {{default: /{topic}}}\n{letters}"
    )
}

async fn publish(lab: &Lab, topic: &str, text: &str) -> StatusCode {
    let url = lab.url(&format!("/v1.0/publish/bus/{topic}"));
    lab.http.post(url).body(text.to_owned()).send().await.unwrap().status()
}

#[tokio::test]
async fn dead_letters_of_what_fails_while_it_ends_are_delivered_too() {
    let gate = Gate::closed();
    let hold = gate.clone();
    let app = App::answering(move |seen| {
        let hold = hold.clone();
        async move {
            if seen.path != "/news" {
                return StatusCode::OK.into_response();
            }
            hold.pass().await;
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    });
    let (news, dead) = (subscription("news", "  deadLetterTopic: dead\n"), subscription("dead", ""));
    let lab = Lab::with(app, &[STORE, PUBSUB, &news, &dead], |_| {}).await;
    for n in 0..5 {
        assert_eq!(publish(&lab, "news", &n.to_string()).await, StatusCode::NO_CONTENT);
    }
    lab.app.wait(1, |seen| seen.path == "/news").await;
    let (app, http, url) = (lab.app.clone(), lab.http.clone(), lab.url("/v1.0/publish/bus/news"));
    let ending = tokio::spawn(lab.sidecar.shutdown());
    support::until("nothing is taken any more", || async {
        http.post(&url).body("late").send().await.unwrap().status() == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    gate.open(100);
    ending.await.unwrap();
    let letters: Vec<_> =
        app.matching(|seen| seen.path == "/dead").iter().map(|seen| seen.json()["data"].clone()).collect();
    // Those that were taken, in their order; what was tried until the end was seen is among them or refused.
    assert_eq!(letters[..5], ["0", "1", "2", "3", "4"]);
    assert!(letters[5..].iter().all(|data| data == "late"), "{letters:?}");
}

#[tokio::test]
async fn a_handler_can_still_call_an_actor_and_is_told_that_its_message_was_not_taken() {
    let sidecar: Arc<OnceLock<SocketAddr>> = Arc::default();
    let (known, gate) = (Arc::clone(&sidecar), Gate::closed());
    let hold = gate.clone();
    let answers: Arc<std::sync::Mutex<Vec<StatusCode>>> = Arc::default();
    let noted = Arc::clone(&answers);
    let app = App::answering(move |seen| {
        let (hold, noted, addr) = (hold.clone(), Arc::clone(&noted), known.get().copied());
        async move {
            if seen.path == "/news" {
                hold.pass().await;
                let addr = addr.unwrap();
                for path in [format!("actors/{TYPE}/a/method/Do"), "publish/bus/other".into()] {
                    let answer = reqwest::Client::new().post(format!("http://{addr}/v1.0/{path}")).send().await;
                    noted.lock().unwrap().push(answer.unwrap().status());
                }
            }
            StatusCode::OK.into_response()
        }
    });
    let (news, other) = (subscription("news", ""), subscription("other", ""));
    let lab = Lab::with(app, &[STORE, PUBSUB, &news, &other], |_| {}).await;
    sidecar.set(lab.sidecar.http_addr()).unwrap();
    assert_eq!(publish(&lab, "news", "x").await, StatusCode::NO_CONTENT);
    lab.app.wait(1, |seen| seen.path == "/news").await;
    let (app, http, url) = (lab.app.clone(), lab.http.clone(), lab.url("/v1.0/publish/bus/nobody"));
    let ending = tokio::spawn(lab.sidecar.shutdown());
    support::until("nothing is taken any more", || async {
        http.post(&url).send().await.unwrap().status() == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    gate.open(1);
    ending.await.unwrap();
    assert_eq!(*answers.lock().unwrap(), [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE]);
    assert!(app.matching(|seen| seen.path == "/other").is_empty());
    app.wait_deactivated("a", 1).await;
}

#[tokio::test]
async fn a_topic_that_is_its_own_dead_letter_topic_is_delivered_once() {
    let app = App::answering(|_| async { StatusCode::INTERNAL_SERVER_ERROR.into_response() });
    let round = subscription("round", "  deadLetterTopic: round\n");
    let (there, back) =
        (subscription("there", "  deadLetterTopic: back\n"), subscription("back", "  deadLetterTopic: there\n"));
    let lab = Lab::with(app, &[STORE, PUBSUB, &round, &there, &back], |_| {}).await;
    publish(&lab, "round", "1").await;
    publish(&lab, "there", "1").await;
    publish(&lab, "back", "2").await;
    let app = lab.app.clone();
    lab.sidecar.shutdown().await;
    let seen = |path: &str| app.matching(|seen| seen.path == path).len();
    assert_eq!(seen("/round"), 1);
    // The first of a circle loses its dead letter topic; the others keep theirs.
    assert_eq!((seen("/there"), seen("/back")), (2, 1));
}

#[tokio::test]
async fn a_hung_handler_fills_its_queue_and_publishers_are_told() {
    let app = App::answering(|seen| async move {
        if seen.path == "/news" {
            std::future::pending::<()>().await;
        }
        StatusCode::OK.into_response()
    });
    let news = subscription("news", "");
    let lab = Lab::with(app, &[STORE, PUBSUB, &news], |_| {}).await;
    let large = "x".repeat(3 << 20);
    let mut taken = 0;
    let refused = loop {
        let url = lab.url("/v1.0/publish/bus/news");
        let answer = lab.http.post(url).body(large.clone()).send().await.unwrap();
        if answer.status() != StatusCode::NO_CONTENT {
            break answer;
        }
        taken += 1;
        assert!(taken < 10, "16 MiB wait at most, and one is under way");
    };
    assert_eq!(refused.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let text = refused.text().await.unwrap();
    assert!(text.contains("ERR_PUBSUB_PUBLISH_MESSAGE") && text.contains("queue is full"), "{text}");
    assert_eq!(publish(&lab, "others", "x").await, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn an_actor_whose_deactivation_is_not_answered_may_be_called_again() {
    let app = App::answering(|seen| async move {
        if seen.method == Method::DELETE {
            std::future::pending::<()>().await;
        }
        seen.body.into_response()
    });
    let lab =
        Lab::with(app.idle("20ms"), &[STORE], |config| config.deactivation_limit = Duration::from_millis(200)).await;
    lab.invoke("a", "Do", "1").await.unwrap();
    lab.app.wait_deactivated("a", 1).await;
    assert_eq!(timeout(DEADLINE, lab.invoke("a", "Do", "2")).await.expect("let in").unwrap(), b"2");
}

#[tokio::test]
async fn many_actors_take_leave_a_few_at_a_time() {
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inside_app, most_app) = (inside, Arc::clone(&most));
    let app = App::answering(move |seen| {
        let (inside, most) = (Arc::clone(&inside_app), Arc::clone(&most_app));
        async move {
            if seen.method == Method::DELETE {
                most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                inside.fetch_sub(1, Ordering::SeqCst);
            }
            StatusCode::OK.into_response()
        }
    });
    let lab = Lab::start(app.idle("1h")).await;
    let ids: Vec<_> = (0..300).map(|n| format!("a{n}")).collect();
    for id in &ids {
        lab.invoke(id, "Do", "").await.unwrap();
    }
    let app = lab.app.clone();
    lab.sidecar.shutdown().await;
    assert_eq!(app.matching(|seen| seen.method == Method::DELETE).len(), ids.len(), "all of them");
    assert!((1..=32).contains(&most.load(Ordering::SeqCst)), "{most:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_that_is_dropped_lets_go_of_its_store_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::answering(|seen| async move {
        if &seen.body[..] == b"hang" {
            std::future::pending::<()>().await;
        }
        seen.body.into_response()
    });
    let addr = app.idle("50ms").listen().await;
    for round in 0..10 {
        let sidecar = Sidecar::start(config(addr, &[STORE, PUBSUB], folder.path())).await.unwrap_or_else(|error| {
            panic!("round {round}: {error}");
        });
        sidecar.ready().await;
        let client = connect(&sidecar).await;
        invoke(client.clone(), TYPE, "a", "Do", "").await.unwrap();
        let hanging = client.clone();
        tokio::spawn(async move { invoke(hanging, TYPE, "b", "Do", "hang").await });
        let mut writing = client.clone();
        let request = dapr::dapr::proto::runtime::v1::ExecuteActorStateTransactionRequest {
            actor_type: TYPE.into(),
            actor_id: "a".into(),
            operations: vec![upsert("k", &round.to_string())],
        };
        writing.execute_actor_state_transaction(request.clone()).await.unwrap();
        tokio::spawn(async move { while writing.execute_actor_state_transaction(request.clone()).await.is_ok() {} });
        drop(sidecar);
    }
}

#[tokio::test]
async fn what_was_accepted_is_delivered_before_a_drain_returns_and_all_but_messages_goes_on() {
    let gate = Gate::closed();
    let hold = gate.clone();
    let app = App::answering(move |seen| {
        let hold = hold.clone();
        async move {
            if seen.path == "/news" {
                hold.pass().await;
            }
            StatusCode::OK.into_response()
        }
    });
    let lab = Lab::with(app, &[STORE, PUBSUB, &subscription("news", "")], |_| {}).await;
    for n in 0..3 {
        assert_eq!(publish(&lab, "news", &n.to_string()).await, StatusCode::NO_CONTENT);
    }
    lab.app.wait(1, |seen| seen.path == "/news").await;
    let drained = async {
        lab.sidecar.drain().await;
        lab.app.matching(|seen| seen.path == "/news").len()
    };
    let refused = async {
        support::until("nothing is taken any more", || async {
            publish(&lab, "nobody", "x").await == StatusCode::SERVICE_UNAVAILABLE
        })
        .await;
        gate.open(3);
    };
    let (delivered, ()) = tokio::join!(drained, refused);
    assert_eq!(delivered, 3);
    assert!(lab.invoke("a", "Do", "1").await.is_ok());
    lab.sidecar.drain().await;
    drop(lab.sidecar);
}

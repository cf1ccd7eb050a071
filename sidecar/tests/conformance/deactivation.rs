//! When an actor is let go (facts §4, checklist 37–41).

use std::time::{Duration, Instant};

use axum::response::IntoResponse;
use http::{Method, StatusCode};

use crate::runtime::Runtime;
use crate::support::{App, Gate, upsert};

behaviours![
    an_actor_that_nobody_calls_is_deactivated_after_its_idle_time_and_comes_back,
    a_call_in_between_postpones_it,
    a_call_during_a_deactivation_waits_for_it_and_activates_the_actor_anew,
    an_app_that_refuses_to_deactivate_does_not_wedge_the_actor,
    state_cannot_be_changed_while_the_actor_is_being_deactivated,
    the_end_of_the_sidecar_deactivates_every_actor,
];

pub async fn an_actor_that_nobody_calls_is_deactivated_after_its_idle_time_and_comes_back(runtime: Runtime) {
    let lab = runtime.start(App::echo().idle("300ms")).await;
    let started = Instant::now();
    lab.invoke("a", "Do", "1").await.unwrap();
    assert_eq!(lab.active().await, 1);
    lab.app.wait_deactivated("a", 1).await;
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(300), "after {took:?}");
    let seen = lab.app.matching(|seen| seen.method == Method::DELETE).remove(0);
    assert_eq!(seen.header("content-type"), Some("application/x-protobuf"));
    assert!(seen.body.is_empty());
    crate::support::until("no actor is active", || async { lab.active().await == 0 }).await;

    lab.invoke("a", "Do", "2").await.unwrap();
    assert_eq!(lab.active().await, 1);
    lab.app.wait_deactivated("a", 2).await;
}

pub async fn a_call_in_between_postpones_it(runtime: Runtime) {
    let idle = Duration::from_millis(600);
    let lab = runtime.start(App::echo().idle("600ms")).await;
    let (started, mut last) = (Instant::now(), Instant::now());
    // Never idle for as long as that, twice as long.
    while started.elapsed() < 2 * idle {
        assert!(last.elapsed() < idle, "this machine is too slow to tell");
        last = Instant::now();
        lab.invoke("a", "Do", "1").await.unwrap();
    }
    assert!(lab.app.matching(|seen| seen.method == Method::DELETE).is_empty());
    lab.app.wait_deactivated("a", 1).await;
    assert!(last.elapsed() >= idle, "after {:?}", last.elapsed());
}

pub async fn a_call_during_a_deactivation_waits_for_it_and_activates_the_actor_anew(runtime: Runtime) {
    let gate = Gate::closed();
    let hold = gate.clone();
    let app = App::answering(move |seen| {
        let hold = hold.clone();
        async move {
            if seen.method == Method::DELETE {
                hold.pass().await;
            }
            seen.body.into_response()
        }
    });
    let lab = runtime.start(app.idle("100ms")).await;
    lab.invoke("a", "Do", "1").await.unwrap();
    lab.app.wait_deactivated("a", 1).await;
    assert_eq!(lab.active().await, 0);

    let mut call = lab.spawn("a", "2");
    let held = tokio::time::timeout(Duration::from_millis(200), &mut call).await;
    assert!(held.is_err(), "the DELETE is still under way");
    gate.open(10);
    assert_eq!(call.await.unwrap().unwrap(), b"2");
    lab.app.wait_deactivated("a", 2).await;
}

pub async fn an_app_that_refuses_to_deactivate_does_not_wedge_the_actor(runtime: Runtime) {
    let app = App::answering(|seen| async move {
        match seen.method {
            Method::DELETE => StatusCode::NOT_FOUND.into_response(),
            _ => seen.body.into_response(),
        }
    });
    let lab = runtime.start(app.idle("100ms")).await;
    for times in 1..=2 {
        lab.invoke("a", "Do", "x").await.unwrap();
        lab.app.wait_deactivated("a", times).await;
        crate::support::until("inactive", || async { lab.active().await == 0 }).await;
    }
}

pub async fn state_cannot_be_changed_while_the_actor_is_being_deactivated(runtime: Runtime) {
    let gate = Gate::closed();
    let hold = gate.clone();
    let app = App::answering(move |seen| {
        let hold = hold.clone();
        async move {
            if seen.method == Method::DELETE {
                hold.pass().await;
            }
            seen.body.into_response()
        }
    });
    let lab = runtime.start(app.idle("100ms")).await;
    lab.invoke("a", "Do", "1").await.unwrap();
    lab.app.wait_deactivated("a", 1).await;
    let error = lab.change_state("a", vec![upsert("k", "v")]).await.unwrap_err();
    assert_eq!(error.message(), "actor instance is missing");
    gate.open(1);
}

pub async fn the_end_of_the_sidecar_deactivates_every_actor(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    for id in ["a", "b", "c"] {
        lab.invoke(id, "Do", "x").await.unwrap();
    }
    let app = lab.shutdown().await;
    let mut gone: Vec<_> = app.matching(|seen| seen.method == Method::DELETE);
    gone.sort_by(|a, b| a.path.cmp(&b.path));
    let paths: Vec<_> = gone.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/actors/Counter/a", "/actors/Counter/b", "/actors/Counter/c"]);
}

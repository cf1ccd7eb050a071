//! Timers where the embedded sidecar does what Dapr's documentation says and daprd 1.18 does not.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use axum::response::IntoResponse;
use dapr::dapr::proto::runtime::v1::RegisterActorTimerRequest;
use http::{Method, StatusCode};
use support::{App, Gate, Lab, TYPE};

fn timer(id: &str, due_time: &str, period: &str) -> RegisterActorTimerRequest {
    RegisterActorTimerRequest {
        actor_type: TYPE.into(),
        actor_id: id.into(),
        name: "t".into(),
        due_time: due_time.into(),
        period: period.into(),
        ..RegisterActorTimerRequest::default()
    }
}

async fn register(lab: &Lab, timer: RegisterActorTimerRequest) {
    lab.grpc.clone().register_actor_timer(timer).await.unwrap();
}

/// How often an actor's timer has ticked when another actor's does, which is due then.
async fn ticks_until(lab: &Lab, id: &str, due_time: &str) -> usize {
    register(lab, timer("clock", due_time, "")).await;
    lab.app.wait(1, |seen| seen.is("PUT", "/actors/Counter/clock/method/timer/t")).await;
    let path = format!("/actors/Counter/{id}/method/timer/t");
    lab.app.matching(|seen| seen.is("PUT", &path)).len()
}

#[tokio::test]
async fn a_timer_ends_when_its_method_says_so() {
    let app = App::answering(|_| async { ([("X-DaprReminderCancel", "true")], "").into_response() });
    let lab = Lab::start(app).await;
    register(&lab, timer("a", "0s", "50ms")).await;
    assert_eq!(ticks_until(&lab, "a", "500ms").await, 1);
}

#[tokio::test]
async fn the_timers_of_an_actor_end_with_its_activation() {
    let lab = Lab::start(App::echo().idle("100ms")).await;
    lab.invoke("a", "Do", "").await.unwrap();
    register(&lab, timer("a", "500ms", "")).await;
    lab.app.wait_deactivated("a", 1).await;
    assert_eq!(ticks_until(&lab, "a", "1s").await, 0);
}

#[tokio::test]
async fn a_timer_that_its_own_call_registers_anew_takes_its_place_and_the_call_goes_on() {
    let gate = Gate::closed();
    let hold = gate.clone();
    let app = App::answering(move |seen| {
        let hold = hold.clone();
        async move {
            if seen.method == Method::PUT && seen.json()["dueTime"] == "0s" {
                hold.pass().await;
            }
            StatusCode::OK.into_response()
        }
    });
    let lab = Lab::start(app).await;
    register(&lab, timer("a", "0s", "10ms")).await;
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    register(&lab, timer("a", "1ms", "")).await;
    gate.open(1);
    assert_eq!(ticks_until(&lab, "a", "300ms").await, 2);
}

#[tokio::test]
async fn a_timers_call_may_come_back_to_its_actor() {
    let mut app = App::echo();
    app.config = format!(r#"{{"entities":["{TYPE}"],"reentrancy":{{"enabled":true}}}}"#);
    let lab = Lab::start(app).await;
    register(&lab, timer("a", "0s", "")).await;
    let tick = lab.app.wait(1, |seen| seen.method == Method::PUT).await.remove(0);
    assert!(tick.header("dapr-reentrancy-id").is_some());
}

#[tokio::test]
async fn a_shutdown_waits_for_no_timer() {
    let lab = Lab::start(App::echo()).await;
    register(&lab, timer("a", "1h", "1h")).await;
    register(&lab, timer("a", "0s", "1h")).await;
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    tokio::time::timeout(support::DEADLINE, lab.sidecar.shutdown()).await.unwrap();
    lab.app.wait_deactivated("a", 1).await;
}

#[tokio::test]
async fn timers_and_reminders_take_so_much_and_what_is_too_much_is_refused_with_what_to_do() {
    let lab = Lab::start(App::echo()).await;
    let data = format!(r#"{{"dueTime":"1h","data":"{}"}}"#, "x".repeat(4_000_000));
    for (what, name) in [("timers", "ERR_ACTOR_TIMER_CREATE"), ("reminders", "ERR_ACTOR_REMINDER_CREATE")] {
        let url = |n: usize| lab.url(&format!("/v1.0/actors/{TYPE}/a/{what}/{n}"));
        let register = |n: usize| lab.http.post(url(n)).body(data.clone()).send();
        // 64 MiB of them.
        for n in 0..16 {
            assert_eq!(register(n).await.unwrap().status(), StatusCode::NO_CONTENT, "{what} {n}");
        }
        let refused = register(16).await.unwrap();
        assert_eq!(refused.status(), StatusCode::INSUFFICIENT_STORAGE);
        let told = refused.text().await.unwrap();
        assert!(told.contains(name) && told.contains("67108864 bytes") && told.contains("unregister"), "{told}");
        assert_eq!(register(15).await.unwrap().status(), StatusCode::NO_CONTENT, "in the place of another");
        assert_eq!(lab.http.delete(url(0)).send().await.unwrap().status(), StatusCode::NO_CONTENT);
        assert_eq!(register(16).await.unwrap().status(), StatusCode::NO_CONTENT, "one less");
    }
    let absent = lab.http.get(lab.url(&format!("/v1.0/actors/{TYPE}/b/reminders/16"))).send().await.unwrap();
    assert_eq!(absent.status(), StatusCode::NOT_FOUND);
}

//! Timers (facts §5).

use axum::response::IntoResponse;
use dapr::dapr::proto::runtime::v1::{RegisterActorTimerRequest, UnregisterActorTimerRequest};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tonic::Code;

use crate::runtime::{Lab, Runtime};
use crate::support::{App, Gate, Seen, TYPE, gated};

behaviours![
    a_timer_calls_as_often_as_its_period_says_and_activates_its_actor,
    over_http_the_data_are_json_that_comes_back_as_it_is,
    a_timer_that_is_unregistered_calls_no_more,
    a_timer_takes_the_place_of_the_one_with_its_name,
    a_timer_ends_with_its_time_to_live,
    a_timer_whose_call_fails_goes_on,
    a_timer_waits_for_its_actors_turn,
    a_timer_that_cannot_be_is_refused_with_the_reason,
];

/// A timer named `t` of the actor `a`.
pub fn timer(due_time: &str, period: &str) -> RegisterActorTimerRequest {
    RegisterActorTimerRequest {
        actor_type: TYPE.into(),
        actor_id: "a".into(),
        name: "t".into(),
        due_time: due_time.into(),
        period: period.into(),
        ..RegisterActorTimerRequest::default()
    }
}

pub async fn register(lab: &Lab, timer: RegisterActorTimerRequest) {
    lab.grpc.clone().register_actor_timer(timer).await.unwrap();
}

pub fn is_tick(seen: &Seen) -> bool {
    seen.is("PUT", "/actors/Counter/a/method/timer/t")
}

/// The ticks that have come when another actor's timer does, which is due then.
pub async fn ticks_until(lab: &Lab, due_time: &str) -> Vec<Seen> {
    register(lab, RegisterActorTimerRequest { actor_id: "clock".into(), ..timer(due_time, "") }).await;
    lab.app.wait(1, |seen| seen.is("PUT", "/actors/Counter/clock/method/timer/t")).await;
    lab.app.matching(is_tick)
}

pub async fn a_timer_calls_as_often_as_its_period_says_and_activates_its_actor(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    let data = b"hello".to_vec();
    register(&lab, RegisterActorTimerRequest { data, callback: "Tick".into(), ..timer("0s", "R3/PT1S") }).await;
    let ticks = ticks_until(&lab, "3500ms").await;
    assert_eq!(ticks.len(), 3);
    for tick in ticks {
        assert_eq!(tick.header("content-type"), Some("application/json"));
        let expected = json!({"data": "aGVsbG8=", "callback": "Tick", "dueTime": "0s", "period": "R3/PT1S"});
        assert_eq!(tick.json(), expected);
    }
    assert_eq!(lab.active().await, 2);
}

pub async fn over_http_the_data_are_json_that_comes_back_as_it_is(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    let url = lab.url("/v1.0/actors/Counter/a/timers/t");
    let body = r#"{"data":{"n":12345678901234567890,"list":[null]},"dueTime":"1ms","callback":"c"}"#;
    let answer = lab.http.post(&url).body(body).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let tick = lab.app.wait(1, is_tick).await.remove(0);
    let expected = r#"{"data":{"n":12345678901234567890,"list":[null]},"callback":"c","dueTime":"1ms","period":""}"#;
    assert_eq!(tick.body, expected);

    let answer = lab.http.put(&url).body("{}").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let tick = lab.app.wait(2, is_tick).await.remove(1);
    assert_eq!(tick.json(), json!({"callback": "", "dueTime": "", "period": ""}));
    let answer = lab.http.delete(url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT, "it is none any more, and that is no error");
}

pub async fn a_timer_that_is_unregistered_calls_no_more(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    register(&lab, timer("0s", "300ms")).await;
    lab.app.wait(2, is_tick).await;
    let request = UnregisterActorTimerRequest { actor_type: TYPE.into(), actor_id: "a".into(), name: "t".into() };
    lab.grpc.clone().unregister_actor_timer(request).await.unwrap();
    let before = lab.app.matching(is_tick).len();
    assert_eq!(ticks_until(&lab, "1s").await.len(), before);
}

pub async fn a_timer_takes_the_place_of_the_one_with_its_name(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    register(&lab, timer("200ms", "")).await;
    register(&lab, timer("300ms", "")).await;
    let ticks = ticks_until(&lab, "1s").await;
    assert_eq!(ticks.iter().map(|tick| tick.json()["dueTime"].clone()).collect::<Vec<_>>(), ["300ms"]);
}

pub async fn a_timer_ends_with_its_time_to_live(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    register(&lab, RegisterActorTimerRequest { ttl: "PT1S".into(), ..timer("0s", "400ms") }).await;
    assert_eq!(ticks_until(&lab, "2s").await.len(), 3);
}

pub async fn a_timer_whose_call_fails_goes_on(runtime: Runtime) {
    let app = App::answering(|_| async { StatusCode::INTERNAL_SERVER_ERROR.into_response() });
    let lab = runtime.start(app).await;
    register(&lab, timer("0s", "100ms")).await;
    lab.app.wait(3, is_tick).await;
}

pub async fn a_timer_waits_for_its_actors_turn(runtime: Runtime) {
    let gate = Gate::closed();
    let lab = runtime.start(gated(&gate)).await;
    let running = lab.spawn("a", "running");
    lab.app.wait(1, |seen| seen.method == Method::PUT).await;
    register(&lab, timer("0s", "")).await;
    assert!(ticks_until(&lab, "200ms").await.is_empty());
    gate.open(1);
    gate.open(2);
    running.await.unwrap().unwrap();
    lab.app.wait(1, is_tick).await;
}

pub async fn a_timer_that_cannot_be_is_refused_with_the_reason(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    let elsewhere = RegisterActorTimerRequest { actor_type: "Elsewhere".into(), ..timer("", "") };
    for (timer, why) in [
        (timer("soon", ""), "error parsing timer due time: unsupported time/duration format: soon"),
        (timer("", "often"), "invalid timer period: parse error: unsupported duration format: often"),
        (timer("", "R0/PT1S"), "invalid timer period: has zero repetitions"),
        (elsewhere, "can't create timer for actor Elsewhere||a: actor type not registered"),
    ] {
        let error = lab.grpc.clone().register_actor_timer(timer).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Internal, &*format!("error creating actor timer: {why}")));
    }
    let nameless = RegisterActorTimerRequest { name: "a/b".into(), ..timer("", "") };
    let error = lab.grpc.clone().register_actor_timer(nameless).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(error.message(), "invalid request: name contains forbidden character: \"a/b\"");

    let url = lab.url("/v1.0/actors/Counter/a/timers/t");
    for (body, status, name) in [
        ("no JSON", StatusCode::BAD_REQUEST, "ERR_MALFORMED_REQUEST"),
        (r#"{"dueTime": "soon"}"#, StatusCode::INTERNAL_SERVER_ERROR, "ERR_ACTOR_TIMER_CREATE"),
    ] {
        let answer = lab.http.put(&url).body(body).send().await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.json::<Value>().await.unwrap()["errorCode"], name);
    }
    assert!(lab.app.matching(|seen| seen.method == Method::PUT).is_empty());
}

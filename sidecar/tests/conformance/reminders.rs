//! Reminders (facts §5). daprd keeps them in its Scheduler, which is not started for these: what it does is from its source
//! and its own tests. Dapr's SDKs are asked for theirs on both (`sdks`).

use axum::response::IntoResponse;
use dapr::dapr::proto::common::v1::job_failure_policy::Policy;
use dapr::dapr::proto::common::v1::{JobFailurePolicy, JobFailurePolicyDrop};
use dapr::dapr::proto::runtime::v1::{
    GetActorReminderRequest, ListActorRemindersRequest, RegisterActorReminderRequest, UnregisterActorReminderRequest,
    UnregisterActorRemindersByTypeRequest,
};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::runtime::{Lab, Runtime};
use crate::support::{App, Seen, TYPE, until};

embedded_behaviours![
    a_reminder_calls_as_often_as_its_period_says_and_activates_its_actor,
    over_http_the_data_are_json_that_comes_back_as_it_is,
    a_reminder_takes_the_place_of_the_one_with_its_name_unless_it_may_not,
    a_reminder_that_is_unregistered_calls_no_more,
    a_reminder_ends_with_its_time_to_live,
    a_call_that_fails_is_made_three_times_more,
    a_call_that_fails_is_not_made_again_if_the_policy_drops_it,
    reminders_are_listed_and_ended_by_type_and_by_actor,
    a_reminder_outlives_a_deactivation_and_a_restart,
    a_reminder_that_cannot_be_is_refused_with_the_reason,
];

/// A reminder named `r` of the actor `a`.
fn reminder(due_time: &str, period: &str) -> RegisterActorReminderRequest {
    RegisterActorReminderRequest {
        actor_type: TYPE.into(),
        actor_id: "a".into(),
        name: "r".into(),
        due_time: due_time.into(),
        period: period.into(),
        ..RegisterActorReminderRequest::default()
    }
}

async fn register(lab: &Lab, reminder: RegisterActorReminderRequest) {
    lab.grpc.clone().register_actor_reminder(reminder).await.unwrap();
}

fn is_tick(seen: &Seen) -> bool {
    seen.is("PUT", "/actors/Counter/a/method/remind/r")
}

/// The ticks that have come when another actor's reminder does, which is due then.
async fn ticks_until(lab: &Lab, due_time: &str) -> Vec<Seen> {
    register(lab, RegisterActorReminderRequest { actor_id: "clock".into(), ..reminder(due_time, "") }).await;
    lab.app.wait(1, |seen| seen.is("PUT", "/actors/Counter/clock/method/remind/r")).await;
    lab.app.matching(is_tick)
}

async fn get(lab: &Lab) -> Result<(Option<String>, Option<String>), Status> {
    let request = GetActorReminderRequest { actor_type: TYPE.into(), actor_id: "a".into(), name: "r".into() };
    let answer = lab.grpc.clone().get_actor_reminder(request).await?.into_inner();
    Ok((answer.due_time, answer.period))
}

async fn is_gone(lab: &Lab) -> bool {
    get(lab).await.is_err_and(|error| error.code() == Code::NotFound)
}

pub async fn a_reminder_calls_as_often_as_its_period_says_and_activates_its_actor(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    register(&lab, RegisterActorReminderRequest { data: b"hello".to_vec(), ..reminder("0s", "R3/PT1S") }).await;
    let ticks = ticks_until(&lab, "3500ms").await;
    assert_eq!(ticks.len(), 3);
    for tick in ticks {
        assert_eq!(tick.header("content-type"), Some("application/json"));
        assert_eq!(tick.json(), json!({"data": "aGVsbG8=", "dueTime": "", "period": ""}));
    }
    assert_eq!(lab.active().await, 2);
    until("the last tick was the last", || is_gone(&lab)).await;
}

pub async fn over_http_the_data_are_json_that_comes_back_as_it_is(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    let url = lab.url("/v1.0/actors/Counter/a/reminders/r");
    let answer = lab.http.get(&url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let body: Value = answer.json().await.unwrap();
    let none = json!({"errorCode": "ERR_ACTOR_REMINDER_NOT_FOUND", "message": "actor reminder not found: r"});
    assert_eq!((&body["errorCode"], &body["message"]), (&none["errorCode"], &none["message"]));

    let body = r#"{"data":{"n":1},"dueTime":"1h","period":"1m30s","ttl":"2552-01-01T00:00:00Z"}"#;
    let answer = lab.http.post(&url).body(body).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let answer = lab.http.get(&url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let expected = json!({
        "actorID": "a", "actorType": TYPE, "data": {"n": 1}, "dueTime": "1h", "period": "@every 1m30s",
        "ttl": "2552-01-01T00:00:00Z",
    });
    assert_eq!(answer.json::<Value>().await.unwrap(), expected);

    let answer = lab.http.put(&url).body(r#"{"data":[null],"dueTime":"0s"}"#).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let tick = lab.app.wait(1, is_tick).await.remove(0);
    assert_eq!(tick.json(), json!({"data": [null], "dueTime": "", "period": ""}));
    let answer = lab.http.delete(url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}

pub async fn a_reminder_takes_the_place_of_the_one_with_its_name_unless_it_may_not(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    register(&lab, reminder("1s", "")).await;
    register(&lab, reminder("2h", "3h")).await;
    assert_eq!(get(&lab).await.unwrap(), (Some("2h".into()), Some("@every 3h0m0s".into())));
    let other = RegisterActorReminderRequest { overwrite: Some(false), ..reminder("0s", "") };
    let error = lab.grpc.clone().register_actor_reminder(other).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::AlreadyExists, "actor reminder already exists: r"));
    assert!(ticks_until(&lab, "2s").await.is_empty());
}

pub async fn a_reminder_that_is_unregistered_calls_no_more(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    register(&lab, reminder("0s", "1s")).await;
    lab.app.wait(2, is_tick).await;
    let request = UnregisterActorReminderRequest { actor_type: TYPE.into(), actor_id: "a".into(), name: "r".into() };
    lab.grpc.clone().unregister_actor_reminder(request).await.unwrap();
    let before = lab.app.matching(is_tick).len();
    assert!(is_gone(&lab).await);
    assert_eq!(ticks_until(&lab, "2s").await.len(), before);
}

pub async fn a_reminder_ends_with_its_time_to_live(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    register(&lab, RegisterActorReminderRequest { ttl: "2500ms".into(), ..reminder("0s", "1s") }).await;
    assert_eq!(ticks_until(&lab, "4s").await.len(), 3);
    assert!(is_gone(&lab).await);
}

/// An app in which every call of `a` fails.
fn failing() -> App {
    App::answering(|seen| async move {
        match seen.path.contains("/a/") {
            true => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            false => StatusCode::OK.into_response(),
        }
    })
}

pub async fn a_call_that_fails_is_made_three_times_more(runtime: Runtime) {
    let lab = runtime.start(failing()).await;
    register(&lab, reminder("0s", "")).await;
    assert_eq!(ticks_until(&lab, "5s").await.len(), 4);
    assert!(is_gone(&lab).await);
}

pub async fn a_call_that_fails_is_not_made_again_if_the_policy_drops_it(runtime: Runtime) {
    let lab = runtime.start(failing()).await;
    let failure_policy = Some(JobFailurePolicy { policy: Some(Policy::Drop(JobFailurePolicyDrop {})) });
    register(&lab, RegisterActorReminderRequest { failure_policy, ..reminder("0s", "") }).await;
    assert_eq!(ticks_until(&lab, "2s").await.len(), 1);
    assert!(is_gone(&lab).await);
}

/// The actors and names of the type's reminders, or of one actor's.
async fn list(lab: &Lab, id: Option<&str>) -> Vec<(String, String)> {
    let request = ListActorRemindersRequest { actor_type: TYPE.into(), actor_id: id.map(str::to_owned) };
    let answer = lab.grpc.clone().list_actor_reminders(request).await.unwrap().into_inner();
    let mut names: Vec<_> =
        answer.reminders.into_iter().map(|named| (named.reminder.unwrap().actor_id, named.name)).collect();
    names.sort();
    names
}

async fn end(lab: &Lab, id: Option<&str>) {
    let request = UnregisterActorRemindersByTypeRequest { actor_type: TYPE.into(), actor_id: id.map(str::to_owned) };
    lab.grpc.clone().unregister_actor_reminders_by_type(request).await.unwrap();
}

pub async fn reminders_are_listed_and_ended_by_type_and_by_actor(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    for (id, name) in [("a", "1"), ("a", "2"), ("b", "1")] {
        let (actor_id, name) = (id.into(), name.into());
        register(&lab, RegisterActorReminderRequest { actor_id, name, ..reminder("1h", "") }).await;
    }
    let pairs = |pairs: &[(&str, &str)]| -> Vec<_> {
        pairs.iter().map(|&(id, name)| (id.to_owned(), name.to_owned())).collect()
    };
    assert_eq!(list(&lab, None).await, pairs(&[("a", "1"), ("a", "2"), ("b", "1")]));
    assert_eq!(list(&lab, Some("a")).await, pairs(&[("a", "1"), ("a", "2")]));
    end(&lab, Some("a")).await;
    assert_eq!(list(&lab, None).await, pairs(&[("b", "1")]));
    end(&lab, None).await;
    assert!(list(&lab, None).await.is_empty());
}

pub async fn a_reminder_outlives_a_deactivation_and_a_restart(runtime: Runtime) {
    let lab = runtime.start(App::echo().idle("100ms")).await;
    register(&lab, reminder("0s", "1s")).await;
    lab.app.wait_deactivated("a", 2).await;
    let lab = lab.restart().await;
    let before = lab.app.matching(is_tick).len();
    lab.app.wait(before + 2, is_tick).await;
    assert_eq!(get(&lab).await.unwrap(), (Some("0s".into()), Some("@every 1s".into())));
}

pub async fn a_reminder_that_cannot_be_is_refused_with_the_reason(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    for period in ["P1D", "often"] {
        let error = lab.grpc.clone().register_actor_reminder(reminder("0s", period)).await.unwrap_err();
        let why = format!("error creating actor reminder: unsupported period format: {period}");
        assert_eq!((error.code(), error.message()), (Code::Internal, why.as_str()));
    }
    let elsewhere = RegisterActorReminderRequest { actor_type: "Elsewhere".into(), ..reminder("", "") };
    let error = lab.grpc.clone().register_actor_reminder(elsewhere).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied);
    assert_eq!(error.message(), "operations on actor reminders are only possible on hosted actor types");
    let nameless = RegisterActorReminderRequest { name: String::new(), ..reminder("0s", "") };
    let error = lab.grpc.clone().register_actor_reminder(nameless).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(error.message(), "invalid request: reminder name cannot be empty");

    let url = lab.url("/v1.0/actors/Elsewhere/a/reminders/r");
    let answer = lab.http.put(url).body("{}").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(answer.json::<Value>().await.unwrap()["errorCode"], "ERR_ACTOR_REMINDER_NON_HOSTED");
    assert!(lab.app.matching(|seen| seen.method == Method::PUT).is_empty());
}

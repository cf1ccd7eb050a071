//! What the app receives of a call and the caller of an answer (facts §2, checklist 7–13).

use crate::runtime::{Runtime, Setup};
use crate::support::{App, TYPE};
use axum::response::IntoResponse;
use dapr::dapr::proto::runtime::v1::InvokeActorRequest;
use http::StatusCode;
use std::collections::HashMap;
use tonic::Code;

behaviours![
    a_call_is_a_put_with_the_same_bytes_and_no_content_type,
    an_empty_call_says_that_it_is_empty,
    answers_come_back_byte_for_byte,
    over_http_the_verb_is_still_put_and_the_content_type_goes_along,
    what_stands_behind_the_question_mark_reaches_the_app,
    names_that_would_change_the_path_are_refused_before_the_app_is_called,
    dot_segments_of_a_method_are_resolved,
    a_message_over_the_limit_is_refused_in_the_words_of_grpc_go,
    an_answer_over_the_limit_is_refused_too_and_the_limit_can_be_set,
];

pub async fn a_call_is_a_put_with_the_same_bytes_and_no_content_type(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    let request = InvokeActorRequest {
        actor_type: TYPE.into(),
        actor_id: "user-1".into(),
        method: "Add".into(),
        data: b"{\"n\": 1 }".to_vec(),
        metadata: HashMap::from([
            ("X-Message-Id".into(), "m1".into()),
            ("Content-Type".into(), "application/json".into()),
            ("grpc-trace".into(), "t".into()),
            ("raw-bin".into(), "dropped".into()),
        ]),
    };
    let answer = lab.grpc.clone().invoke_actor(request).await.unwrap();
    assert_eq!(answer.into_inner().data, b"{\"n\": 1 }");

    let path = "/actors/Counter/user-1/method/Add";
    let seen = lab.app.wait(1, |seen| seen.is("PUT", path)).await.remove(0);
    assert_eq!(&seen.body[..], b"{\"n\": 1 }");
    assert_eq!(seen.header("content-type"), None);
    assert_eq!(seen.header("dapr-api-call"), Some("true"));
    assert_eq!(seen.header("x-message-id"), Some("m1"));
    assert_eq!(seen.header("dapr-grpc-trace"), Some("t"));
    for absent in ["raw-bin", "grpc-trace", "dapr-reentrancy-id"] {
        assert_eq!(seen.header(absent), None, "{absent}");
    }
}

pub async fn an_empty_call_says_that_it_is_empty(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    lab.invoke("a", "Get", "").await.unwrap();
    let seen = lab.app.wait(1, |seen| seen.method == "PUT").await.remove(0);
    assert_eq!(seen.header("content-length"), Some("0"));
}

pub async fn answers_come_back_byte_for_byte(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    let long = "x".repeat(8 * 1024);
    for body in ["", "null", "false", "0", "\"\"", "\u{0}\u{1}", &long] {
        let answer = lab.invoke("a", "Echo", body).await.unwrap();
        assert_eq!(answer, body.as_bytes());
    }
}

pub async fn over_http_the_verb_is_still_put_and_the_content_type_goes_along(runtime: Runtime) {
    let app =
        App::answering(|_| async { ([("content-type", "text/x-own"), ("x-own", "yes")], "answer").into_response() });
    let lab = runtime.start(app).await;
    let url = lab.url("/v1.0/actors/Counter/a/method/Read");
    let answer = lab
        .http
        .post(url)
        .header("content-type", "application/json")
        .header("x-caller", "me")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "text/x-own");
    assert_eq!(answer.headers()["x-own"], "yes");
    assert_eq!(answer.text().await.unwrap(), "answer");
    let seen = lab.app.wait(1, |seen| seen.method == "PUT").await.remove(0);
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("x-caller"), Some("me"));
    assert_eq!(seen.header("dapr-api-call"), Some("true"));
}

pub async fn what_stands_behind_the_question_mark_reaches_the_app(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    let url = lab.url("/v1.0/actors/Counter/q/method/Echo?a=1&b=x%20y");
    let answer = lab.http.put(url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let seen = lab.app.wait(1, |seen| seen.method == "PUT").await.remove(0);
    let (path, query) = seen.path.split_once('?').unwrap();
    assert_eq!(path, "/actors/Counter/q/method/Echo");
    assert_eq!(query.replace('+', "%20"), "a=1&b=x%20y", "daprd writes it anew");
}

pub async fn names_that_would_change_the_path_are_refused_before_the_app_is_called(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    let error = lab.invoke("a/b", "Echo", "").await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(error.message(), "invalid actorId: name contains forbidden character: \"a/b\"");
    let error = lab.invoke("a", "x?y", "").await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(error.message().starts_with("invalid actor method: "), "{error}");

    let url = lab.url("/v1.0/actors/Counter/a%2Fb/method/Echo");
    let answer = lab.http.put(url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(answer.text().await.unwrap().contains("ERR_BAD_REQUEST"));
    assert!(lab.app.matching(|seen| seen.method == "PUT").is_empty());
}

pub async fn dot_segments_of_a_method_are_resolved(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    lab.invoke("a", "x/../y", "").await.unwrap();
    lab.app.wait(1, |seen| seen.is("PUT", "/actors/Counter/a/method/y")).await;
}

pub async fn a_message_over_the_limit_is_refused_in_the_words_of_grpc_go(runtime: Runtime) {
    let lab = runtime.start(App::echo()).await;
    let error = lab.invoke("a", "Echo", &"x".repeat(5 * 1024 * 1024)).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    let text = error.message();
    assert!(text.starts_with("grpc: received message larger than max ("), "{text}");
    assert!(text.ends_with(" vs. 4194304)"), "{text}");
    assert!(lab.app.matching(|seen| seen.method == "PUT").is_empty());
}

pub async fn an_answer_over_the_limit_is_refused_too_and_the_limit_can_be_set(runtime: Runtime) {
    let app = App::answering(|_| async { "x".repeat(2000).into_response() });
    let lab = runtime.with(app, Setup { max_body_bytes: Some(1000), ..Setup::default() }).await;
    let error = lab.invoke("a", "Read", "").await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    let text = error.message();
    assert!(text.starts_with("grpc: trying to send message larger than max ("), "{text}");
    assert!(text.ends_with(" vs. 1000)"), "{text}");
}

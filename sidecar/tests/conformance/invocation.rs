//! Service invocation: an app's methods, called through its own sidecar.

use axum::response::{IntoResponse, Response};
use dapr::dapr::proto::common::v1::http_extension::Verb;
use dapr::dapr::proto::common::v1::{HttpExtension, InvokeRequest};
use dapr::dapr::proto::runtime::v1::InvokeServiceRequest;
use http::{Method, StatusCode};
use prost_types::Any;
use tonic::Code;

use crate::runtime::{Lab, Runtime};
use crate::support::App;

behaviours![
    a_method_is_called_with_its_verb_query_headers_and_body,
    the_app_is_named_in_a_header_too,
    whatever_the_app_answers_is_the_answer,
    an_answer_without_a_content_type_is_given_the_one_that_it_looks_like,
    a_method_is_called_over_grpc,
    an_app_that_is_not_there_is_named,
];

fn app() -> App {
    App::answering(|seen| async move {
        let path = seen.path.split('?').next().unwrap();
        let status = path.strip_prefix("/status/").and_then(|code| code.parse().ok()).unwrap_or(200);
        let headers = [("x-own", "1"), ("content-type", "text/own")];
        (StatusCode::from_u16(status).unwrap(), headers, seen.body).into_response()
    })
}

pub async fn a_method_is_called_with_its_verb_query_headers_and_body(runtime: Runtime) {
    let lab = runtime.start(app()).await;
    for verb in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let url = lab.url("/v1.0/invoke/app/method/orders/1?a=b&c=%20d");
        let request = lab.http.request(verb.clone(), url).header("x-given", "2").header("content-type", "text/given");
        let answer = request.body("body").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{verb}");
        assert_eq!(answer.headers()["x-own"], "1");
        assert_eq!(answer.headers()["content-type"], "text/own");
        assert_eq!(answer.text().await.unwrap(), "body");
        let seen = lab.app.wait(1, |seen| seen.method == verb && seen.path == "/orders/1?a=b&c=%20d").await.remove(0);
        assert_eq!((seen.header("x-given"), seen.header("content-type")), (Some("2"), Some("text/given")));
    }
}

pub async fn the_app_is_named_in_a_header_too(runtime: Runtime) {
    let lab = runtime.start(app()).await;
    let answer = lab.http.get(lab.url("/orders/2?x=y")).header("dapr-app-id", "app").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let seen = lab.app.wait(1, |seen| seen.is("GET", "/orders/2?x=y")).await.remove(0);
    assert_eq!(seen.header("dapr-app-id"), None);
}

pub async fn whatever_the_app_answers_is_the_answer(runtime: Runtime) {
    let lab = runtime.start(app()).await;
    for status in [201, 302, 404, 500, 503] {
        let url = lab.url(&format!("/v1.0/invoke/app/method/status/{status}"));
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let answer = client.post(url).body("why").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.text().await.unwrap(), "why", "{status}");
        let path = format!("/status/{status}");
        assert_eq!(lab.app.matching(|seen| seen.path == path).len(), 1, "{status}: once");
    }
}

async fn invoke(
    lab: &Lab,
    id: &str,
    method: &str,
) -> Result<tonic::Response<dapr::dapr::proto::common::v1::InvokeResponse>, tonic::Status> {
    let message = InvokeRequest {
        method: method.into(),
        data: Some(Any { type_url: String::new(), value: b"body".to_vec() }),
        content_type: "text/given".into(),
        http_extension: Some(HttpExtension { verb: Verb::Put.into(), querystring: "a=b".into() }),
    };
    lab.grpc.clone().invoke_service(InvokeServiceRequest { id: id.into(), message: Some(message) }).await
}

pub async fn an_answer_without_a_content_type_is_given_the_one_that_it_looks_like(runtime: Runtime) {
    let lab = runtime.start(App::answering(|seen| async move { Response::new(seen.body.into()) })).await;
    for (body, kind) in [
        ("5", Some("text/plain; charset=utf-8")),
        (r#"{"a": 1}"#, Some("text/plain; charset=utf-8")),
        ("", None),
        ("\n<!doctype html>", Some("text/html; charset=utf-8")),
        ("<?xml?>", Some("text/xml; charset=utf-8")),
        ("%PDF-1.7", Some("application/pdf")),
        ("a\0b", Some("application/octet-stream")),
    ] {
        let of_actors = Some("application/json");
        for (path, kind) in [("/v1.0/invoke/app/method/m", kind), ("/v1.0/actors/Counter/a/method/m", of_actors)] {
            let answer = lab.http.put(lab.url(path)).body(body).send().await.unwrap();
            let found = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap());
            assert_eq!(found, kind, "{path}: {body:?}");
        }
    }
}

pub async fn a_method_is_called_over_grpc(runtime: Runtime) {
    let lab = runtime.start(app()).await;
    let answer = invoke(&lab, "app", "orders").await.unwrap();
    assert_eq!(answer.metadata().get("x-own").unwrap(), "1");
    let answer = answer.into_inner();
    assert_eq!((answer.content_type.as_str(), answer.data.unwrap().value.as_slice()), ("text/own", &b"body"[..]));
    let seen = lab.app.wait(1, |seen| seen.is("PUT", "/orders?a=b")).await.remove(0);
    assert_eq!(seen.header("content-type"), Some("text/given"));
    for (status, code) in
        [(404, Code::NotFound), (500, Code::Unknown), (409, Code::AlreadyExists), (403, Code::PermissionDenied)]
    {
        let error = invoke(&lab, "app", &format!("status/{status}")).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert_eq!(error.message(), StatusCode::from_u16(status).unwrap().canonical_reason().unwrap());
    }
}

pub async fn an_app_that_is_not_there_is_named(runtime: Runtime) {
    let lab = runtime.start(app()).await;
    let answer = lab.http.get(lab.url("/v1.0/invoke/nobody/method/m")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let text = answer.text().await.unwrap();
    assert!(text.contains("ERR_DIRECT_INVOKE") && text.contains("failed to invoke, id: nobody, err: "), "{text}");
    let error = invoke(&lab, "nobody", "m").await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert!(error.message().contains("failed to invoke, id: nobody, err: "), "{error}");
}

//! Who may call, and how much: web pages, other names, answers and names without a limit.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use axum::response::IntoResponse;
use http::{Method, StatusCode};
use support::{App, Lab, PUBSUB, STORE, TYPE};

/// Every route, and whether a program's request for it is answered with success.
const ROUTES: [(&str, &str); 12] = [
    ("GET", "/v1.0/healthz"),
    ("GET", "/v1.0/healthz/outbound"),
    ("GET", "/v1.0/metadata"),
    ("PUT", "/v1.0/metadata/k"),
    ("GET", "/v1.0/actors/Counter/a/method/m"),
    ("POST", "/v1.0/actors/Counter/a/method/m"),
    ("PUT", "/v1.0/actors/Counter/a/state"),
    ("GET", "/v1.0/actors/Counter/a/state/k"),
    ("PUT", "/v1.0/actors/Counter/a/timers/t"),
    ("POST", "/v1.0/publish/bus/t"),
    ("POST", "/v1.0/shutdown"),
    ("GET", "/nothing"),
];

#[tokio::test]
async fn a_web_page_and_a_foreign_name_are_refused_on_every_route() {
    let lab = Lab::start(App::echo()).await;
    for (method, path) in ROUTES {
        for (name, value) in [
            ("host", "evil.example"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/json"] {
                let request = lab.http.request(Method::try_from(method).unwrap(), lab.url(path));
                let answer = request.header(name, value).header("content-type", content_type).body("{}").send().await;
                let answer = answer.unwrap();
                assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{method} {path} {name}: {value}");
                assert!(!answer.headers().contains_key("access-control-allow-origin"));
            }
        }
    }
    // A preflight is refused too.
    let ask = lab.http.request(Method::OPTIONS, lab.url("/v1.0/shutdown")).header("origin", "https://evil.example");
    let answer = ask.header("access-control-request-method", "POST").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(lab.app.matching(|seen| seen.path.starts_with("/actors")).is_empty());
    let alive = lab.http.get(lab.url("/v1.0/healthz")).send().await.unwrap();
    assert_eq!(alive.status(), StatusCode::NO_CONTENT, "a program, and nobody has ended it");
}

#[tokio::test]
async fn text_of_a_program_is_taken_and_so_is_the_page_that_was_named() {
    let named = "http://app.example:8000";
    let lab = Lab::with(App::echo(), &[STORE, PUBSUB], |config| config.allowed_origins = vec![named.into()]).await;
    let url = lab.url("/v1.0/publish/bus/t");
    let program = lab.http.post(&url).header("content-type", "text/plain").body("text");
    assert_eq!(program.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    let page = || lab.http.post(&url).header("sec-fetch-site", "cross-site").body("text");
    let answer = page().header("origin", named).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(answer.headers()["access-control-allow-origin"], named);
    let other = page().header("origin", "http://app.example").send().await.unwrap();
    assert_eq!(other.status(), StatusCode::FORBIDDEN);
    let ask = lab.http.request(Method::OPTIONS, &url).header("origin", named);
    let answer = ask.header("access-control-request-method", "POST").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_answer_over_the_limit_is_refused_over_http_too() {
    let app = App::answering(|_| async { "x".repeat(2000).into_response() });
    let lab = Lab::with(app, &[STORE], |config| config.max_body_bytes = 1000).await;
    let url = lab.url(&format!("/v1.0/actors/{TYPE}/a/method/Read"));
    let answer = lab.http.put(url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let text = answer.text().await.unwrap();
    assert!(text.contains("larger than max (2000 vs. 1000)"), "{text}");
}

#[tokio::test]
async fn names_that_callers_invent_take_a_bounded_room_in_the_metadata() {
    let lab = Lab::start(App::echo()).await;
    let put = async |name: &str, size: usize| {
        let url = lab.url(&format!("/v1.0/metadata/{name}"));
        lab.http.put(url).body("x".repeat(size)).send().await.unwrap().status()
    };
    assert_eq!(put("a", 40_000).await, StatusCode::NO_CONTENT);
    assert_eq!(put("a", 50_000).await, StatusCode::NO_CONTENT, "in the place of the other");
    assert_eq!(put("b", 50_000).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(put("c", 10).await, StatusCode::NO_CONTENT);
}

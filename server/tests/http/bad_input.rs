//! What is refused, with which status and words, and that nothing is changed by it.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::Lab;

fn code(body: &Value) -> &str {
    assert!(body["error"]["message"].as_str().is_some_and(|message| message.len() > 10), "no words in {body}");
    body["error"]["code"].as_str().unwrap()
}

/// That nothing was stored and no turn was taken.
async fn untouched(lab: &Lab, actor: &str) {
    let (_, timeline) = lab.get_json(&format!("/api/lab/{actor}/timeline")).await;
    assert_eq!(timeline["events"], json!([]));
    let (_, panels) = lab.get_json(&format!("/api/lab/{actor}")).await;
    assert_eq!(panels["history"]["Ok"], json!([]));
}

#[tokio::test]
async fn actor_ids_are_checked_at_every_door() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let long = "x".repeat(65);
    for id in ["a%20b", "a%2Fb", "a|b", "%C3%A9", "a%00b", &long] {
        for path in [format!("/chat/{id}/history"), format!("/events/{id}"), format!("/api/lab/{id}/checks")] {
            let (status, body) = lab.get_json(&path).await;
            assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "invalid_actor_id"), "{path}");
        }
        let (status, body) = lab.say(id, "Hi there").await;
        assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "invalid_actor_id"), "{id}");
    }
    // The two dot names never reach a path, they are folded away on the way; a form can hold them.
    for id in [".", ".."] {
        let form = format!("actor={id}&content=Hi&message_id=m1");
        let response = lab
            .client
            .post(format!("{}/api/send_message", lab.origin))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert!(response.text().await.unwrap().contains("taken for a folder"));
    }
    lab.stop().await;
}

#[tokio::test]
async fn messages_are_checked_before_a_turn_is_taken() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let big = json!({"role": "user", "content": "x".repeat(17 * 1024)}).to_string();
    let cases: [(&str, &str, StatusCode, &str); 11] = [
        ("application/json", "Hi there", StatusCode::BAD_REQUEST, "invalid_request"),
        ("application/json", "", StatusCode::BAD_REQUEST, "invalid_request"),
        ("application/json", "[]", StatusCode::BAD_REQUEST, "invalid_request"),
        ("application/json", r#"{"role":"user"}"#, StatusCode::BAD_REQUEST, "invalid_request"),
        ("application/json", r#"{"role":"user","content":""}"#, StatusCode::BAD_REQUEST, "invalid_request"),
        ("application/json", r#"{"role":"user","content":7}"#, StatusCode::BAD_REQUEST, "invalid_request"),
        ("application/json", r#"{"role":"assistant","content":"Hi"}"#, StatusCode::BAD_REQUEST, "invalid_request"),
        ("application/json", r#"{"role":"system","content":"Hi"}"#, StatusCode::BAD_REQUEST, "invalid_request"),
        ("application/json", &big, StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        ("text/plain", r#"{"content":"Hi"}"#, StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
        ("", r#"{"content":"Hi"}"#, StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
    ];
    for (kind, body, status, expected) in cases {
        let mut request = lab.client.post(format!("{}/chat/user1", lab.origin)).body(body.to_owned());
        if !kind.is_empty() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{kind} {body:.60}");
        assert_eq!(code(&response.json().await.unwrap()), expected, "{kind} {body:.60}");
    }
    let bad_key = lab
        .client
        .post(format!("{}/chat/user1", lab.origin))
        .header("idempotency-key", "x".repeat(65))
        .json(&json!({"content": "Hi"}));
    assert_eq!(bad_key.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    let huge = lab.client.post(format!("{}/api/send_message", lab.origin)).body("x".repeat(100 * 1024));
    let huge = huge.send().await.unwrap();
    assert_eq!(huge.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(code(&huge.json().await.unwrap()), "too_large");
    untouched(&lab, "user1").await;
    lab.stop().await;
}

/// Puts each of these and sees that the field is refused by name, with words that say what it may be.
async fn refused(lab: &Lab, path: &str, cases: &[(Value, &str, &str)]) {
    for (setting, field, words) in cases {
        let (status, body) = lab.put_json(path, setting.clone()).await;
        assert_eq!((status, code(&body)), (StatusCode::UNPROCESSABLE_ENTITY, "invalid_field"), "{setting}");
        assert_eq!(body["error"]["field"], *field, "{setting}: {body}");
        assert!(body["error"]["message"].as_str().unwrap().contains(words), "{setting}: {body}");
    }
}

fn plan(fault: Value) -> Value {
    json!({"on": true, "plan": [fault]})
}

#[tokio::test]
async fn the_switch_takes_no_plan_that_it_cannot_keep() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let (_, before) = lab.get_json("/api/lab/user1/fault").await;
    let cases = [
        (plan(json!({"operation": "load", "attempts": 0})), "plan[0].attempts", "1 to 10"),
        (plan(json!({"operation": "load", "attempts": 11})), "plan[0].attempts", "1 to 10"),
        (plan(json!({"operation": "load", "attempts": -1})), "plan[0].attempts", "1 to 10"),
        (plan(json!({"operation": "load", "attempts": 1.5})), "plan[0].attempts", "1 to 10"),
        (plan(json!({"operation": "load", "attempts": "two"})), "plan[0].attempts", "1 to 10"),
        (plan(json!({"operation": "read"})), "plan[0].operation", "load, save or publish"),
        (plan(json!({})), "plan[0].operation", "load, save or publish"),
        (plan(json!({"operation": "delete"})), "plan[0].operation", "load, save or publish"),
        (plan(json!({"operation": "load", "kind": "melt"})), "plan[0].kind", "error, delay, hang or flaky"),
        (plan(json!({"operation": "load", "kind": "delay"})), "plan[0].ms", "missing"),
        (plan(json!({"operation": "load", "kind": "delay", "ms": 10_001})), "plan[0].ms", "1 to 10000"),
        (plan(json!({"operation": "load", "ms": 5})), "plan[0].ms", "kind delay"),
        (plan(json!({"operation": "load", "kind": "flaky", "percent": 101})), "plan[0].percent", "1 to 100"),
        (plan(json!({"operation": "load", "kind": "flaky", "percent": 5, "seed": -1})), "plan[0].seed", "4294967295"),
        (plan(json!({"operation": "load", "span": "ever"})), "plan[0].span", "first, next or until_off"),
        (plan(json!({"operation": "load", "span": "until_off", "attempts": 2})), "plan[0].attempts", "first and next"),
        (plan(json!({"operation": "publish", "layer": "store"})), "plan[0].layer", "Use actor"),
        (plan(json!({"kind": "refuse", "layer": "wire"})), "plan[0].layer", "no wire to Redis"),
        (plan(json!({"kind": "refuse", "layer": "wire"})), "plan[0].layer", "Use actor or store"),
        (plan(json!({"kind": "hang", "layer": "wire"})), "plan[0].kind", "refuse, stall, delay or cut"),
        (plan(json!({"operation": "load", "kind": "cut", "layer": "wire"})), "plan[0].operation", "Leave it away"),
        (plan(json!({"kind": "cut", "span": "first", "layer": "wire"})), "plan[0].span", "until_off"),
        (plan(json!({"operation": "load", "kind": "refuse"})), "plan[0].kind", "error, delay, hang or flaky"),
        (plan(json!({"operation": "load", "layer": "moon"})), "plan[0].layer", "actor, store or wire"),
        (plan(json!({"operation": "load", "probability": 0.5})), "plan[0].probability", "unknown field"),
        (json!({"on": true, "plan": []}), "plan", "1 to 8"),
        (json!({"on": true, "plan": vec![json!({"operation": "load"}); 9]}), "plan", "1 to 8"),
        (json!({"on": true, "plan": {"operation": "load"}}), "plan", "a list of 1 to 8 faults"),
        (
            json!({"on": true, "plan": [{"operation": "load", "span": "until_off"}, {"operation": "load"}]}),
            "plan[1]",
            "can never fire",
        ),
        (
            json!({"on": true, "plan": [
                {"operation": "load", "kind": "hang", "attempts": 3}, {"operation": "save", "kind": "hang", "attempts": 3}
            ]}),
            "plan",
            "44.8 s",
        ),
        (json!({"on": true, "attempts": 1}), "attempts", "unknown field"),
        (json!({"on": "yes"}), "on", "true or false"),
        (json!({}), "on", "true or false"),
    ];
    refused(&lab, "/api/lab/user1/fault", &cases).await;
    let (status, body) = lab.put_json("/api/lab/a%20b/fault", json!({"on": false})).await;
    assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "invalid_actor_id"));
    assert_eq!(lab.get_json("/api/lab/user1/fault").await.1, before);
    untouched(&lab, "user1").await;
    lab.stop().await;
}

#[tokio::test]
async fn the_policy_takes_no_number_that_it_cannot_keep() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let (_, before) = lab.get_json("/api/lab/user1/policy").await;
    let cases = [
        (json!({"attempts": 0}), "attempts", "1 to 10"),
        (json!({"attempts": 11}), "attempts", "1 to 10"),
        (json!({"attempts": 300}), "attempts", "1 to 10"),
        (json!({"attempts": null}), "attempts", "1 to 10"),
        (json!({"delay_ms": -1}), "delay_ms", "0 to 60000"),
        (json!({"delay_ms": 60_001}), "delay_ms", "0 to 60000"),
        (json!({"backoff": "fibonacci"}), "backoff", "constant or exponential"),
        (json!({"backoff": "exponential", "max_delay_ms": 500}), "max_delay_ms", "below delay_ms"),
        (json!({"max_delay_ms": 60_001}), "max_delay_ms", "0 to 60000"),
        (json!({"jitter_percent": 101}), "jitter_percent", "0 to 100"),
        (json!({"seed": 4_294_967_296_u64}), "seed", "4294967295"),
        (json!({"attempt_timeout_ms": 99}), "attempt_timeout_ms", "100 to 6800"),
        (json!({"attempt_timeout_ms": 6_801}), "attempt_timeout_ms", "100 to 6800"),
        (json!({"tries": 3}), "tries", "unknown field"),
        (json!({"attempts": 10, "delay_ms": 60_000}), "delay_ms", "1080.0 s"),
    ];
    refused(&lab, "/api/lab/user1/policy", &cases).await;
    assert_eq!(lab.get_json("/api/lab/user1/policy").await.1, before);
    // What is no JSON, or says that it is none, is no matter of a field.
    let put = lab.client.put(format!("{}/api/lab/user1/policy", lab.origin));
    let broken = put.header(header::CONTENT_TYPE, "application/json").body("{\"attempts\": 3").send().await.unwrap();
    assert_eq!(broken.status(), StatusCode::BAD_REQUEST);
    assert_eq!(code(&broken.json().await.unwrap()), "invalid_request");
    untouched(&lab, "user1").await;
    lab.stop().await;
}

#[tokio::test]
async fn a_policy_is_held_to_the_plan_that_is_set_and_a_plan_to_the_policy() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let hang = |operation: &str| json!({"operation": operation, "kind": "hang", "attempts": 3, "layer": "store"});
    let hangs = json!({"on": true, "plan": [hang("load"), hang("save")]});
    let quick = json!({"attempt_timeout_ms": 500});
    assert_eq!(lab.put_json("/api/lab/user1/policy", quick).await.0, StatusCode::OK);
    assert_eq!(lab.put_json("/api/lab/user1/fault", hangs.clone()).await.0, StatusCode::OK);
    refused(&lab, "/api/lab/user1/policy", &[(json!({}), "attempt_timeout_ms", "44.8 s")]).await;
    let (_, other) = lab.put_json("/api/lab/user2/fault", hangs).await;
    assert_eq!(other["error"]["field"], "plan", "another lab has another policy");
    lab.stop().await;
}

#[tokio::test]
async fn unknown_paths_and_methods_are_said_in_one_shape() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    for path in ["/api/nope", "/chat", "/chat/user1/nope", "/events/", "/api/lab/user1/nope", "/dapr/subscribe"] {
        let (status, body) = lab.get_json(path).await;
        assert_eq!((status, code(&body)), (StatusCode::NOT_FOUND, "not_found"), "{path}");
    }
    let response = lab.client.delete(format!("{}/chat/user1", lab.origin)).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(code(&response.json().await.unwrap()), "method_not_allowed");
    let page = lab.get("/nope").await;
    assert_eq!(page.status(), StatusCode::NOT_FOUND);
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    lab.stop().await;
}

#[tokio::test]
async fn an_address_that_is_not_as_it_has_to_be_is_refused_in_the_one_shape() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    for path in [
        "/events/user1?after=1&after=2",
        "/events/user1?after=1-1&after=1-2",
        "/api/lab/user1/prediction?message_id=a&message_id=b",
        "/api/lab/user1/turn/%FF",
        "/api/recordings/%FF",
    ] {
        let (status, body) = lab.get_json(path).await;
        assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "invalid_request"), "{path}");
    }
    for path in ["/recording/%FF", "/recording/x?bar=1&bar=2"] {
        let page = lab.get(path).await;
        assert_eq!(page.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(page.text().await.unwrap().contains("There is no such recording"), "{path}");
    }
    let upload = lab.client.post(format!("{}/recording", lab.origin)).body("no form").send().await.unwrap();
    assert_eq!(upload.status(), StatusCode::BAD_REQUEST);
    assert!(upload.text().await.unwrap().contains("The form cannot be read"));
    untouched(&lab, "user1").await;
    lab.stop().await;
}

#[tokio::test]
async fn the_sidecar_s_private_door_is_not_on_the_public_listener() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let call = lab.client.put(format!("{}/actors/ChatAgent/user1/method/ProcessMessage", lab.origin));
    assert_eq!(call.body("{}").send().await.unwrap().status(), StatusCode::NOT_FOUND);
    let event = lab.client.post(format!("{}/subscribe", lab.origin)).body("{}").send().await.unwrap();
    assert_eq!(event.status(), StatusCode::NOT_FOUND);
    untouched(&lab, "user1").await;
    lab.stop().await;
}

#[tokio::test]
async fn other_sites_and_foreign_hosts_are_refused() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let send = |name: &'static str, value: &'static str| {
        let form = "actor=user1&content=Hi&message_id=m1";
        lab.client
            .post(format!("{}/api/send_message", lab.origin))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(name, value)
            .body(form)
            .send()
    };
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("host", "evil.example"),
    ] {
        let response = send(name, value).await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{name}: {value}");
        assert_eq!(code(&response.json().await.unwrap()), "forbidden");
    }
    let read = lab.client.get(format!("{}/chat/user1/history", lab.origin)).header("host", "evil.example:8000");
    assert_eq!(read.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    // What only looks takes turns all the same: an image of another site's page asks for it, or a form.
    let (_, api) = lab.get_json("/openapi.json").await;
    let paths = api["paths"].as_object().unwrap().keys();
    let paths = paths.map(|path| path.replace("{actor_id}", "user1").replace("{number}", "1").replace("{id}", "x"));
    for path in paths.chain(["/api/panels".to_owned(), "/openapi.json".to_owned()]) {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::POST] {
            let asked = lab.client.request(method.clone(), format!("{}{path}", lab.origin));
            let answer = asked.header("sec-fetch-site", "cross-site").send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{method} {path}");
        }
    }
    for path in ["/", "/lab/user1", "/docs", "/pkg/app.c.css"] {
        let link = lab.client.get(format!("{}{path}", lab.origin)).header("sec-fetch-site", "cross-site");
        assert_eq!(link.send().await.unwrap().status(), StatusCode::OK, "{path}: a link may lead here from anywhere");
    }
    untouched(&lab, "user1").await;
    lab.stop().await;
}

#[tokio::test]
async fn a_sidecar_that_is_away_is_an_error_and_never_an_empty_list() {
    let data = TempDir::new().unwrap();
    // A port that was free a moment ago: nobody answers there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let lab = Lab::start_with(data.path(), |config| config.dapr.dapr_grpc_port = Some(port)).await;
    let (status, body) = lab.say("user1", "Hi there").await;
    assert_eq!((status, code(&body)), (StatusCode::SERVICE_UNAVAILABLE, "sidecar_unreachable"));
    let (status, body) = lab.get_json("/chat/user1/history").await;
    assert_eq!((status, code(&body)), (StatusCode::SERVICE_UNAVAILABLE, "sidecar_unreachable"));
    let (_, panels) = lab.get_json("/api/lab/user1").await;
    assert_eq!(panels["history"]["Err"]["code"], "sidecar_unreachable");
    let page = lab.get("/").await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.text().await.unwrap().contains("sidecar"));
    lab.stop().await;
}

//! Whatever comes to the doors, it is answered as it was meant or refused with a reason: never a fault of the program,
//! never no answer.

use model::message::Message;
use proptest::{collection::vec, option, prelude::*, sample::select};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::{Lab, PATIENCE};

const BAD: [StatusCode; 4] = [
    StatusCode::BAD_REQUEST,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::UNPROCESSABLE_ENTITY,
];

/// A lab for many cases, and what runs it.
fn lab() -> (Runtime, TempDir, Lab) {
    let (runtime, data) = (Runtime::new().unwrap(), TempDir::new().unwrap());
    let lab = runtime.block_on(async {
        let lab = Lab::start(data.path()).await;
        lab.switch_off("user1").await;
        lab
    });
    (runtime, data, lab)
}

/// So many cases, and more in the same proportion if `PROPTEST_CASES` asks for more than the usual 256.
fn config(cases: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    let cases = cases * usual.cases / 256;
    ProptestConfig { cases, failure_persistence: None, max_shrink_time: 20_000, ..usual }
}

/// JSON of names that mean something at some door.
fn soup() -> impl Strategy<Value = Value> {
    let word = select(&["user", "assistant", "load", "save", "delay", "hang", "store", "constant", "refuse", ""][..]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0..12_u64).prop_map(Value::from),
        word.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let name = select(
        &[
            "role",
            "content",
            "on",
            "plan",
            "operation",
            "kind",
            "ms",
            "span",
            "attempts",
            "layer",
            "delay_ms",
            "seed",
            "fault",
        ][..],
    );
    leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((name.clone(), inner), 0..5)
                .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

/// A body: any bytes, any JSON, or a message with any content.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let content = prop_oneof![6 => any::<String>(), 1 => "[a-zä]{8000,20000}", 1 => " {0,4}"];
    prop_oneof![
        1 => vec(any::<u8>(), 0..40),
        1 => soup().prop_map(|json| json.to_string().into_bytes()),
        1 => (1..5_000_usize).prop_map(|depth| "[".repeat(depth).into_bytes()),
        4 => content.prop_map(|content| json!({"role": "user", "content": content}).to_string().into_bytes()),
    ]
}

fn kind() -> impl Strategy<Value = Option<&'static str>> {
    let kinds = ["application/json", "application/json; charset=utf-8", "text/plain", "application/", ";", "a/b+json"];
    prop_oneof![4 => Just(Some("application/json")), 1 => option::of(select(kinds.to_vec()))]
}

/// Sends it; the answer is there in time, and if it refuses it says why.
async fn answer(request: RequestBuilder) -> Result<(StatusCode, Value), TestCaseError> {
    let broken = |error: reqwest::Error| TestCaseError::fail(format!("no whole answer: {error:?}"));
    let response = request.timeout(PATIENCE).send().await.map_err(broken)?;
    let status = response.status();
    let text = response.text().await.map_err(broken)?;
    let body: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if status != StatusCode::OK {
        prop_assert!(BAD.contains(&status), "{status}: {text}");
        let words = body["error"]["message"].as_str().unwrap_or_default();
        prop_assert!(words.len() > 10 && body["error"]["code"].is_string(), "{status}: {text}");
    }
    Ok((status, body))
}

#[test]
fn any_message_is_stored_as_it_was_sent_or_refused() {
    let (runtime, _data, lab) = lab();
    proptest!(config(192), |(body in body(), kind in kind(), id in option::of("[ -~]{0,70}"))| {
        let mut request = lab.client.post(format!("{}/chat/user1", lab.origin)).body(body.clone());
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        // An id of its own for each case: a repeat would be answered from what is stored.
        if let Some(id) = id {
            request = request.header("idempotency-key", id + &uuid::Uuid::new_v4().to_string()[..8]);
        }
        let (status, answer) = runtime.block_on(answer(request))?;
        if status == StatusCode::OK {
            let sent: Value = serde_json::from_slice(&body).unwrap();
            let content = sent["content"].as_str().unwrap();
            let both = [Message::user(content), Message::reply_to(content)];
            prop_assert_eq!(&answer["response"], &json!(both[1]));
            let (_, stored) = runtime.block_on(lab.get_json("/chat/user1/history"));
            let history: Vec<Message> = serde_json::from_value(stored["history"].clone()).unwrap();
            prop_assert!(history.ends_with(&both), "{history:?}");
        }
    });
    runtime.block_on(lab.stop());
}

#[test]
fn any_setting_is_taken_or_refused() {
    let (runtime, _data, lab) = lab();
    let bodies = || prop_oneof![4 => soup().prop_map(|json| json.to_string().into_bytes()), 1 => body()];
    proptest!(config(192), |(body in bodies(), kind in kind(), door in select(&["fault", "policy"][..]))| {
        let mut request = lab.client.put(format!("{}/api/lab/user1/{door}", lab.origin)).body(body);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let (status, answer) = runtime.block_on(answer(request))?;
        if status == StatusCode::OK {
            let now = runtime.block_on(lab.get_json(&format!("/api/lab/user1/{door}"))).1;
            prop_assert_eq!(now, answer, "what is answered is what stands");
        }
    });
    runtime.block_on(lab.stop());
}

#[test]
fn any_place_in_the_stream_is_found_or_refused() {
    let (runtime, _data, lab) = lab();
    let place = || prop_oneof!["[0-9]{0,22}-[0-9]{0,22}", "[ -~]{0,20}", "\\PC{0,10}"];
    proptest!(config(128), |(after in option::of(place()), last in option::of(place()))| {
        let url = format!("{}/events/user1", lab.origin);
        let after = after.as_ref().map(|after| ("after", after));
        let mut request = lab.client.get(reqwest::Url::parse_with_params(&url, after).unwrap());
        if let Some(Ok(last)) = last.map(|last| reqwest::header::HeaderValue::from_str(&last)) {
            request = request.header("last-event-id", last);
        }
        // Only its beginning: a stream has no end.
        let response = runtime.block_on(async { request.timeout(PATIENCE).send().await }).unwrap();
        let status = response.status();
        prop_assert!(status == StatusCode::OK || status == StatusCode::BAD_REQUEST, "{status}");
        if status == StatusCode::BAD_REQUEST {
            let words = runtime.block_on(response.text()).unwrap();
            prop_assert!(words.contains("<epoch>-<number>"), "{words}");
        }
    });
    runtime.block_on(lab.stop());
}

#[test]
fn any_actor_in_a_path_is_read_or_refused() {
    let (runtime, _data, lab) = lab();
    let raw = prop_oneof!["[A-Za-z0-9._~-]{1,70}", "(%[0-9A-F]{2}|[a-z]){1,12}", "[!-~&&[^/?#]]{1,12}"];
    proptest!(config(128), |(id in raw, door in select(&["/chat/{}/history", "/api/lab/{}", "/api/lab/{}/checks"][..]))| {
        let url = format!("{}{}", lab.origin, door.replace("{}", &id));
        let (status, _) = runtime.block_on(async {
            let response = lab.client.get(&url).timeout(PATIENCE).send().await.unwrap();
            (response.status(), response.bytes().await.unwrap())
        });
        // A dot name is folded away before it leaves, and asks for another page.
        let answers = [StatusCode::OK, StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
        prop_assert!(answers.contains(&status), "{url}: {status}");
    });
    runtime.block_on(lab.stop());
}

#[test]
fn a_list_is_not_taken_for_an_object_whose_fields_it_gives_in_their_order() {
    let (runtime, _data, lab) = lab();
    let said = runtime.block_on(lab.post_json("/chat/user1", json!(["user", "Hi there"])));
    let set = runtime.block_on(lab.put_json("/api/lab/user1/fault", json!([false])));
    for (status, body) in [said, set] {
        assert_eq!(
            (status, body["error"]["code"].as_str()),
            (StatusCode::BAD_REQUEST, Some("invalid_request")),
            "{body}"
        );
    }
    runtime.block_on(lab.stop());
}

//! A recorded turn: out of a lab, in again, and as a page.

use reqwest::{Client, Response, StatusCode, header, redirect::Policy};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{Lab, PATIENCE};

/// A lab in which one message recovered from the lesson's failure, and its turn as a document.
async fn recorded(data: &TempDir) -> (Lab, Value) {
    let lab = Lab::start(data.path()).await;
    let mut events = lab.follow("/events/user1", None).await;
    assert_eq!(lab.say("user1", "Hi <b>there</b>").await.0, StatusCode::OK);
    // The last thing that belongs to the turn: what it published comes back.
    events.until("event_delivered").await;
    let (status, document) = lab.get_json("/api/lab/user1/turn/1").await;
    assert_eq!(status, StatusCode::OK, "{document}");
    (lab, document)
}

async fn post(lab: &Lab, body: String) -> (StatusCode, Value) {
    let request = lab.client.post(format!("{}/api/recordings", lab.origin));
    let answer = request.header(header::CONTENT_TYPE, "application/json").body(body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_turn_is_one_document_and_comes_back_as_it_was_handed_in() {
    let data = TempDir::new().unwrap();
    let (lab, document) = recorded(&data).await;
    assert_eq!((&document["format"], &document["version"]), (&json!("faultlab-turn"), &json!(1)));
    assert_eq!((&document["actor"], &document["turn"]), (&json!("user1"), &json!(1)));
    assert_eq!(document["runtime"], json!({"sidecar": "embedded sidecar", "store": "SQLite"}));
    assert_eq!(document["policy"]["attempts"], 3);
    assert_eq!(document["fault"]["counts"], json!([{"left": 1, "met": 0}]), "the failure lay ahead");
    let (_, timeline) = lab.get_json("/api/lab/user1/timeline").await;
    let events = document["events"].as_array().unwrap();
    let of_turn = |event: &&Value| event["turn"] == 1 || event["type"] == "activated";
    let due: Vec<_> = timeline["events"].as_array().unwrap().iter().filter(of_turn).cloned().collect();
    assert_eq!(events, &due, "each event as the stream gives it");

    let (status, kept) = post(&lab, document.to_string()).await;
    assert_eq!(status, StatusCode::CREATED);
    let id = kept["id"].as_str().unwrap();
    assert_eq!(kept["address"], format!("/recording/{id}"));
    assert_eq!(lab.get_json(&format!("/api/recordings/{id}")).await, (StatusCode::OK, document));
    lab.stop().await;
}

#[tokio::test]
async fn a_recording_touches_no_lab() {
    let data = TempDir::new().unwrap();
    let (lab, mut document) = recorded(&data).await;
    let look = async || {
        let actor = |path: &str| format!("/api/lab/anna{path}");
        let (_, mut panels) = lab.get_json(&actor("")).await;
        // When the store was read is the one thing that is another each time.
        panels["stored"]["Ok"]["read_at"].take();
        (panels, lab.get_json(&actor("/timeline")).await, lab.get_json(&actor("/checks")).await)
    };
    let before = look().await;
    document["actor"] = json!("anna");
    let (status, kept) = post(&lab, document.to_string()).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(lab.get(kept["address"].as_str().unwrap()).await.status(), StatusCode::OK);
    assert_eq!(look().await, before);
    lab.stop().await;
}

#[tokio::test]
async fn a_turn_that_is_not_there_is_answered_with_those_that_are() {
    let data = TempDir::new().unwrap();
    let (lab, _) = recorded(&data).await;
    let refused = async |path: &str| {
        let (status, body) = lab.get_json(path).await;
        (status, body["error"]["message"].as_str().unwrap().to_owned())
    };
    let (status, words) = refused("/api/lab/user1/turn/2").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(words.contains("knows turn 1"), "{words}");
    assert_eq!(refused("/api/lab/user1/turn/x").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(refused("/api/lab/a%20b/turn/1").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(refused("/api/recordings/none").await.0, StatusCode::NOT_FOUND);
    lab.stop().await;
}

#[tokio::test]
async fn what_is_no_recording_is_refused_by_its_field() {
    let data = TempDir::new().unwrap();
    let (lab, document) = recorded(&data).await;
    let changed = |change: fn(&mut Value)| {
        let mut wrong = document.clone();
        change(&mut wrong);
        wrong.to_string()
    };
    for (body, field) in [
        (changed(|d| d["version"] = json!(2)), "version"),
        (changed(|d| d["mood"] = json!("good")), "mood"),
        (changed(|d| d["events"][3]["seq"] = json!(1)), "events[3].seq"),
        (changed(|d| d["events"][3]["turn"] = json!(2)), "events[3].turn"),
        (changed(|d| drop(d["events"].as_array_mut().unwrap().drain(..3))), "events[0].type"),
        ("{}".to_owned(), "format"),
    ] {
        let (status, answer) = post(&lab, body).await;
        let error = &answer["error"];
        assert_eq!((status, &error["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid_field")), "{error}");
        assert_eq!(error["field"], field, "{error}");
    }
    for (body, code) in [("{", 400), ("[]", 400), ("", 400)] {
        assert_eq!(post(&lab, body.to_owned()).await.0.as_u16(), code, "{body}");
    }
    let large = changed(|d| d["events"][0]["content"] = json!("x".repeat(3 * 1024 * 1024)));
    let (status, answer) = post(&lab, large).await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("too_large")));
    assert!(answer["error"]["message"].as_str().unwrap().contains("3 MiB"), "{answer}");
    let plain = lab.client.post(format!("{}/api/recordings", lab.origin)).body("{}").send().await.unwrap();
    assert_eq!(plain.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    lab.stop().await;
}

#[tokio::test]
async fn the_largest_turn_that_can_be_taken_out_of_a_lab_can_be_handed_in_again() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    lab.put_json("/api/lab/user1/hold", json!({"on": true})).await;
    let mut events = lab.follow("/events/user1", None).await;
    // Control characters have six bytes each as JSON.
    let content: String = std::iter::repeat_n('\u{1}', 2_000).collect();
    let saying = {
        let (client, url) = (lab.client.clone(), format!("{}/chat/user1", lab.origin));
        tokio::spawn(client.post(url).json(&json!({ "content": content })).send())
    };
    events.until("attempt_held").await;
    drop(events);
    // What is set while a turn runs belongs to it, as far as the lab keeps it: until the first of it is forgotten.
    let fault = |n: u32| json!({"operation": "publish", "kind": "flaky", "percent": 1, "seed": n, "span": "until_off"});
    let plan: Vec<_> = (0..8).map(|n| fault(u32::MAX - n)).collect();
    let set = json!({"on": true, "plan": plan});
    let kept = async || {
        let (_, timeline) = lab.get_json("/api/lab/user1/timeline").await;
        let events = timeline["events"].as_array().unwrap();
        let seqs: Vec<_> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
        seqs.windows(2).all(|pair| pair[1] == pair[0] + 1)
    };
    while kept().await {
        for _ in 0..100 {
            assert_eq!(lab.put_json("/api/lab/user1/fault", set.clone()).await.0, StatusCode::OK);
        }
    }
    lab.put_json("/api/lab/user1/hold", json!({"on": false})).await;
    assert_eq!(saying.await.unwrap().unwrap().status(), StatusCode::OK);

    let document = lab.get("/api/lab/user1/turn/1").await.text().await.unwrap();
    assert!((1_900_000..2_200_000).contains(&document.len()), "{} bytes", document.len());
    let (status, kept) = post(&lab, document.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{kept}");
    let again = lab.get(&format!("/api/recordings/{}", kept["id"].as_str().unwrap())).await.text().await.unwrap();
    assert!(again == document, "it comes back as it was handed in");
    let page = lab.get(kept["address"].as_str().unwrap()).await;
    assert_eq!(page.status(), StatusCode::OK);
    let opened = form(&lab, Some(("turn.json", &document)), "").await;
    assert_eq!(opened.status(), StatusCode::SEE_OTHER);
    lab.stop().await;
}

#[tokio::test]
async fn a_recording_is_a_page_that_says_so_and_bars_are_selected_by_link() {
    let data = TempDir::new().unwrap();
    let (lab, document) = recorded(&data).await;
    let (_, kept) = post(&lab, document.to_string()).await;
    let address = kept["address"].as_str().unwrap();
    let page = lab.get(address).await;
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("script"), "{policy}");
    let html = page.text().await.unwrap();
    for words in ["A recording.", "Turn 1 of user1", "embedded sidecar with SQLite", "Retry 1 for history load"] {
        assert!(html.contains(words), "{words} is missing");
    }
    assert!(!html.contains("<script") && !html.contains("<b>there") && !html.contains(" style=\""), "{html}");
    assert!(html.contains("Load, attempt 1 of 3"), "the failed attempt in detail");
    assert!(html.contains("?bar=t1-load-1-wait#timeline"), "bars are links");
    let wait = lab.get(&format!("{address}?bar=t1-load-1-wait")).await.text().await.unwrap();
    assert!(wait.contains("Wait before attempt 2 of 3"), "the wait in detail");
    let odd = lab.get(&format!("{address}?bar=nonsense")).await;
    assert_eq!(odd.status(), StatusCode::OK);
    let dark = lab.client.get(format!("{}{address}", lab.origin)).header(header::COOKIE, "theme=dark");
    assert!(dark.send().await.unwrap().text().await.unwrap().contains("data-theme=\"dark\""));
    let gone = lab.get("/recording/none").await;
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
    assert!(gone.text().await.unwrap().contains("the last hundred are kept"));
    lab.stop().await;
}

/// Posts the form as a browser does: a part for the file and one for the text.
async fn form(lab: &Lab, file: Option<(&str, &str)>, text: &str) -> Response {
    let (name, content) = file.unwrap_or_default();
    let body = format!(
        "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\ncontent-type: application/json\r\n\r\n\
         {content}\r\n--b\r\ncontent-disposition: form-data; name=\"document\"\r\n\r\n{text}\r\n--b--\r\n"
    );
    let browser = Client::builder().redirect(Policy::none()).build().unwrap();
    let request = browser.post(format!("{}/recording", lab.origin)).header(header::ORIGIN, &lab.origin);
    request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=b").body(body).send().await.unwrap()
}

#[tokio::test]
async fn a_recording_is_opened_by_a_plain_form_from_a_file_or_from_its_text() {
    let data = TempDir::new().unwrap();
    let (lab, document) = recorded(&data).await;
    let document = document.to_string();
    assert!(lab.get("/recording").await.text().await.unwrap().contains("multipart/form-data"));
    for answer in [form(&lab, Some(("turn.json", &document)), "").await, form(&lab, None, &document).await] {
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let address = answer.headers()[header::LOCATION].to_str().unwrap().to_owned();
        assert!(lab.get(&address).await.text().await.unwrap().contains("Turn 1 of user1"));
    }
    lab.stop().await;
}

#[tokio::test]
async fn few_recordings_come_in_at_once_and_one_that_finds_no_place_is_told_so() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let addr = lab.origin.strip_prefix("http://").unwrap();
    // They are asked for their bodies, so they have their places; and send none.
    let mut half = Vec::new();
    for path in ["/api/recordings", "/recording"].repeat(4) {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let kind = if path == "/recording" { "multipart/form-data; boundary=b" } else { "application/json" };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {addr}\r\nOrigin: {}\r\nContent-Type: {kind}\r\nContent-Length: 100\r\n\
             Expect: 100-continue\r\n\r\n",
            lab.origin
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
        assert_eq!(&answer, b"HTTP/1.1 100");
        half.push(stream);
    }
    let large = format!("{{\"mood\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    let (status, refused) = post(&lab, large).await;
    assert_eq!((status, &refused["error"]["code"]), (StatusCode::TOO_MANY_REQUESTS, &json!("too_many_waiting")));
    let page = form(&lab, None, "{}").await;
    assert_eq!(page.status(), StatusCode::TOO_MANY_REQUESTS);
    let page = page.text().await.unwrap();
    assert!(page.contains("8 recordings come in already") && page.contains("multipart/form-data"), "{page}");
    assert_eq!(lab.get("/recording").await.status(), StatusCode::OK, "looking needs no place");
    drop(half);
    assert_eq!(post(&lab, "{}".to_owned()).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    lab.stop().await;
}

#[tokio::test]
async fn what_the_form_refuses_stays_in_it_with_the_reason_beside_it() {
    let data = TempDir::new().unwrap();
    let (lab, document) = recorded(&data).await;
    let wrong = document.to_string().replace("\"version\":1", "\"version\":7");
    let large = format!("{{\"mood\":\"{}\"}}", "x".repeat(3 * 1024 * 1024));
    for (file, text, status, words) in [
        (None, wrong.as_str(), 422, "version is 7: this lab reads version 1."),
        (Some(("old.json", wrong.as_str())), "", 422, "In old.json: version is 7"),
        (None, "</textarea><b>", 400, "This is not JSON"),
        (None, "  ", 400, "There is nothing yet"),
        (None, large.as_str(), 413, "This is over 3 MiB"),
    ] {
        let answer = form(&lab, file, text).await;
        assert_eq!(answer.status().as_u16(), status, "{words}");
        let html = answer.text().await.unwrap();
        assert!(html.contains(words), "{words} is missing in {html:.3000}");
        assert!(html.contains("aria-describedby=\"document-error\"") && !html.contains("</textarea><b>"), "{html}");
        let typed = file.map_or(text, |(_, content)| content);
        let start: String = typed.trim().chars().take(20).collect();
        let kept = html.contains(&start.replace('<', "&lt;"));
        assert!(kept || html.contains("too long to be shown here again"), "what was typed is kept");
        assert_eq!(kept, typed.len() <= 256 * 1024, "and what nobody mends in a form is not sent back: {words}");
    }
    let huge = form(&lab, None, &"x".repeat(7 * 1024 * 1024)).await;
    assert_eq!(huge.status(), StatusCode::PAYLOAD_TOO_LARGE);
    lab.stop().await;
}

#[tokio::test]
async fn the_report_offers_each_turn_as_a_document_and_its_file_does_not() {
    let data = TempDir::new().unwrap();
    let (lab, _) = recorded(&data).await;
    let report = lab.get("/lab/user1/report").await.text().await.unwrap();
    assert!(report.contains("href=\"/api/lab/user1/turn/1\" download=\"faultlab-user1-turn-1.json\""));
    let file = lab.get("/lab/user1/report?download").await.text().await.unwrap();
    assert!(!file.contains("/api/lab/"));
    lab.stop().await;
}

//! What the pages carry in their headers, and the forms that work without script.

use reqwest::{Client, StatusCode, header, redirect::Policy};
use tempfile::TempDir;

use crate::support::Lab;

#[tokio::test]
async fn the_lab_s_page_is_whole_before_any_script_runs() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    lab.say("user1", "Hi there").await;
    let response = lab.get("/lab/user1").await;
    assert_eq!(response.status(), StatusCode::OK);
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("script-src 'self' 'nonce-") && policy.contains("style-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe-inline"), "{policy}");
    let html = response.text().await.unwrap();
    assert!(html.contains("Got your message: Hi there"), "the chat is in the page");
    assert!(html.contains("Retry 1 for history load: Simulated state store failure"), "the log is in the page");
    assert!(!html.contains(" style=\""), "an inline style would be refused by the policy");
    lab.stop().await;
}

#[tokio::test]
async fn a_message_and_the_switch_work_as_plain_forms() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let browser = Client::builder().redirect(Policy::none()).build().unwrap();
    let page = format!("{}/lab/user1", lab.origin);
    let post = async |path: &str, form: &str| {
        let request = browser.post(format!("{}{path}", lab.origin)).header(header::ACCEPT, "text/html");
        let request = request.header(header::REFERER, &page).header(header::ORIGIN, &lab.origin);
        let form = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.to_owned());
        form.send().await.unwrap()
    };
    let sent = post("/api/send_message", "actor=user1&content=Hi+there&message_id=m1").await;
    assert_eq!(sent.status(), StatusCode::FOUND);
    // The library adds a question mark of its own.
    let back = sent.headers()[header::LOCATION].to_str().unwrap();
    assert_eq!(back.trim_end_matches('?'), page);
    assert!(lab.get("/lab/user1").await.text().await.unwrap().contains("Got your message: Hi there"));

    let off = post("/api/set_fault", "actor=user1&plan%5B0%5D%5Boperation%5D=save&plan%5B0%5D%5Battempts%5D=2").await;
    assert_eq!(off.status(), StatusCode::FOUND);
    let (_, fault) = lab.get_json("/api/lab/user1/fault").await;
    assert_eq!((&fault["on"], &fault["plan"][0]["operation"]), (&false.into(), &"save".into()));

    let refused = post("/api/send_message", "actor=user1&content=&message_id=m2").await;
    assert_eq!(refused.status(), StatusCode::FOUND);
    assert!(refused.headers()[header::LOCATION].to_str().unwrap().contains("__err="));
    lab.stop().await;
}

#[tokio::test]
async fn a_form_that_arms_the_lesson_s_failure_first_needs_no_script_either() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    lab.switch_off("user1").await;
    let form = "actor=user1&content=Hi+there&message_id=m1&arm=true";
    let request = lab.client.post(format!("{}/api/send_message", lab.origin)).header(header::ACCEPT, "text/html");
    let request = request.header(header::ORIGIN, &lab.origin);
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
    let page = request.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Got your message: Hi there"));
    assert!(page.contains("Retry 1 for history load: Simulated state store failure"));
    let (_, fault) = lab.get_json("/api/lab/user1/fault").await;
    assert_eq!(fault["on"], true);
    lab.stop().await;
}

#[tokio::test]
async fn a_turn_that_failed_is_an_answer_for_the_script_and_sends_a_plain_form_back_with_its_error() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let browser = Client::builder().redirect(Policy::none()).build().unwrap();
    let fails = serde_json::json!({"on": true, "plan": [{"operation": "load", "attempts": 3}]});
    assert_eq!(lab.put_json("/api/lab/user1/fault", fails).await.0, StatusCode::OK);
    let send = async |accept: &str, id: &str| {
        let request = browser.post(format!("{}/api/send_message", lab.origin)).header(header::ACCEPT, accept);
        let request = request.header(header::ORIGIN, &lab.origin);
        let request = request.header(header::REFERER, format!("{}/lab/user1", lab.origin));
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        request.body(format!("actor=user1&content=Hi&message_id={id}")).send().await.unwrap()
    };
    let form = send("text/html", "m1").await;
    assert_eq!(form.status(), StatusCode::FOUND);
    assert!(form.headers()[header::LOCATION].to_str().unwrap().contains("__err="));
    lab.post_json("/api/lab/user1/fault/arm", serde_json::json!({})).await;
    let script = send("application/json", "m2").await;
    assert_eq!(script.status(), StatusCode::OK);
    let answer: serde_json::Value = script.json().await.unwrap();
    assert_eq!(answer["Failed"]["code"], "retries_exhausted");
    lab.stop().await;
}

#[tokio::test]
async fn a_form_that_is_sent_again_with_another_text_comes_back_with_it_and_a_new_id() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    lab.switch_off("user1").await;
    let send = async |content: &str| {
        let request = lab.client.post(format!("{}/api/send_message", lab.origin)).header(header::ACCEPT, "text/html");
        let request = request.header(header::REFERER, format!("{}/lab/user1", lab.origin));
        let request = request.header(header::ORIGIN, &lab.origin);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = request.body(format!("actor=user1&content={content}&message_id=m1")).send().await.unwrap();
        answer.text().await.unwrap()
    };
    // As somebody does who goes back in the browser, and changes the text.
    send("First").await;
    let page = send("Second").await;
    let composer = page.split("class=\"composer").nth(1).unwrap().split("</form>").next().unwrap();
    assert!(composer.contains("Second</textarea>") && !composer.contains("value=\"m1\""), "{composer}");
    assert!(page.contains("belongs to a message with another text"), "and says why");
    assert!(page.contains("Not stored: its id belongs to another message."));
    lab.stop().await;
}

#[tokio::test]
async fn the_theme_is_remembered_in_a_cookie() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let browser = Client::builder().redirect(Policy::none()).build().unwrap();
    let form = browser.post(format!("{}/theme", lab.origin)).header(header::REFERER, "https://evil.example//x");
    let form = form.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body("theme=dark");
    let response = form.send().await.unwrap();
    assert_eq!(response.headers()[header::LOCATION], "/", "a referrer sends nobody to another site");
    assert!(response.headers()[header::SET_COOKIE].to_str().unwrap().starts_with("theme=dark;"));
    let page = lab.client.get(format!("{}/", lab.origin)).header(header::COOKIE, "theme=dark").send().await.unwrap();
    assert!(page.text().await.unwrap().contains("data-theme=\"dark\""));
    lab.stop().await;
}

#[tokio::test]
async fn an_id_that_is_none_gets_a_page_that_says_why() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let page = lab.get("/lab/a%20b").await;
    assert_eq!(page.status(), StatusCode::BAD_REQUEST);
    assert!(page.text().await.unwrap().contains("An actor id cannot contain"));
    lab.stop().await;
}

#[tokio::test]
async fn the_api_is_described_for_people_and_for_programs() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let (status, api) = lab.get_json("/openapi.json").await;
    assert_eq!(status, StatusCode::OK);
    let docs = lab.get("/docs").await.text().await.unwrap();
    for path in api["paths"].as_object().unwrap().keys() {
        assert!(docs.contains(path), "/docs leaves out {path}");
        // Every path that is described is there.
        let asked = lab.client.patch(format!("{}{}", lab.origin, path.replace("{actor_id}", "user1")));
        assert_eq!(asked.send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    let host = lab.origin.strip_prefix("http://").unwrap();
    assert!(docs.contains(&format!("curl {}", lab.origin)), "a line for a shell that works here");
    let lines = docs.split("<pre class=\"code\"><code>").skip(1).map(|rest| rest.split("</code>").next().unwrap());
    for line in lines {
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
        assert!(!url.contains(['{', '}']), "curl takes braces for a list: {line}");
    }
    assert!(docs.split("http://").skip(1).all(|address| address.starts_with(host)), "no third-party address");
    lab.stop().await;
}

#[tokio::test]
async fn the_lesson_s_look_ups_are_answered_on_both_listeners() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    assert_eq!(lab.get_json("/healthz").await.1["status"], "ok");
    let (_, config) = lab.get_json("/dapr/config").await;
    assert_eq!(config["entities"], serde_json::json!(["ChatAgent"]));
    for path in ["/healthz", "/dapr/config"] {
        let answer = lab.client.get(format!("{}{path}", lab.app_channel)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
    lab.stop().await;
}

#[tokio::test]
async fn a_lab_s_log_begins_with_the_actor_s_registration_which_is_the_sidecar_s_look_up() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let line = async || {
        let page = lab.get("/lab/user1").await.text().await.unwrap();
        let (before, _) = page.split_once("Registered actor: ChatAgent").expect("the sidecar has asked");
        before[before.rfind("<time>").unwrap()..].to_owned()
    };
    let first = line().await;
    lab.get_json("/dapr/config").await;
    assert_eq!(line().await, first, "who asks the public listener registers nothing");
    lab.stop().await;
}

#[tokio::test]
async fn hashed_files_may_be_kept_and_missing_ones_not() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let there = lab.get("/pkg/app.c.css").await;
    assert_eq!(there.status(), StatusCode::OK);
    assert!(there.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    let gone = lab.get("/pkg/app.old.css").await;
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
    assert!(!gone.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    lab.stop().await;
}

#[tokio::test]
async fn the_report_is_a_page_and_with_download_one_file() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    lab.say("user1", "<b>Hi there</b>").await;
    let page = lab.get("/lab/user1/report").await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(!page.headers().contains_key(header::CONTENT_DISPOSITION));
    let html = page.text().await.unwrap();
    assert!(html.contains("Retry 1 for history load: Simulated state store failure"), "the evidence");
    assert!(html.contains("&lt;b>Hi there") || html.contains("&lt;b&gt;Hi there"), "what people write is text");
    assert!(!html.contains("<b>Hi there"), "and nothing else");
    let file = lab.get("/lab/user1/report?download").await;
    let name = file.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().to_owned();
    assert_eq!(name, r#"attachment; filename="faultlab-user1.html""#);
    assert!(file.text().await.unwrap().contains("<style>"));
    assert_eq!(lab.get("/lab/a%20b/report").await.status(), StatusCode::BAD_REQUEST);
    lab.stop().await;
}

//! The lab's page as the server renders it, over a backend that only knows what a test tells it.
#![cfg(feature = "ssr")]
#![allow(clippy::unwrap_used, missing_docs)]

mod stub_backend;

use std::sync::Arc;

use app::{App, backend::SharedBackend, error::ServerError, island::Opening, shell};
use axum::{body::Body, http::Request};
use leptos::{prelude::*, server_fn::error::ServerFnUrlError};
use leptos_axum::{generate_route_list, render_app_async_with_context};
use model::{
    error::{ErrorCode, LabError},
    operation::Operation,
    timeline::Step,
};

use self::stub_backend::StubBackend;

/// The status and the HTML of a path.
async fn page(stub: StubBackend, path: &str) -> (u16, String) {
    // Starts Leptos' executor too.
    let _ = generate_route_list(App);
    let backend: SharedBackend = Arc::new(stub);
    let render = render_app_async_with_context(
        move || provide_context(backend.clone()),
        || shell(LeptosOptions::builder().output_name("app").build()),
    );
    let response = render(Request::builder().uri(path).body(Body::empty()).unwrap()).await;
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// Where the page's scripts begin, and where they keep what the browser begins with.
const SCRIPTS: &str = "__RESOLVED_RESOURCES=";
const OPENING: &str = "__RESOLVED_RESOURCES[0] = ";

/// What a reader sees of it: without the marks that Leptos puts between texts.
fn seen(html: &str) -> String {
    let island = html.find("<div class=\"lab\"").unwrap_or_default();
    let end = html.find(SCRIPTS).unwrap_or(html.len());
    html[island..end].replace("<!>", "")
}

#[tokio::test]
async fn a_new_lab_invites_to_the_first_message_and_proves_nothing() {
    let (status, html) = page(StubBackend::untouched(), "/").await;
    assert_eq!(status, 200);
    let html = seen(&html);
    assert!(html.contains("Send the first message."));
    assert!(html.contains("The first load fails. Attempt 2 of 3 succeeds, after 1.0 s."), "the prediction");
    assert!(html.contains("the next load fails"), "the switch");
    assert!(html.contains("Registered actor: ChatAgent"), "the log has begun");
    assert!(!html.contains("check pass"), "no step passes on an untouched lab");
    // What is static all through is written as it stands in `view!`: there `use_` is no element that draws anything.
    assert!(!html.contains("<use_"), "a symbol that draws nothing");
}

#[tokio::test]
async fn the_first_html_holds_the_message_its_recovery_the_evidence_and_the_store() {
    let (_, html) = page(StubBackend::recovered("Hi there"), "/lab/user1").await;
    let html = seen(&html);
    for part in [
        "Got your message: Hi there",
        "Recovered on attempt 2 of 3, after 1.002 s",
        "Retry 1 for history load: Simulated state store failure",
        "daca-ai-app||ChatAgent||user1||history-user1",
        "?bar=t1-load-1#timeline",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert_eq!(html.matches("check pass").count(), 2, "message processing and retry logic");
}

#[tokio::test]
async fn a_failed_message_says_why_and_offers_to_send_it_again_under_the_same_id() {
    let (_, html) = page(StubBackend::exhausted("Again"), "/lab/user1").await;
    let html = seen(&html);
    assert!(html.contains("Failed: the history could not be loaded in 3 attempts."));
    assert!(html.contains("Simulated state store failure. Nothing was stored, nothing was changed."));
    let failure = &html[html.find("class=\"failure\"").unwrap()..];
    let form = &failure[..failure.find("</form>").unwrap()];
    assert!(form.contains("name=\"message_id\" value=\"id-1\"") && form.contains("value=\"Again\""), "{form}");
}

#[tokio::test]
async fn what_people_write_is_text_and_nothing_else() {
    let (_, html) = page(StubBackend::recovered("<b onclick=x>\"bold\"</b>"), "/lab/user1").await;
    assert!(!html.contains("<b onclick"), "markup of a message reached the page");
    assert!(seen(&html).contains("&lt;b onclick=x&gt;"));
}

#[tokio::test]
async fn whatever_people_write_the_browser_begins_with_what_the_lab_has() {
    let stub = StubBackend::recovered("</script><!-- <script>\\u003c&quot;");
    let (_, html) = page(stub.clone(), "/lab/user1").await;
    let (_, json) = html.split_once(OPENING).unwrap();
    let text: String = serde_json::from_str(json.split(";</script").next().unwrap()).unwrap();
    let opening: Opening = serde_json::from_str(&text).unwrap();
    assert_eq!(opening.initial.snapshot.timeline.events, stub.events);
}

#[tokio::test]
async fn nothing_on_the_page_carries_a_style_of_its_own() {
    for stub in [StubBackend::untouched(), StubBackend::recovered("Hi there"), StubBackend::exhausted("Again")] {
        let (_, html) = page(stub, "/").await;
        assert!(!html.contains(" style=") && !html.contains("<style"), "the content security policy would refuse it");
    }
}

#[tokio::test]
async fn every_form_works_without_script() {
    let (_, html) = page(StubBackend::exhausted("Again"), "/lab/user1").await;
    let html = seen(&html);
    let forms: Vec<&str> = html.split("<form").skip(1).map(|form| &form[..form.find("</form>").unwrap()]).collect();
    assert!(forms.len() >= 6, "{} forms", forms.len());
    for form in forms {
        let tag = &form[..form.find('>').unwrap()];
        assert!(tag.contains("action=\"/") && tag.contains("method=\""), "{tag}");
        let of_all_actors = tag.contains("/api/set_sidecar_retries");
        let needs_actor = tag.contains("\"/api/") && !of_all_actors;
        assert!(!needs_actor || form.contains("name=\"actor\" value=\"user1\""), "{tag}");
        let sends = tag.contains("send");
        assert!(!sends || form.contains("name=\"message_id\""), "{tag}");
    }
}

#[tokio::test]
async fn a_held_attempt_is_told_everywhere_and_can_be_released_without_script() {
    let (turn, operation, attempt, max) = (1, Operation::Load, 1, 3);
    let mut stub = StubBackend::untouched();
    stub.push(Step::HoldChanged { on: true });
    stub.begin("Hi there");
    let form = |html: &str| {
        let form = &html[html.find("class=\"hold").unwrap()..];
        form[..form.find("</form>").unwrap()].to_owned()
    };
    let (_, html) = page(stub.clone(), "/lab/user1").await;
    let form = form(&seen(&html));
    assert!(form.contains(" checked"), "{form}");
    let release = form.split('<').find(|tag| tag.contains("formaction=\"/api/release\"")).unwrap();
    assert!(!release.contains("hidden"), "without script the page does not hear when an attempt is held: {release}");
    stub.push(Step::AttemptHeld { turn, operation, attempt, max, due_at: 36_000 });
    let (_, html) = page(stub, "/lab/user1").await;
    let html = seen(&html);
    assert!(html.contains("Attempt 1 of 3 to load is held"), "in the chat");
    assert!(html.contains("held, load 1 of 3"), "in the row of its turn");
    assert!(html.contains("Attempt 1 of 3 to load is held until somebody releases it"), "on the path");
    assert!(html.contains("after 1.0 s plus your holds"), "in the prediction");
}

#[tokio::test]
async fn the_error_of_a_plain_form_stands_beside_it() {
    let error = LabError::new(ErrorCode::InvalidRequest, "The message is empty: write something.");
    let error = ServerFnUrlError::new("/api/send_message", ServerError(error)).to_url("http://lab/lab/user1").unwrap();
    let (_, html) = page(StubBackend::untouched(), &format!("{}?{}", error.path(), error.query().unwrap())).await;
    let html = seen(&html);
    let composer = html.find("class=\"composer").unwrap();
    let said = html.find("The message is empty: write something.").unwrap();
    let then = html.find("class=\"then\"").unwrap();
    assert!(composer < said && said < then);
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_and_not_an_empty_list() {
    let mut stub = StubBackend::untouched();
    stub.history = Err(LabError::new(ErrorCode::SidecarUnreachable, "No sidecar answers on port 50001."));
    let (_, html) = page(stub, "/").await;
    let html = seen(&html);
    assert!(html.contains("No sidecar answers on port 50001.") && html.contains("Sidecar not reachable"));
    assert!(!html.contains("No messages yet."));
}

#[tokio::test]
async fn the_bar_in_the_address_is_selected() {
    let (_, html) = page(StubBackend::recovered("Hi there"), "/lab/user1?bar=t1-load-2").await;
    assert!(seen(&html).contains("Load, attempt 2 of 3"));
}

#[tokio::test]
async fn an_id_that_is_none_is_400_with_the_reason_beside_its_field() {
    let (status, html) = page(StubBackend::untouched(), "/lab/a%20b").await;
    assert_eq!(status, 400);
    let field = &html[html.find("<form").unwrap()..html.find("</form>").unwrap()];
    assert!(field.contains("value=\"a b\"") && field.contains("aria-invalid=\"true\""), "{field}");
    assert!(field.contains("An actor id cannot contain"), "{field}");
}

#[tokio::test]
async fn an_unknown_path_is_404_with_a_way_back() {
    let (status, html) = page(StubBackend::untouched(), "/nowhere").await;
    assert_eq!(status, 404);
    assert!(html.contains("There is no such page") && html.contains("href=\"/\""));
}

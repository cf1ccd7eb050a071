//! The lab's page as the server renders it, over a backend that only knows what a test tells it.
#![cfg(feature = "ssr")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::{sync::Arc, time::Duration};

use app::{
    App,
    actor_id::ActorId,
    backend::{Backend, SharedBackend},
    error::{ErrorCode, LabError},
    fault::{FaultSetting, FaultStatus},
    hold::{HeldAttempt, HoldStatus},
    island::Opening,
    json,
    lab::{LabSnapshot, Panels, Runtime, StoredValue},
    lesson::{
        checks::{Check, Evidence, judge},
        prediction::Prediction,
    },
    message::{Message, MessageId},
    policy::RetryPolicy,
    recording::Recording,
    scenario::{Need, ScenarioReport},
    shell,
    sidecar_retries::{SidecarRetries, SidecarRetriesSetting},
    timeline::{Cause, Event, EventId, Layer, Method, Operation, Step, TimelineSnapshot},
    wire::{WireSetting, WireStatus},
};
use async_trait::async_trait;
use axum::{body::Body, http::Request};
use leptos::{prelude::*, server_fn::error::ServerFnUrlError};
use leptos_axum::{generate_route_list, render_app_async_with_context};

/// A lab as one test describes it.
#[derive(Clone)]
struct Told {
    events: Vec<Event>,
    history: Result<Vec<Message>, LabError>,
}

impl Told {
    fn untouched() -> Self {
        Self { events: Vec::new(), history: Ok(Vec::new()) }
    }

    /// One message, whose first load failed on purpose.
    fn recovered(content: &str) -> Self {
        let mut told = Self::untouched();
        told.begin(content);
        told.fail(1);
        told.tell(Step::AttemptStarted { turn: 1, operation: Operation::Load, attempt: 2, max: 3 });
        let (operation, took_us) = (Operation::Load, 900);
        told.tell(Step::AttemptSucceeded { turn: 1, operation, attempt: 2, max: 3, took_us });
        told.tell(Step::Recovered { turn: 1, operation, attempt: 2, max: 3, lost_us: 1_002_000 });
        let reply = Message::reply_to(content);
        told.tell(Step::ReplyReady { turn: 1, content: content.into(), reply: reply.content.clone() });
        told.tell(Step::TurnCompleted { turn: 1, took_us: 1_012_000, repeated: false });
        told.history = Ok(vec![Message::user(content), reply]);
        told
    }

    /// One message whose every load failed on purpose.
    fn exhausted(content: &str) -> Self {
        let mut told = Self::untouched();
        told.begin(content);
        (1..=3).for_each(|attempt| told.fail(attempt));
        let error = LabError::new(ErrorCode::RetriesExhausted, "Failed to load history-user1 after 3 attempts");
        told.tell(Step::TurnFailed { turn: 1, took_us: 2_003_000, error });
        told
    }

    fn begin(&mut self, content: &str) {
        let message_id = MessageId::try_from("id-1".to_owned()).ok();
        let (method, content) = (Method::ProcessMessage, Some(content.to_owned()));
        self.tell(Step::TurnQueued { turn: 1, method, message_id: message_id.clone(), content: content.clone() });
        self.tell(Step::Activated);
        self.tell(Step::TurnStarted { turn: 1, method, message_id, content });
    }

    fn fail(&mut self, attempt: u8) {
        let (turn, operation, max) = (1, Operation::Load, 3);
        self.tell(Step::AttemptStarted { turn, operation, attempt, max });
        self.tell(Step::AttemptFailed {
            turn,
            operation,
            attempt,
            max,
            error: "Simulated state store failure".into(),
            cause: Cause { simulated: true, layer: Layer::Actor },
            transient: true,
            took_us: 400,
        });
        if attempt < max {
            let due_at = 2_000 + u64::from(attempt) * 1_000;
            self.tell(Step::RetryScheduled { turn, operation, attempt: attempt + 1, max, delay_ms: 1_000, due_at });
        }
    }

    fn tell(&mut self, step: Step) {
        let seq = self.events.len() as u64 + 1;
        self.events.push(Event { seq, at: 1_000 + seq, step });
    }

    fn refused() -> LabError {
        LabError::new(ErrorCode::Internal, "this backend only shows")
    }
}

#[async_trait]
impl Backend for Told {
    async fn send_message(&self, _: &ActorId, _: String, _: MessageId) -> Result<Message, LabError> {
        Err(Self::refused())
    }

    async fn conversation_history(&self, _: &ActorId) -> Result<Vec<Message>, LabError> {
        self.history.clone()
    }

    async fn compare_with_store(&self, _: &ActorId) -> Result<StoredValue, LabError> {
        Err(Self::refused())
    }

    fn set_fault(&self, _: &ActorId, setting: FaultSetting) -> Result<FaultStatus, LabError> {
        Ok(FaultStatus::lesson().after(setting))
    }

    fn arm_fault(&self, _: &ActorId) -> FaultStatus {
        FaultStatus::lesson()
    }

    fn fault(&self, _: &ActorId) -> FaultStatus {
        FaultStatus::lesson()
    }

    fn policy(&self, _: &ActorId) -> RetryPolicy {
        RetryPolicy::LESSON
    }

    fn set_policy(&self, _: &ActorId, policy: RetryPolicy) -> Result<RetryPolicy, LabError> {
        Ok(policy)
    }

    async fn prediction(&self, _: &ActorId, _: Option<MessageId>) -> Result<Prediction, LabError> {
        Err(Self::refused())
    }

    fn wire(&self) -> Option<WireStatus> {
        None
    }

    fn set_wire(&self, _: WireSetting) -> Result<WireStatus, LabError> {
        Err(Self::refused())
    }

    fn sidecar_retries(&self) -> SidecarRetries {
        SidecarRetries { on: None, document: String::new() }
    }

    fn set_sidecar_retries(&self, _: SidecarRetriesSetting) -> Result<SidecarRetries, LabError> {
        Err(Self::refused())
    }

    fn idle_timeout(&self) -> Duration {
        Duration::from_secs(7)
    }

    fn needs_met(&self) -> Vec<Need> {
        Vec::new()
    }

    async fn run_scenario(self: Arc<Self>, _: ActorId, _: &str) -> Result<ScenarioReport, LabError> {
        Err(Self::refused())
    }

    fn scenario_report(&self, _: &ActorId) -> Option<ScenarioReport> {
        None
    }

    async fn recorded_turn(&self, _: &ActorId, _: u64) -> Result<Recording, LabError> {
        Err(Self::refused())
    }

    fn keep_recording(&self, _: &Recording) -> Result<String, LabError> {
        Err(Self::refused())
    }

    fn recording(&self, _: &str) -> Option<Recording> {
        None
    }

    fn checks(&self, actor: &ActorId) -> Vec<Check> {
        judge(&Evidence { actor, before: &[], events: &self.events })
    }

    fn hold(&self, _: &ActorId) -> HoldStatus {
        let on = self.events.iter().any(|event| event.step == Step::HoldChanged { on: true });
        HoldStatus { on, held: None }
    }

    fn set_hold(&self, actor: &ActorId, _: bool) -> HoldStatus {
        self.hold(actor)
    }

    fn release(&self, _: &ActorId) -> Option<HeldAttempt> {
        None
    }

    fn timeline(&self, _: &ActorId) -> TimelineSnapshot {
        let last = EventId { epoch: 7, seq: self.events.len() as u64 };
        TimelineSnapshot { last, events: self.events.clone() }
    }

    async fn panels(&self, actor: &ActorId) -> Panels {
        let key = actor.store_key(&actor.history_key());
        let value = self.history.as_ref().ok().filter(|h| !h.is_empty()).map(|h| serde_json::to_string(h).unwrap());
        Panels {
            history: self.history.clone(),
            stored: self.history.clone().map(|_| StoredValue {
                key,
                value,
                etag: None,
                read_at: 2_000,
                command: "sqlite3 faultlab.db".into(),
            }),
            before: Vec::new(),
            checks: self.checks(actor),
            fault: FaultStatus::lesson(),
            layers: vec![Layer::Actor, Layer::Store],
            sidecar_retries: None,
            hold: self.hold(actor).on,
            policy: RetryPolicy::LESSON,
            wire: None,
        }
    }

    async fn snapshot(&self, actor: &ActorId) -> LabSnapshot {
        LabSnapshot {
            actor: actor.clone(),
            runtime: Runtime {
                sidecar: "embedded sidecar".into(),
                store: "SQLite".into(),
                sidecar_http: None,
                origin: "http://127.0.0.1:8000".into(),
            },
            panels: self.panels(actor).await,
            timeline: self.timeline(actor),
            known_actors: vec![actor.clone()],
            now: 9_000,
            utc_offset_min: 0,
        }
    }

    async fn reset(&self, _: &ActorId) -> Result<(), LabError> {
        Err(Self::refused())
    }
}

/// The status and the HTML of a path.
async fn page(told: Told, path: &str) -> (u16, String) {
    // Starts Leptos' executor too.
    let _ = generate_route_list(App);
    let backend: SharedBackend = Arc::new(told);
    let render = render_app_async_with_context(
        move || provide_context(backend.clone()),
        || shell(LeptosOptions::builder().output_name("app").build()),
    );
    let response = render(Request::builder().uri(path).body(Body::empty()).unwrap()).await;
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// Where the page keeps what the browser begins with.
const OPENING: &str = "<script id=\"opening\" type=\"application/json\">";

/// What a reader sees of it: without the marks that Leptos puts between texts.
fn seen(html: &str) -> String {
    let island = html.find("<div class=\"lab\"").unwrap_or_default();
    let end = html.find(OPENING).unwrap_or(html.len());
    html[island..end].replace("<!>", "")
}

#[tokio::test]
async fn a_new_lab_invites_to_the_first_message_and_proves_nothing() {
    let (status, html) = page(Told::untouched(), "/").await;
    assert_eq!(status, 200);
    let html = seen(&html);
    assert!(html.contains("Send the first message."));
    assert!(html.contains("The first load fails. Attempt 2 of 3 succeeds, after 1.0 s."), "the prediction");
    assert!(html.contains("the next load fails"), "the switch");
    assert!(!html.contains("check pass"), "no step passes on an untouched lab");
}

#[tokio::test]
async fn the_first_html_holds_the_message_its_recovery_the_evidence_and_the_store() {
    let (_, html) = page(Told::recovered("Hi there"), "/lab/user1").await;
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
    let (_, html) = page(Told::exhausted("Again"), "/lab/user1").await;
    let html = seen(&html);
    assert!(html.contains("Failed: the history could not be loaded in 3 attempts."));
    assert!(html.contains("Simulated state store failure. Nothing was stored, nothing was changed."));
    let failure = &html[html.find("class=\"failure\"").unwrap()..];
    let form = &failure[..failure.find("</form>").unwrap()];
    assert!(form.contains("name=\"message_id\" value=\"id-1\"") && form.contains("value=\"Again\""), "{form}");
}

#[tokio::test]
async fn what_people_write_is_text_and_nothing_else() {
    let (_, html) = page(Told::recovered("<b onclick=x>\"bold\"</b>"), "/lab/user1").await;
    assert!(!html.contains("<b onclick"), "markup of a message reached the page");
    assert!(seen(&html).contains("&lt;b onclick=x&gt;"));
}

#[tokio::test]
async fn whatever_people_write_the_browser_begins_with_what_the_lab_has() {
    let told = Told::recovered("</script><!-- <script>\\u003c&quot;");
    let (_, html) = page(told.clone(), "/lab/user1").await;
    let (_, json) = html.split_once(OPENING).unwrap();
    let opening: Opening = json::read(json.split("</script").next().unwrap()).unwrap();
    assert_eq!(opening.snapshot.timeline.events, told.events);
}

#[tokio::test]
async fn nothing_on_the_page_carries_a_style_of_its_own() {
    for told in [Told::untouched(), Told::recovered("Hi there"), Told::exhausted("Again")] {
        let (_, html) = page(told, "/").await;
        assert!(!html.contains(" style=") && !html.contains("<style"), "the content security policy would refuse it");
    }
}

#[tokio::test]
async fn every_form_works_without_script() {
    let (_, html) = page(Told::exhausted("Again"), "/lab/user1").await;
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
    let mut told = Told::untouched();
    told.tell(Step::HoldChanged { on: true });
    told.begin("Hi there");
    let form = |html: &str| {
        let form = &html[html.find("class=\"hold").unwrap()..];
        form[..form.find("</form>").unwrap()].to_owned()
    };
    let (_, html) = page(told.clone(), "/lab/user1").await;
    let form = form(&seen(&html));
    assert!(form.contains(" checked"), "{form}");
    let release = form.split('<').find(|tag| tag.contains("name=\"release\"")).unwrap();
    assert!(!release.contains("hidden"), "without script the page does not hear when an attempt is held: {release}");
    told.tell(Step::AttemptHeld { turn, operation, attempt, max, due_at: 36_000 });
    let (_, html) = page(told, "/lab/user1").await;
    let html = seen(&html);
    assert!(html.contains("Attempt 1 of 3 to load is held"), "in the chat");
    assert!(html.contains("held, load 1 of 3"), "in the row of its turn");
    assert!(html.contains("Attempt 1 of 3 to load is held until somebody releases it"), "on the path");
    assert!(html.contains("after 1.0 s plus your holds"), "in the prediction");
}

#[tokio::test]
async fn the_error_of_a_plain_form_stands_beside_it() {
    let error = LabError::new(ErrorCode::InvalidRequest, "The message is empty: write something.");
    let error = ServerFnUrlError::new("/api/send_message", error).to_url("http://lab/lab/user1").unwrap();
    let (_, html) = page(Told::untouched(), &format!("{}?{}", error.path(), error.query().unwrap())).await;
    let html = seen(&html);
    let composer = html.find("class=\"composer").unwrap();
    let said = html.find("The message is empty: write something.").unwrap();
    let then = html.find("class=\"then\"").unwrap();
    assert!(composer < said && said < then);
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_and_not_an_empty_list() {
    let mut told = Told::untouched();
    told.history = Err(LabError::new(ErrorCode::SidecarUnreachable, "No sidecar answers on port 50001."));
    let (_, html) = page(told, "/").await;
    let html = seen(&html);
    assert!(html.contains("No sidecar answers on port 50001.") && html.contains("Sidecar not reachable"));
    assert!(!html.contains("No messages yet."));
}

#[tokio::test]
async fn the_bar_in_the_address_is_selected() {
    let (_, html) = page(Told::recovered("Hi there"), "/lab/user1?bar=t1-load-2").await;
    assert!(seen(&html).contains("Load, attempt 2 of 3"));
}

#[tokio::test]
async fn an_id_that_is_none_is_400_with_the_reason_beside_its_field() {
    let (status, html) = page(Told::untouched(), "/lab/a%20b").await;
    assert_eq!(status, 400);
    let field = &html[html.find("<form").unwrap()..html.find("</form>").unwrap()];
    assert!(field.contains("value=\"a b\"") && field.contains("aria-invalid=\"true\""), "{field}");
    assert!(field.contains("An actor id cannot contain"), "{field}");
}

#[tokio::test]
async fn an_unknown_path_is_404_with_a_way_back() {
    let (status, html) = page(Told::untouched(), "/nowhere").await;
    assert_eq!(status, 404);
    assert!(html.contains("There is no such page") && html.contains("href=\"/\""));
}

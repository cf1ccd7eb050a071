//! The backend of these tests: it knows what a test tells it, and refuses all else.

use std::{sync::Arc, time::Duration};

use app::backend::Backend;
use async_trait::async_trait;
use model::{
    actor_id::ActorId,
    error::{ErrorCode, LabError},
    fault::{FaultSetting, FaultStatus},
    hold::{HeldAttempt, HoldStatus},
    lab::{LabSnapshot, Panels, Runtime, StoredValue},
    lesson::{
        checks::{Check, Evidence, judge},
        prediction::Prediction,
    },
    message::{Message, MessageId},
    operation::{Cause, Layer, Method, Operation},
    policy::RetryPolicy,
    recording::Recording,
    scenario::{Need, ScenarioReport},
    sidecar_retries::{SidecarRetries, SidecarRetriesSetting},
    timeline::{Event, EventId, Step, TimelineSnapshot},
    wire::{WireSetting, WireStatus},
};

/// A lab as one test describes it.
#[derive(Clone)]
pub(super) struct StubBackend {
    pub(super) events: Vec<Event>,
    pub(super) history: Result<Vec<Message>, LabError>,
}

impl StubBackend {
    pub(super) fn untouched() -> Self {
        Self { events: Vec::new(), history: Ok(Vec::new()) }
    }

    /// One message, whose first load failed on purpose.
    pub(super) fn recovered(content: &str) -> Self {
        let mut stub = Self::untouched();
        stub.begin(content);
        stub.fail(1);
        stub.push(Step::AttemptStarted { turn: 1, operation: Operation::Load, attempt: 2, max: 3 });
        let (operation, took_us) = (Operation::Load, 900);
        stub.push(Step::AttemptSucceeded { turn: 1, operation, attempt: 2, max: 3, took_us });
        stub.push(Step::Recovered { turn: 1, operation, attempt: 2, max: 3, lost_us: 1_002_000 });
        let reply = Message::reply_to(content);
        stub.push(Step::ReplyReady { turn: 1, content: content.into(), reply: reply.content.clone() });
        stub.push(Step::TurnCompleted { turn: 1, took_us: 1_012_000, repeated: false });
        stub.history = Ok(vec![Message::user(content), reply]);
        stub
    }

    /// One message whose every load failed on purpose.
    pub(super) fn exhausted(content: &str) -> Self {
        let mut stub = Self::untouched();
        stub.begin(content);
        (1..=3).for_each(|attempt| stub.fail(attempt));
        let error = LabError::new(ErrorCode::RetriesExhausted, "Failed to load history-user1 after 3 attempts");
        stub.push(Step::TurnFailed { turn: 1, method: Method::ProcessMessage, took_us: 2_003_000, error });
        stub
    }

    pub(super) fn begin(&mut self, content: &str) {
        let message_id = MessageId::try_from("id-1".to_owned()).ok();
        let (method, content) = (Method::ProcessMessage, Some(content.to_owned()));
        self.push(Step::TurnQueued { turn: 1, method, message_id: message_id.clone(), content: content.clone() });
        self.push(Step::Activated);
        self.push(Step::TurnStarted { turn: 1, method, message_id, content });
    }

    fn fail(&mut self, attempt: u8) {
        let (turn, operation, max) = (1, Operation::Load, 3);
        self.push(Step::AttemptStarted { turn, operation, attempt, max });
        self.push(Step::AttemptFailed {
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
            self.push(Step::RetryScheduled { turn, operation, attempt: attempt + 1, max, delay_ms: 1_000, due_at });
        }
    }

    pub(super) fn push(&mut self, step: Step) {
        let seq = self.events.len() as u64 + 1;
        self.events.push(Event { seq, at: 1_000 + seq, step });
    }

    fn refused() -> LabError {
        LabError::new(ErrorCode::Internal, "this backend only shows")
    }
}

#[async_trait]
impl Backend for StubBackend {
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
            registered_at: Some(8_000),
            known_actors: vec![actor.clone()],
            now: 9_000,
            utc_offset_min: 0,
        }
    }

    async fn reset(&self, _: &ActorId) -> Result<(), LabError> {
        Err(Self::refused())
    }
}

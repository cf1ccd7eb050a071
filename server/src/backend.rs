//! What the page and the REST routes need done, done through the sidecar.

use std::{collections::HashMap, sync::Arc, time::Duration};

use app::backend::{Backend, SharedBackend};
use async_trait::async_trait;
use model::{
    actor_id::ActorId,
    error::{ErrorCode, LabError},
    fault::{FaultSetting, FaultStatus},
    hold::{HeldAttempt, HoldStatus},
    lab::{LabSnapshot, Panels, Runtime, StoredValue},
    lesson::{
        checks::{Check, expected},
        prediction::{Prediction, Stored},
    },
    message::{Message, MessageId},
    operation::Method,
    policy::RetryPolicy,
    recording::{
        Format, RecordedRuntime, Recording,
        cut::{Cut, InForce, cut},
    },
    scenario::{Need, ScenarioReport},
    sidecar_retries::{DOCUMENT, SidecarRetries, SidecarRetriesSetting},
    timeline::{Step, TimelineSnapshot},
    wire::{WireSetting, WireStatus},
};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    actor::{answered::Answered, state::answered_key},
    checks::PassBook,
    controls::Controls,
    dapr::{
        Dapr,
        error::{again, invoke_error},
    },
    invocation::{MESSAGE_ID_HEADER, TICKET_HEADER, check_content},
    labs::{Labs, Timelines},
    recordings::Recordings,
    runtime::RuntimeInfo,
    scenario::{self, Stage},
    store::StoreReader,
    stored::StoredState,
    timeline::clock::{micros, now_ms},
};

/// The longest that a call waits for its turn and the turn's end: a turn may last 45 s, and others may be before it.
const CALL_LIMIT: Duration = Duration::from_secs(150);

/// How often a call that waits long looks whether the sidecar still can call actors.
const PLACEMENT_LOOK: Duration = Duration::from_secs(3);

/// How many other labs a page offers.
const KNOWN_ACTORS: usize = 20;

/// The lab behind the page.
pub struct LabBackend {
    pub(crate) dapr: Dapr,
    /// What is stored, as the sidecar gives it.
    pub(crate) state: StoredState,
    /// The store itself.
    pub(crate) store: Option<StoreReader>,
    pub(crate) runtime: RuntimeInfo,
    pub(crate) labs: Labs,
    pub(crate) timelines: Timelines,
    pub(crate) controls: Controls,
    pub(crate) passes: PassBook,
    pub(crate) recordings: Recordings,
    /// The retry policy with which every lab begins.
    pub(crate) first_policy: RetryPolicy,
    /// How long an actor stays in memory after the start of its last turn.
    pub(crate) idle_timeout: Duration,
    /// Cancelled when the lab begins to stop.
    pub(crate) stopping: CancellationToken,
}

/// A message on its way to the actor.
struct Sending {
    id: MessageId,
    content: String,
}

impl LabBackend {
    /// Invokes a method and waits for its answer. Once it has left, a call goes on when whoever asked for it is gone.
    async fn invoke<T: DeserializeOwned>(
        &self,
        actor: &ActorId,
        method: Method,
        message: Option<Sending>,
    ) -> Result<T, LabError> {
        let mut metadata = HashMap::new();
        let mut data = Vec::new();
        let (mut id, mut content) = (None, None);
        if let Some(message) = message {
            data = serde_json::to_vec(&Message::user(message.content.clone())).map_err(internal)?;
            metadata.insert(MESSAGE_ID_HEADER.to_owned(), message.id.as_str().to_owned());
            (id, content) = (Some(message.id), Some(message.content));
        }
        let ticket = self.timelines.queue_turn(actor, method, id.clone(), content.clone())?;
        metadata.insert(TICKET_HEADER.to_owned(), ticket.as_str().to_owned());
        let (dapr, timelines, actor) = (self.dapr.clone(), self.timelines.clone(), actor.clone());
        let call = tokio::spawn(async move {
            let began = Instant::now();
            let called = tokio::select! {
                called = dapr.invoke(&actor, method.as_str(), data, metadata, CALL_LIMIT) => {
                    called.map_err(|status| invoke_error(&status, dapr.endpoint(), method))
                }
                () = placement_lost(&dapr, || timelines.turn_waits(&actor, &ticket)) => {
                    Err(LabError::new(ErrorCode::SidecarUnreachable, no_placement(dapr.endpoint(), method)))
                }
            };
            match &called {
                Err(error) => timelines.turn_never_started(&actor, &ticket, error),
                // Another program has the actor: what its turn did is not known here, and that it is over is.
                Ok(_) if timelines.turn_waits(&actor, &ticket) => {
                    let turn = timelines.start_turn(&actor, Some(&ticket), method, id, content);
                    let took_us = micros(began.elapsed());
                    timelines.record(&actor, Step::TurnCompleted { turn, took_us, repeated: false });
                }
                Ok(_) => {}
            }
            called
        });
        let answer = call.await.map_err(internal)??;
        serde_json::from_slice(&answer).map_err(internal)
    }

    async fn stored_value(&self, actor: &ActorId) -> Result<StoredValue, LabError> {
        let Some(store) = &self.store else {
            let message = "The lab does not know where the state store itself is: start it with --store sqlite:PATH or redis://HOST:PORT";
            return Err(LabError::new(ErrorCode::StoreUnreachable, message));
        };
        store.history(actor).await
    }
}

/// Waits until a call that has not become a turn never will, as the sidecar has lost its placement service: it holds
/// such calls without an answer.
async fn placement_lost(dapr: &Dapr, waits: impl Fn() -> bool) {
    loop {
        sleep(PLACEMENT_LOOK).await;
        if waits() && dapr.placement_lost().await && waits() {
            return;
        }
    }
}

fn no_placement(endpoint: &str, method: Method) -> String {
    format!(
        "The Dapr sidecar at {endpoint} has lost its placement service, and calls no actor without it. Start placement, \
         then {}.",
        again(Some(method))
    )
}

/// This machine's offset from UTC now, in minutes.
fn utc_offset_min() -> i32 {
    jiff::ZonedDateTime::now().offset().seconds() / 60
}

fn internal(error: impl std::fmt::Display) -> LabError {
    LabError::new(ErrorCode::Internal, error.to_string())
}

#[async_trait]
impl Backend for LabBackend {
    async fn send_message(&self, actor: &ActorId, content: String, id: MessageId) -> Result<Message, LabError> {
        check_content(&content)?;
        self.invoke(actor, Method::ProcessMessage, Some(Sending { id, content })).await
    }

    async fn conversation_history(&self, actor: &ActorId) -> Result<Vec<Message>, LabError> {
        self.invoke(actor, Method::GetConversationHistory, None).await
    }

    async fn compare_with_store(&self, actor: &ActorId) -> Result<StoredValue, LabError> {
        self.conversation_history(actor).await?;
        let stored = self.stored_value(actor).await?;
        self.timelines.record(actor, Step::StoreRead { key: stored.key.clone(), value: stored.value.clone() });
        self.passes.judge(actor);
        Ok(stored)
    }

    fn set_fault(&self, actor: &ActorId, setting: FaultSetting) -> Result<FaultStatus, LabError> {
        self.controls.set_fault(actor, setting)
    }

    fn arm_fault(&self, actor: &ActorId) -> FaultStatus {
        self.controls.arm(actor)
    }

    fn fault(&self, actor: &ActorId) -> FaultStatus {
        self.controls.fault(actor)
    }

    fn policy(&self, actor: &ActorId) -> RetryPolicy {
        self.controls.policy(actor)
    }

    fn set_policy(&self, actor: &ActorId, policy: RetryPolicy) -> Result<RetryPolicy, LabError> {
        self.controls.set_policy(actor, policy)
    }

    fn hold(&self, actor: &ActorId) -> HoldStatus {
        self.controls.hold_status(actor)
    }

    fn set_hold(&self, actor: &ActorId, on: bool) -> HoldStatus {
        self.controls.set_hold(actor, on)
    }

    fn release(&self, actor: &ActorId) -> Option<HeldAttempt> {
        self.controls.release(actor)
    }

    async fn prediction(&self, actor: &ActorId, id: Option<MessageId>) -> Result<Prediction, LabError> {
        if self.controls.wire_is_broken() {
            // No load succeeds, whatever is stored: it is as many messages as the timeline tells.
            let (before, events) = self.timelines.evidence(actor);
            let messages = expected(&before.unwrap_or_default(), &events).len();
            return Ok(self.controls.predict(actor, Stored { messages, answered: false }));
        }
        let history = self.state.history(actor).await?;
        let answered = match id {
            Some(id) => self.state.value::<Answered>(actor, &answered_key(actor)).await?.has(&id),
            None => false,
        };
        Ok(self.controls.predict(actor, Stored { messages: history.len(), answered }))
    }

    fn wire(&self) -> Option<WireStatus> {
        self.controls.wire()
    }

    fn set_wire(&self, setting: WireSetting) -> Result<WireStatus, LabError> {
        self.controls.set_wire(None, setting)
    }

    fn sidecar_retries(&self) -> SidecarRetries {
        let daprd = || SidecarRetries { on: None, document: DOCUMENT.to_owned() };
        self.controls.sidecar_retries().unwrap_or_else(daprd)
    }

    fn set_sidecar_retries(&self, setting: SidecarRetriesSetting) -> Result<SidecarRetries, LabError> {
        self.controls.set_sidecar_retries(None, setting)
    }

    fn idle_timeout(&self) -> Duration {
        self.idle_timeout
    }

    fn needs_met(&self) -> Vec<Need> {
        scenario::needs_met(&self.controls)
    }

    async fn run_scenario(self: Arc<Self>, actor: ActorId, name: &str) -> Result<ScenarioReport, LabError> {
        let scenario = model::scenario::named(name).ok_or_else(|| {
            let names: Vec<_> = model::scenario::all().iter().map(|scenario| scenario.name.as_str()).collect();
            LabError::of_field("name", format!("name is {name:?}: it may be {}.", names.join(", ")))
        })?;
        let Self { labs, timelines, controls, dapr, state, idle_timeout, .. } = &*self;
        let stage = Stage {
            labs: labs.clone(),
            timelines: timelines.clone(),
            controls: controls.clone(),
            dapr: dapr.clone(),
            state: state.clone(),
            idle_timeout: *idle_timeout,
            backend: Arc::clone(&self) as SharedBackend,
            actor,
        };
        // It can take minutes, and a stop waits for turns alone.
        self.stopping.run_until_cancelled(scenario::run(stage, scenario)).await.unwrap_or_else(|| {
            let message = "The lab stops, and the scenario with it. Start the lab, then run it again.";
            Err(LabError::new(ErrorCode::ServerUnreachable, message))
        })
    }

    fn scenario_report(&self, actor: &ActorId) -> Option<ScenarioReport> {
        self.labs.read(actor, |lab| lab.report.clone())?
    }

    fn checks(&self, actor: &ActorId) -> Vec<Check> {
        self.passes.checks(actor)
    }

    fn timeline(&self, actor: &ActorId) -> TimelineSnapshot {
        self.timelines.snapshot(actor)
    }

    async fn recorded_turn(&self, actor: &ActorId, turn: u64) -> Result<Recording, LabError> {
        // Before the timeline: what is changed in between stands in that.
        let now = InForce { policy: self.controls.policy(actor), fault: self.controls.fault(actor) };
        let (timeline, whole) = (self.timelines.snapshot(actor), self.timelines.is_whole(actor));
        let first = whole.then(|| InForce { policy: self.first_policy, fault: FaultStatus::lesson() });
        let Cut { events, policy, fault } = cut(&timeline.events, turn, now, first)?;
        let Runtime { sidecar, store, .. } = self.runtime.get().await;
        Ok(Recording {
            format: Format::Turn,
            version: Recording::VERSION,
            actor: actor.clone(),
            runtime: RecordedRuntime { sidecar, store },
            utc_offset_min: utc_offset_min(),
            turn,
            policy,
            fault,
            events,
        })
    }

    fn keep_recording(&self, recording: &Recording) -> Result<String, LabError> {
        self.recordings.keep(recording)
    }

    fn recording(&self, id: &str) -> Option<Recording> {
        self.recordings.find(id)
    }

    async fn panels(&self, actor: &ActorId) -> Panels {
        let (history, stored) = tokio::join!(self.state.history(actor), self.stored_value(actor));
        // As long as no turn has loaded anything, what was before the first turn is what is there now.
        let before = self.timelines.before(actor).or_else(|| history.clone().ok()).unwrap_or_default();
        let checks = self.passes.checks(actor);
        let (fault, policy) = (self.controls.fault(actor), self.controls.policy(actor));
        let layers = self.controls.layers().to_vec();
        let sidecar_retries = self.sidecar_retries().on;
        let hold = self.controls.hold_status(actor).on;
        Panels { history, stored, before, checks, fault, layers, policy, hold, sidecar_retries, wire: self.wire() }
    }

    async fn snapshot(&self, actor: &ActorId) -> LabSnapshot {
        let panels = self.panels(actor).await;
        let timeline = self.timelines.snapshot(actor);
        let known = self.timelines.known_actors(KNOWN_ACTORS + 1);
        LabSnapshot {
            actor: actor.clone(),
            runtime: self.runtime.get().await,
            panels,
            timeline,
            registered_at: self.timelines.registered_at(),
            known_actors: known.into_iter().filter(|other| other != actor).take(KNOWN_ACTORS).collect(),
            now: now_ms(),
            utc_offset_min: utc_offset_min(),
        }
    }

    async fn reset(&self, actor: &ActorId) -> Result<(), LabError> {
        self.controls.set_hold(actor, false);
        // What is stored is taken away through the wire: an outage that the lab itself has made would keep it.
        self.controls.give_wire_back(actor);
        self.invoke(actor, Method::ResetConversation, None).await
    }
}

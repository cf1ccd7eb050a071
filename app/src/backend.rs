//! The one door between the page and the process: what the page, the server functions and the REST routes need done.
//! `server` implements it; `app` never calls `server`.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use model::{
    actor_id::ActorId,
    error::LabError,
    fault::{FaultSetting, FaultStatus},
    hold::{HeldAttempt, HoldStatus},
    lab::{LabSnapshot, Panels, StoredValue},
    lesson::{checks::Check, prediction::Prediction},
    message::{Message, MessageId},
    policy::RetryPolicy,
    recording::Recording,
    scenario::{Need, ScenarioReport},
    sidecar_retries::{SidecarRetries, SidecarRetriesSetting},
    timeline::TimelineSnapshot,
    wire::{WireSetting, WireStatus},
};

/// A [`Backend`] as it is handed around; provided as a Leptos context and as axum state.
pub type SharedBackend = Arc<dyn Backend>;

/// Everything that can be done with a lab.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// Sends a message to the actor and waits for the stored reply: one turn. A repeat of `id` is answered from what
    /// is stored.
    ///
    /// # Errors
    /// What the sidecar or the turn reported; see [`model::error::ErrorCode`].
    async fn send_message(&self, actor: &ActorId, content: String, id: MessageId) -> Result<Message, LabError>;

    /// Asks the actor for its history: one turn, after those that wait.
    ///
    /// # Errors
    /// What the sidecar or the turn reported.
    async fn conversation_history(&self, actor: &ActorId) -> Result<Vec<Message>, LabError>;

    /// Asks the actor for its history, then reads the value from the store itself: the evidence of *State
    /// consistency*.
    ///
    /// # Errors
    /// What the sidecar, the turn or the store reported.
    async fn compare_with_store(&self, actor: &ActorId) -> Result<StoredValue, LabError>;

    /// Sets the failure switch. Never waits for a turn.
    ///
    /// # Errors
    /// A layer that is not there, or a plan that cannot end in time under the policy.
    fn set_fault(&self, actor: &ActorId, setting: FaultSetting) -> Result<FaultStatus, LabError>;

    /// Arms the plan afresh if the switch is on. Never waits for a turn.
    fn arm_fault(&self, actor: &ActorId) -> FaultStatus;

    /// The failure switch.
    fn fault(&self, actor: &ActorId) -> FaultStatus;

    /// The retry policy.
    fn policy(&self, actor: &ActorId) -> RetryPolicy;

    /// Sets the retry policy. Never waits for a turn: what is under way stays, what comes after it follows the policy.
    ///
    /// # Errors
    /// A field out of its range, or a policy that cannot end in time under the plan.
    fn set_policy(&self, actor: &ActorId, policy: RetryPolicy) -> Result<RetryPolicy, LabError>;

    /// Whether attempts are held, and the one that is.
    fn hold(&self, actor: &ActorId) -> HoldStatus;

    /// Holds each attempt of a message before it begins, or no longer: one that is held then goes at once. Never waits
    /// for a turn.
    fn set_hold(&self, actor: &ActorId, on: bool) -> HoldStatus;

    /// Lets the held attempt go, and says which it was; `None` if none is held. Never waits for a turn.
    fn release(&self, actor: &ActorId) -> Option<HeldAttempt>;

    /// What a message would meet that is sent now; `id` is its id, if it may have been stored before.
    ///
    /// # Errors
    /// What the sidecar reported when it was asked for what is stored.
    async fn prediction(&self, actor: &ActorId, id: Option<MessageId>) -> Result<Prediction, LabError>;

    /// The wire to Redis, which all actors share; `None` where the lab has no wire layer.
    fn wire(&self) -> Option<WireStatus>;

    /// Sets the wire to Redis. Never waits for a turn.
    ///
    /// # Errors
    /// The lab has no wire layer.
    fn set_wire(&self, setting: WireSetting) -> Result<WireStatus, LabError>;

    /// The sidecar's own retries around the state store, which all actors share.
    fn sidecar_retries(&self) -> SidecarRetries;

    /// Switches the embedded sidecar's own retries. Never waits for a turn.
    ///
    /// # Errors
    /// The sidecar is a daprd, which reads its policies at its start.
    fn set_sidecar_retries(&self, setting: SidecarRetriesSetting) -> Result<SidecarRetries, LabError>;

    /// How long an actor stays in memory after the start of its last turn.
    fn idle_timeout(&self) -> Duration;

    /// What scenarios need of a lab, and this one has.
    fn needs_met(&self) -> Vec<Need>;

    /// Runs the scenario of this name to its end. Goes on when whoever asked for it is gone.
    ///
    /// # Errors
    /// There is no such scenario, it cannot run here, another is running, or the lab could not be reset for it.
    async fn run_scenario(self: Arc<Self>, actor: ActorId, name: &str) -> Result<ScenarioReport, LabError>;

    /// How the last scenario ended that ran in this lab.
    fn scenario_report(&self, actor: &ActorId) -> Option<ScenarioReport>;

    /// The five checks.
    fn checks(&self, actor: &ActorId) -> Vec<Check>;

    /// The timeline as far as it is still known.
    fn timeline(&self, actor: &ActorId) -> TimelineSnapshot;

    /// A turn of the timeline as a document.
    ///
    /// # Errors
    /// The turn is not, or not any more, in the timeline; or it has not ended.
    async fn recorded_turn(&self, actor: &ActorId, turn: u64) -> Result<Recording, LabError>;

    /// Keeps a recording, for as long as the process lives or until a hundred others were kept after it; the answer is
    /// its id. No lab is touched.
    ///
    /// # Errors
    /// It is too large when it is written out in full.
    fn keep_recording(&self, recording: &Recording) -> Result<String, LabError>;

    /// The recording that was kept under this id, if it still is.
    fn recording(&self, id: &str) -> Option<Recording>;

    /// The panels. What cannot be read stands in them as its error.
    async fn panels(&self, actor: &ActorId) -> Panels;

    /// Everything that the page shows first.
    async fn snapshot(&self, actor: &ActorId) -> LabSnapshot;

    /// Puts the lab back to how a learner first finds it: conversation, passes, timeline and switch. One turn. Holding
    /// ends at once, so that no turn before it waits for anybody.
    ///
    /// # Errors
    /// What the sidecar or the turn reported; then nothing else was changed.
    async fn reset(&self, actor: &ActorId) -> Result<(), LabError>;
}

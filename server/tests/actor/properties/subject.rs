//! The two labs in which a case is run: one in memory, on paused time, and the real one.

use app::backend::SharedBackend;
use model::{
    actor_id::ActorId,
    error::LabError,
    fault::FaultSetting,
    lesson::prediction::Prediction,
    message::{Message, MessageId},
    policy::RetryPolicy,
    timeline::Event,
};
use reqwest::{Method, StatusCode};
use server::actor::{
    memory::MemoryLab,
    state::{Conversation, SidecarState, StateAccess},
};

use crate::support::{APP_TOKEN, Bench};

/// A lab, as far as a case has to do with it.
pub trait Subject {
    /// How much longer than predicted a message may take, in milliseconds, by each of its steps.
    const GRAIN_MS: u64;

    /// Puts this in place of what is stored.
    async fn put(&self, history: Vec<Message>);
    async fn stored(&self) -> Vec<Message>;
    fn set_policy(&self, policy: RetryPolicy) -> Result<RetryPolicy, LabError>;
    fn set_fault(&self, setting: FaultSetting) -> Result<(), LabError>;
    fn arm(&self);
    fn hold(&self, on: bool);
    fn release(&self);
    async fn deactivate(&self);
    async fn predict(&self, id: &MessageId) -> Prediction;
    async fn send(&self, content: &str, id: &MessageId) -> Result<Message, LabError>;
    fn events(&self) -> Vec<Event>;
}

impl Subject for MemoryLab {
    /// A timer has a millisecond's grain.
    const GRAIN_MS: u64 = 1;

    async fn put(&self, history: Vec<Message>) {
        self.memory.put(&self.actor, Conversation { history, ..Conversation::default() });
    }

    async fn stored(&self) -> Vec<Message> {
        self.memory.stored(&self.actor).history
    }

    fn set_policy(&self, policy: RetryPolicy) -> Result<RetryPolicy, LabError> {
        self.controls.set_policy(&self.actor, policy)
    }

    fn set_fault(&self, setting: FaultSetting) -> Result<(), LabError> {
        self.controls.set_fault(&self.actor, setting).map(drop)
    }

    fn arm(&self) {
        self.controls.arm(&self.actor);
    }

    fn hold(&self, on: bool) {
        self.controls.set_hold(&self.actor, on);
    }

    fn release(&self) {
        self.controls.release(&self.actor);
    }

    async fn deactivate(&self) {
        Self::deactivate(self);
    }

    async fn predict(&self, id: &MessageId) -> Prediction {
        Self::predict(self, Some(id))
    }

    async fn send(&self, content: &str, id: &MessageId) -> Result<Message, LabError> {
        Self::send(self, content, id.as_str()).await
    }

    fn events(&self) -> Vec<Event> {
        Self::events(self)
    }
}

/// One actor of a real lab.
pub struct Real<'a> {
    pub bench: &'a Bench,
    pub actor: ActorId,
}

impl Real<'_> {
    fn backend(&self) -> SharedBackend {
        self.bench.backend()
    }

    fn state(&self) -> SidecarState {
        SidecarState::new(self.bench.dapr.clone())
    }
}

impl Subject for Real<'_> {
    /// The store takes its time, and so does a busy machine.
    const GRAIN_MS: u64 = 400;

    async fn put(&self, history: Vec<Message>) {
        // Only an actor that is in memory may change its state.
        self.backend().conversation_history(&self.actor).await.unwrap();
        let conversation = Conversation { history, ..Conversation::default() };
        self.state().save(&self.actor, &conversation, None).await.unwrap();
    }

    async fn stored(&self) -> Vec<Message> {
        self.state().load(&self.actor, None).await.unwrap().history
    }

    fn set_policy(&self, policy: RetryPolicy) -> Result<RetryPolicy, LabError> {
        self.backend().set_policy(&self.actor, policy)
    }

    fn set_fault(&self, setting: FaultSetting) -> Result<(), LabError> {
        self.backend().set_fault(&self.actor, setting).map(drop)
    }

    fn arm(&self) {
        self.backend().arm_fault(&self.actor);
    }

    fn hold(&self, on: bool) {
        self.backend().set_hold(&self.actor, on);
    }

    fn release(&self) {
        self.backend().release(&self.actor);
    }

    async fn deactivate(&self) {
        let path = format!("/actors/ChatAgent/{}", self.actor);
        let (status, body) = self.bench.call_app(Method::DELETE, &path, Some(APP_TOKEN), "").await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }

    async fn predict(&self, id: &MessageId) -> Prediction {
        self.backend().prediction(&self.actor, Some(id.clone())).await.unwrap()
    }

    async fn send(&self, content: &str, id: &MessageId) -> Result<Message, LabError> {
        self.backend().send_message(&self.actor, content.to_owned(), id.clone()).await
    }

    fn events(&self) -> Vec<Event> {
        self.bench.lab.timelines().snapshot(&self.actor).events
    }
}

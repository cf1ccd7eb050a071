//! What the sidecar has stored of an actor, read past the actor: no turn, no activation, no fault.

use std::time::Duration;

use model::{
    actor_id::ActorId,
    error::{ErrorCode, LabError},
    message::Message,
};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::{
    actor::state::decode,
    dapr::{Dapr, error::read_error, placement_lost_in},
    retry::AttemptError,
    sidecar_retries::LOOK,
};

/// How long the panels wait for the sidecar.
const READ_LIMIT: Duration = Duration::from_secs(4);

/// How long a sidecar that kept a read waiting may take to tell of itself.
const LOOK_LIMIT: Duration = Duration::from_secs(1);

/// What is stored, as the sidecar gives it.
#[derive(Clone)]
pub(crate) struct StoredState {
    dapr: Dapr,
}

impl StoredState {
    pub(crate) const fn new(dapr: Dapr) -> Self {
        Self { dapr }
    }

    /// The history.
    pub(crate) async fn history(&self, actor: &ActorId) -> Result<Vec<Message>, LabError> {
        self.value(actor, &actor.history_key()).await
    }

    /// A value; none is an empty one.
    pub(crate) async fn value<T: DeserializeOwned + Default>(&self, actor: &ActorId, key: &str) -> Result<T, LabError> {
        let endpoint = self.dapr.endpoint();
        let Ok(value) = timeout(READ_LIMIT, self.dapr.with_baggage(LOOK).get_state(actor, key)).await else {
            return Err(self.no_answer().await);
        };
        let value = value.map_err(|status| read_error(&status, endpoint))?;
        decode(key, &value).map_err(|error| match error {
            AttemptError::Transient(failure) | AttemptError::Permanent(failure) => {
                LabError::new(ErrorCode::TurnFailed, failure.text)
            }
        })
    }

    /// Why the sidecar has not answered a read in time: a sidecar that answers something else waits for its store, or
    /// for placement.
    async fn no_answer(&self) -> LabError {
        let (endpoint, seconds) = (self.dapr.endpoint(), READ_LIMIT.as_secs());
        match timeout(LOOK_LIMIT, self.dapr.metadata()).await {
            Ok(Ok(told)) if placement_lost_in(&told) => LabError::new(
                ErrorCode::SidecarUnreachable,
                format!(
                    "The Dapr sidecar at {endpoint} has lost its placement service, and reads no actor's state without \
                     it. Start placement, then try again."
                ),
            ),
            Ok(Ok(_)) => LabError::new(
                ErrorCode::StoreUnreachable,
                format!(
                    "The Dapr sidecar answers, but its state store gave no answer within {seconds} s. Start the store, \
                     then try again."
                ),
            ),
            _ => LabError::new(
                ErrorCode::SidecarUnreachable,
                format!("The Dapr sidecar at {endpoint} gave no answer within {seconds} s. Try again."),
            ),
        }
    }
}

//! Setting the retry policy.

use leptos::prelude::*;

use model::actor_id::ActorId;
use model::policy::RetryPolicy;
use model::policy::form::PolicyForm;

#[cfg(feature = "ssr")]
use super::request;
use crate::error::ServerError;

/// Sets the retry policy.
#[server(prefix = "/api", endpoint = "set_policy")]
pub async fn set_policy(actor: ActorId, policy: PolicyForm) -> Result<RetryPolicy, ServerError> {
    let backend = request::backend();
    let policy = request::answer(policy.policy())?;
    request::answer(backend.set_policy(&actor, policy))
}

//! The lab as JSON: whatever the page can do, `curl` can do.

use app::backend::SharedBackend;
use axum::{Json, extract::State, http::StatusCode};
use model::{
    fault::{Fault, FaultPlan, FaultSetting, FaultStatus, flat::FlatFault},
    lab::{Panels, StoredValue},
    lesson::{checks::Check, prediction::Prediction},
    message::MessageId,
    policy::RetryPolicy,
    timeline::TimelineSnapshot,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::{ApiError, ErrorBody},
    extract::{Actor, Asked, Fields},
};

pub(crate) fn router() -> OpenApiRouter<SharedBackend> {
    OpenApiRouter::new()
        .routes(routes!(panels))
        .routes(routes!(timeline))
        .routes(routes!(fault, set_fault))
        .routes(routes!(arm_fault))
        .routes(routes!(policy, set_policy))
        .routes(routes!(prediction))
        .routes(routes!(checks))
        .routes(routes!(compare))
        .routes(routes!(reset))
}

/// Read the panels: history, stored value, checks and switch.
///
/// No turn is taken: nothing waits, nothing fires. What cannot be read stands in its place as an error.
#[utoipa::path(
    get, path = "/api/lab/{actor_id}", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses((status = 200, body = Panels), (status = 400, body = ErrorBody))
)]
pub(crate) async fn panels(State(backend): State<SharedBackend>, Actor(actor): Actor) -> Json<Panels> {
    Json(backend.panels(&actor).await)
}

/// Read the timeline as far as it is still known.
#[utoipa::path(
    get, path = "/api/lab/{actor_id}/timeline", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses((status = 200, body = TimelineSnapshot), (status = 400, body = ErrorBody))
)]
pub(crate) async fn timeline(State(backend): State<SharedBackend>, Actor(actor): Actor) -> Json<TimelineSnapshot> {
    Json(backend.timeline(&actor))
}

/// Read the failure switch.
#[utoipa::path(
    get, path = "/api/lab/{actor_id}/fault", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses((status = 200, body = FaultStatus), (status = 400, body = ErrorBody))
)]
pub(crate) async fn fault(State(backend): State<SharedBackend>, Actor(actor): Actor) -> Json<FaultStatus> {
    Json(backend.fault(&actor))
}

/// A [`FaultSetting`] as it is read: each fault by itself, so that the one that is refused can be named.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FlatSetting {
    on: bool,
    plan: Option<Vec<FlatFault>>,
}

impl FlatSetting {
    fn checked(self) -> Result<FaultSetting, ApiError> {
        let fault =
            |(n, flat): (usize, FlatFault)| Fault::try_from(flat).map_err(|error| error.within(&format!("plan[{n}]")));
        let faults = |plan: Vec<FlatFault>| plan.into_iter().enumerate().map(fault).collect::<Result<Vec<_>, _>>();
        let plan = self.plan.map(|plan| FaultPlan::new(faults(plan)?)).transpose()?;
        Ok(FaultSetting { on: self.on, plan })
    }
}

/// Set the failure switch.
///
/// Switching on arms the plan afresh. Never waits for a turn; an attempt that is under way stays as it is. Without a
/// plan the one that is set stays. A plan is refused whose worst case does not end within a turn's time. A fault in the
/// layer `wire` sets the wire to Redis, for every actor, until the switch is off; whoever sets the wire last decides, and
/// the count of a fault that the wire does not follow any more has 0 left.
#[utoipa::path(
    put, path = "/api/lab/{actor_id}/fault", tag = "Lab", request_body = FaultSetting,
    params(("actor_id" = String, Path, example = "user1")),
    responses(
        (status = 200, body = FaultStatus), (status = 400, body = ErrorBody),
        (status = 409, description = "The plan is on the wire, and a scenario relies on that", body = ErrorBody),
        (status = 413, body = ErrorBody),
        (status = 415, body = ErrorBody), (status = 422, body = ErrorBody)
    )
)]
pub(crate) async fn set_fault(
    State(backend): State<SharedBackend>,
    Actor(actor): Actor,
    Fields(setting): Fields<FlatSetting>,
) -> Result<Json<FaultStatus>, ApiError> {
    Ok(Json(backend.set_fault(&actor, setting.checked()?)?))
}

/// Arm the plan afresh, if the switch is on.
#[utoipa::path(
    post, path = "/api/lab/{actor_id}/fault/arm", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses((status = 200, body = FaultStatus), (status = 400, body = ErrorBody))
)]
pub(crate) async fn arm_fault(State(backend): State<SharedBackend>, Actor(actor): Actor) -> Json<FaultStatus> {
    Json(backend.arm_fault(&actor))
}

/// Read the retry policy.
#[utoipa::path(
    get, path = "/api/lab/{actor_id}/policy", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses((status = 200, body = RetryPolicy), (status = 400, body = ErrorBody))
)]
pub(crate) async fn policy(State(backend): State<SharedBackend>, Actor(actor): Actor) -> Json<RetryPolicy> {
    Json(backend.policy(&actor))
}

/// Set the retry policy.
///
/// What is left out is the lesson's. Never waits for a turn: an attempt or a wait that is under way stays as it is, and
/// what comes after it follows the policy. A policy is refused whose worst case, under the plan that is set, does not
/// end within a turn's time.
#[utoipa::path(
    put, path = "/api/lab/{actor_id}/policy", tag = "Lab", request_body = RetryPolicy,
    params(("actor_id" = String, Path, example = "user1")),
    responses(
        (status = 200, body = RetryPolicy), (status = 400, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 415, body = ErrorBody), (status = 422, body = ErrorBody)
    )
)]
pub(crate) async fn set_policy(
    State(backend): State<SharedBackend>,
    Actor(actor): Actor,
    Fields(policy): Fields<RetryPolicy>,
) -> Result<Json<RetryPolicy>, ApiError> {
    Ok(Json(backend.set_policy(&actor, policy)?))
}

/// A prediction, and how a person says it.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(crate) struct Foretold {
    /// The prediction in words.
    sentence: String,
    #[serde(flatten)]
    prediction: Prediction,
}

/// What is asked of a prediction.
#[derive(serde::Deserialize)]
pub(crate) struct Repeat {
    message_id: Option<MessageId>,
}

/// Predict the next message.
///
/// What a message would meet that is sent now, attempt by attempt, worked out from switch, policy, the wire to Redis and
/// what is stored. No turn is taken, and nothing is used up. While the wire lets nothing pass, what is stored is not read:
/// it is as many messages as the timeline tells.
#[utoipa::path(
    get, path = "/api/lab/{actor_id}/prediction", tag = "Lab",
    params(
        ("actor_id" = String, Path, example = "user1"),
        ("message_id" = Option<String>, Query, description = "The message's id, if it may have been stored before")
    ),
    responses((status = 200, body = Foretold), (status = 400, body = ErrorBody), (status = 503, body = ErrorBody))
)]
pub(crate) async fn prediction(
    State(backend): State<SharedBackend>,
    Actor(actor): Actor,
    Asked(repeat): Asked<Repeat>,
) -> Result<Json<Foretold>, ApiError> {
    let prediction = backend.prediction(&actor, repeat.message_id).await?;
    Ok(Json(Foretold { sentence: prediction.sentence(), prediction }))
}

/// Read the five checks with their evidence.
#[utoipa::path(
    get, path = "/api/lab/{actor_id}/checks", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses((status = 200, body = [Check]), (status = 400, body = ErrorBody))
)]
pub(crate) async fn checks(State(backend): State<SharedBackend>, Actor(actor): Actor) -> Json<Vec<Check>> {
    Json(backend.checks(&actor))
}

/// Compare the history with the store.
///
/// The actor returns its history, in a turn; then the value is read from the store itself, past Dapr.
#[utoipa::path(
    post, path = "/api/lab/{actor_id}/compare", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses(
        (status = 200, body = StoredValue), (status = 400, body = ErrorBody),
        (status = 429, description = "Too many calls wait for their turns", body = ErrorBody),
        (status = 503, body = ErrorBody)
    )
)]
pub(crate) async fn compare(
    State(backend): State<SharedBackend>,
    Actor(actor): Actor,
) -> Result<Json<StoredValue>, ApiError> {
    Ok(Json(backend.compare_with_store(&actor).await?))
}

/// Put the lab back to how a learner first finds it.
///
/// Takes away the stored conversation, the timeline and the passes, and sets switch and policy to the lesson's. One turn;
/// before it a wire to Redis that the lab's own plan has broken works again.
#[utoipa::path(
    post, path = "/api/lab/{actor_id}/reset", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses(
        (status = 204), (status = 400, body = ErrorBody),
        (status = 429, description = "Too many calls wait for their turns", body = ErrorBody),
        (status = 503, body = ErrorBody)
    )
)]
pub(crate) async fn reset(State(backend): State<SharedBackend>, Actor(actor): Actor) -> Result<StatusCode, ApiError> {
    backend.reset(&actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Scenarios as JSON: which there are, and running one.

use app::backend::SharedBackend;
use axum::{Json, extract::State};
use model::{
    error::{ErrorCode, LabError},
    scenario::{self, Scenario, ScenarioReport},
};
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type, schema::SchemaType},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::{ApiError, ErrorBody},
    extract::{Actor, Fields},
};

pub(crate) fn router() -> OpenApiRouter<SharedBackend> {
    OpenApiRouter::new().routes(routes!(scenarios)).routes(routes!(run, report))
}

/// A scenario, and whether it can run here.
#[derive(Serialize)]
pub(crate) struct Offered {
    #[serde(flatten)]
    scenario: &'static Scenario,
    /// What to do so that it can run on this lab; `null` if it can.
    missing: Option<&'static str>,
}

/// A scenario's own fields, which allow for no others, with one more.
impl PartialSchema for Offered {
    fn schema() -> RefOr<Schema> {
        let missing = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .description(Some("What to do so that it can run on this lab; `null` if it can."));
        match Scenario::schema() {
            RefOr::T(Schema::Object(mut scenario)) => {
                scenario.properties.insert("missing".to_owned(), missing.into());
                scenario.required.push("missing".to_owned());
                scenario.into()
            }
            other => other,
        }
    }
}

impl ToSchema for Offered {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Scenario::schemas(schemas);
    }
}

/// The scenario that is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Its name.
    #[schema(example = "save-fails-twice")]
    name: String,
}

/// List the scenarios.
///
/// Each is one file of the project: what it does, what to watch, what it teaches and how it has to end.
#[utoipa::path(get, path = "/api/scenarios", tag = "Lab", responses((status = 200, body = [Offered])))]
pub(crate) async fn scenarios(State(backend): State<SharedBackend>) -> Json<Vec<Offered>> {
    let there = backend.needs_met();
    let offered = |scenario: &'static Scenario| Offered { scenario, missing: scenario.missing(&there) };
    Json(scenario::all().iter().map(offered).collect())
}

/// Run a scenario.
///
/// Resets the lab, does what the scenario says, and answers at its end, which can take two minutes, and longer where an
/// actor idles longer. It goes on when the caller leaves. Afterwards the switch is off and the policy the lesson's. What
/// all labs share, the wire to Redis and the sidecar's own retries, nobody else sets meanwhile, and it is put back to
/// what it was before. A scenario that sets any of it runs while no other does.
#[utoipa::path(
    post, path = "/api/lab/{actor_id}/scenario", tag = "Lab", request_body = Wanted,
    params(("actor_id" = String, Path, example = "user1")),
    responses(
        (status = 200, body = ScenarioReport), (status = 400, body = ErrorBody), (status = 409, description = "A scenario runs, in this lab or in one that this would disturb", body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 415, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, description = "Too many calls wait for their turns, or too many scenarios run in all labs together", body = ErrorBody),
        (status = 503, body = ErrorBody)
    )
)]
pub(crate) async fn run(
    State(backend): State<SharedBackend>,
    Actor(actor): Actor,
    Fields(wanted): Fields<Wanted>,
) -> Result<Json<ScenarioReport>, ApiError> {
    Ok(Json(backend.run_scenario(actor, &wanted.name).await?))
}

/// Read how the last scenario ended.
#[utoipa::path(
    get, path = "/api/lab/{actor_id}/scenario", tag = "Lab", params(("actor_id" = String, Path, example = "user1")),
    responses((status = 200, body = ScenarioReport), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody))
)]
pub(crate) async fn report(
    State(backend): State<SharedBackend>,
    Actor(actor): Actor,
) -> Result<Json<ScenarioReport>, ApiError> {
    let none = || LabError::new(ErrorCode::NotFound, format!("No scenario has run to its end in the lab of {actor}."));
    Ok(Json(backend.scenario_report(&actor).ok_or_else(none)?))
}

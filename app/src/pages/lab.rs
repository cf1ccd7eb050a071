//! The lab's page: reads everything that it shows first, and hands it to the island.

use http::StatusCode;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use server_fn::error::ServerFnUrlError;

use super::{plain::PlainPage, scenario::scenarios};
use crate::{
    backend::SharedBackend,
    cookie::cookie,
    error::ServerError,
    island::{Lab, Opening},
    panels::{keys, tour},
    state::{Initial, address::Address, form::FormError},
    typed::Typed,
};
use model::{
    actor_id::{ActorId, LESSON_ACTOR},
    message::MessageId,
};

/// `/` and `/lab/{actor_id}`.
#[component]
pub fn LabPage() -> impl IntoView {
    let id = use_params_map().read_untracked().get("actor_id").unwrap_or_else(|| LESSON_ACTOR.to_owned());
    let query = use_query_map().get_untracked();
    let address = Address::read(|part| query.get(part));
    let typed = Typed::read(query.get("__path"), query.get(Typed::PART));
    let error = query.get("__path").zip(query.get("__err")).map(|(path, error)| {
        let ServerError(mut error) = ServerFnUrlError::decode_err(&error);
        error.message.push_str(&typed.cut());
        FormError::new(path, error)
    });
    let scenario = query.get("scenario");
    match id.parse::<ActorId>() {
        Ok(actor) => lab(actor, error, typed, address, scenario).into_any(),
        Err(why) => bad_actor(id, why.to_string()).into_any(),
    }
}

/// `/lab?actor=user1`, which the actor field asks for: goes on to that lab's own address. What is no id is answered
/// here, since `.` and `..` would be folded away in a path.
#[component]
pub fn OpenLab() -> impl IntoView {
    let id = use_query_map().get_untracked().get("actor");
    match id.map(|id| (id.parse::<ActorId>(), id)) {
        Some((Err(why), id)) => Some(bad_actor(id, why.to_string())),
        Some((Ok(actor), _)) => {
            leptos_axum::redirect(&format!("/lab/{actor}"));
            None
        }
        None => {
            leptos_axum::redirect("/");
            None
        }
    }
}

fn lab(
    actor: ActorId,
    error: Option<FormError>,
    typed: Typed,
    address: Address,
    scenario: Option<String>,
) -> impl IntoView {
    let backend = expect_context::<SharedBackend>();
    let page = Suspend::new(async move {
        let snapshot = backend.snapshot(&actor).await;
        let scenarios = scenarios(&backend, &actor, scenario.as_deref(), error.as_ref());
        let message_id = MessageId::try_from(uuid::Uuid::new_v4().to_string()).expect("a UUID names a message");
        let single_keys = cookie(keys::COOKIE).as_deref() != Some("off");
        let tour = cookie(tour::COOKIE);
        let initial = Initial { snapshot, error, typed, address, message_id };
        provide_context(Opening { initial, scenarios, single_keys, tour });
        view! {
            <Title text=format!("Faultlab: {actor}") />
            <Lab />
        }
    });
    view! { <Suspense>{page}</Suspense> }
}

/// `400`, with the reason beside the field in which another id can be typed.
pub(super) fn bad_actor(id: String, why: String) -> impl IntoView {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(StatusCode::BAD_REQUEST);
    }
    view! {
        <PlainPage title="This is not an actor id" actor=id actor_error=why.clone()>
            <p>
                {why} ". Correct it in the field above, or go to " <a href="/">"the lesson’s lab"</a> "."
            </p>
        </PlainPage>
    }
}

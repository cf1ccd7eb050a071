//! The deep dives: the faults of the lesson's own code, one page each. Rendered by the server alone; nothing on them
//! moves.
//!
//! # Layout
//! - [`content`]: what they say
//! - [`dive`]: what each consists of
//! - [`page`]: how one is drawn

pub mod content;
pub mod dive;
mod page;
#[cfg(test)]
mod tests;

use http::StatusCode;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use self::{content::DIVES, page::dive};
use super::{lab::bad_actor, plain::PlainPage};
use crate::{
    backend::SharedBackend,
    components::Icon,
    panels::topbar::{Brand, ThemeButton},
};
use model::actor_id::{ActorId, LESSON_ACTOR};

/// `/dives`: the list. `?actor=` says whose lab the buttons lead to.
#[component]
pub fn DivesPage() -> impl IntoView {
    let line = |dive: &'static dive::Dive, actor: &ActorId| {
        view! {
            <li>
                <a href=address(dive.slug, actor)>
                    <b>{dive.title}</b>
                    <span>{dive.costs}</span>
                </a>
            </li>
        }
    };
    with_actor(move |actor| {
        let lines = DIVES.iter().map(|dive| line(dive, &actor)).collect_view();
        view! {
            <Title text="Deep dives · Faultlab" />
            <Frame actor=actor.clone()>
                <main class="dives">
                    <h1>"Eight faults of the lesson’s code"</h1>
                    <p class="dive-lead">
                        "The lesson’s program teaches retries, and has faults of its own. Each page shows the line, what \
                         really happens, what this lab does instead, and lets you see that in the lab of "
                        <code>{actor.to_string()}</code> "."
                    </p>
                    <ol class="dive-list">{lines}</ol>
                </main>
            </Frame>
        }
    })
}

/// `/dives/{slug}`: one of them.
#[component]
pub fn DivePage() -> impl IntoView {
    let slug = use_params_map().read_untracked().get("slug").unwrap_or_default();
    with_actor(move |actor| {
        let Some(nth) = DIVES.iter().position(|dive| dive.slug == slug) else { return unknown(&actor).into_any() };
        let there = expect_context::<SharedBackend>().needs_met();
        view! {
            <Title text=format!("{} · Faultlab", DIVES[nth].title) />
            <Frame actor=actor.clone()>{dive(nth, &actor, &there)}</Frame>
        }
        .into_any()
    })
}

/// The address of a dive, or of the list, for this lab.
fn address(slug: &str, actor: &ActorId) -> String {
    format!("/dives{}{slug}?actor={actor}", if slug.is_empty() { "" } else { "/" })
}

/// The page for the actor that the address names, or what is wrong with its name.
fn with_actor<V: IntoView + 'static>(page: impl FnOnce(ActorId) -> V) -> AnyView {
    let id = use_query_map().get_untracked().get("actor").unwrap_or_else(|| LESSON_ACTOR.to_owned());
    match id.parse::<ActorId>() {
        Ok(actor) => page(actor).into_any(),
        Err(why) => bad_actor(id, why.to_string()).into_any(),
    }
}

/// The bar on top, and the page under it.
#[component]
fn Frame(actor: ActorId, children: Children) -> impl IntoView {
    view! {
        <div class="lab">
            <header class="topbar">
                <Brand />
                <span class="topbar-step">
                    <a href=address("", &actor)>"Deep dives"</a>
                </span>
                <span class="topbar-gap"></span>
                <a class="btn" href=format!("/lab/{actor}")><Icon href="#i-older" /> "Lab of " {actor.to_string()}</a>
                <ThemeButton />
            </header>
            {children()}
        </div>
    }
}

/// `404`, with the way to the list.
fn unknown(actor: &ActorId) -> impl IntoView + use<> {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(StatusCode::NOT_FOUND);
    }
    let list = address("", actor);
    view! {
        <PlainPage title="There is no such deep dive" actor=actor.to_string()>
            <p>"There are eight of them: choose one from " <a href=list>"the list"</a> "."</p>
        </PlainPage>
    }
}

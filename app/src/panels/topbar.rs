//! The bar on top: which lab this is, what it runs on, whether events arrive.

use leptos::{ev::MouseEvent, html, prelude::*, server_fn::ServerFn};

use super::{hold::HoldForm, slow_motion::SlowMotion};
use crate::{
    components::{FocusTargets, Icon},
    dom, format,
    functions::theme::{SetTheme, Theme},
    state::{
        clock::ClockState,
        connection::{Connection, ConnectionState},
        lab::LabState,
        playback::PlaybackState,
        view::ViewState,
    },
};
use model::{actor_id::ActorId, error::ErrorCode, lab::Runtime};

/// The bar of a lab.
#[component]
pub fn Topbar(
    /// Labs that have been used.
    known: Vec<ActorId>,
) -> impl IntoView {
    let lab = expect_context::<LabState>();
    let (actor, runtime) = (lab.actor(), lab.runtime());
    let field = expect_context::<FocusTargets>().actor;
    view! {
        <header class="topbar">
            <Brand />
            <span class="topbar-step">"Step 4.4 " <span>"Fault tolerance"</span></span>
            <ActorField actor=actor.to_string() known error=None node_ref=field />
            <span class="where" tabindex="0" data-tip=where_tip(&runtime)>
                {runtime.sidecar.clone()} " " <i>"·"</i> " " {runtime.store.clone()}
                <span class="vh">". " {where_tip(&runtime)}</span>
            </span>
            <ConnectionStatus />
            <span class="topbar-gap"></span>
            <SlowMotion />
            <HoldForm />
            <ThemeButton />
            <button class="btn quiet icon keys-button" type="button" popovertarget="keys" aria-label="Keys" title="Keys: ?">
                <Icon href="#i-keys" />
            </button>
            <PresentLink />
        </header>
    }
}

/// Lays the page out for a room, and back. A plain link: without script it does the same.
#[component]
fn PresentLink() -> impl IntoView {
    let view = expect_context::<ViewState>();
    let words = move || if view.present.get() { "Leave" } else { "Present" };
    let toggle = move |click: MouseEvent| {
        if dom::is_plain(&click) {
            click.prevent_default();
            view.toggle_present();
        }
    };
    view! {
        <a
            class="btn present-link"
            href=move || if view.present.get() { "?" } else { "?present" }
            aria-label=words
            title="Large type for a room: p"
            on:click=toggle
        >
            <Icon href="#i-screen" />
            <span>{words}</span>
        </a>
    }
}

fn where_tip(runtime: &Runtime) -> String {
    let api = runtime.sidecar_http.as_ref().map(|at| format!(" Its HTTP API answers at {at}.")).unwrap_or_default();
    format!("The page speaks to the actor through the {}. State is kept in {}.{api}", runtime.sidecar, runtime.store)
}

/// The name of the product, and the way to the lesson's lab.
#[component]
pub fn Brand() -> impl IntoView {
    view! {
        <a class="brand" href="/">
            <svg class="logo" viewBox="0 0 22 22" aria-hidden="true">
                <path class="logo-a" d="M1 11h5.5l2-6"></path>
                <path class="logo-b" d="M12 17.5l2.5-6.5H21"></path>
            </svg>
            <b>"Faultlab"</b>
        </a>
    }
}

/// The field that opens another lab.
#[component]
pub fn ActorField(
    /// What stands in it.
    actor: String,
    /// What it proposes.
    known: Vec<ActorId>,
    /// What is wrong with what stands in it.
    error: Option<String>,
    /// The field.
    #[prop(optional)]
    node_ref: NodeRef<html::Input>,
) -> impl IntoView {
    let invalid = error.is_some().then_some("true");
    let described = error.is_some().then_some("actor-error");
    let options = known.into_iter().map(|id| view! { <option value=String::from(id)></option> }).collect_view();
    view! {
        <form class="actor" action="/lab" method="get">
            <label for="actor">"actor"</label>
            <input
                id="actor"
                name="actor"
                list="actors"
                value=actor
                required
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                aria-invalid=invalid
                aria-describedby=described
                node_ref=node_ref
            />
            <datalist id="actors">{options}</datalist>
            <button class="btn quiet icon" type="submit" aria-label="Open this actor’s lab" title="Open this actor’s lab">
                <Icon href="#i-right" />
            </button>
            {error.map(|error| view! { <span class="form-error" id="actor-error" role="alert">{error}</span> })}
        </form>
    }
}

/// Whether events arrive, in a word; what cannot be reached is named.
#[component]
fn ConnectionStatus() -> impl IntoView {
    let connection = expect_context::<ConnectionState>();
    let playback = expect_context::<PlaybackState>();
    let clock = expect_context::<ClockState>();
    let lab = expect_context::<LabState>();
    let away = Memo::new(move |_| {
        lab.panels.with(|panels| match panels.history.as_ref().err()?.code {
            ErrorCode::SidecarUnreachable => Some("Sidecar not reachable"),
            ErrorCode::StoreUnreachable => Some("Store not answering"),
            _ => None,
        })
    });
    let class = move || match connection.get() {
        Connection::Reconnecting => "live again",
        Connection::Lost => "live lost",
        Connection::Live if playback.is_past() => "live still",
        _ if away.get().is_some() => "live lost",
        Connection::Live => "live",
        Connection::Opening => "live still",
    };
    let words = move || match connection.get() {
        Connection::Reconnecting => "Reconnecting".to_owned(),
        Connection::Lost => "Connection lost, trying again".to_owned(),
        Connection::Live if playback.is_replaying() => "Replay".to_owned(),
        Connection::Live if playback.is_past() => "Paused".to_owned(),
        Connection::Live => away.get().unwrap_or("Live").to_owned(),
        // Before the script runs, and without it, the page is a picture of one moment.
        Connection::Opening => {
            let as_of = || format!("As of {}", format::clock(clock.now_untracked(), lab.utc_offset_min));
            away.get().map_or_else(as_of, str::to_owned)
        }
    };
    view! {
        <span class=class>
            <span class="live-dot"></span>
            {words}
        </span>
    }
}

/// Changes the theme: a plain form, which the script answers at once. The stylesheet shows the one that would change
/// something.
#[component]
pub fn ThemeButton() -> impl IntoView {
    let button = |theme: Theme, symbol: &'static str| {
        let name = theme.as_str();
        let words = format!("Use the {name} theme");
        let choose = move |click: MouseEvent| {
            click.prevent_default();
            dom::set_theme(theme);
        };
        view! {
            <button
                class=format!("btn quiet icon to-{name}")
                type="submit"
                name="theme"
                value=name
                aria-label=words.clone()
                title=words
                on:click=choose
            >
                <Icon href=symbol />
            </button>
        }
    };
    view! {
        <form class="theme" action=SetTheme::url() method="post">
            {button(Theme::Dark, "#i-moon")}
            {button(Theme::Light, "#i-sun")}
        </form>
    }
}

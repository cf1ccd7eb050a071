//! The detail of the selected bar; without one, how to read the timeline.

use leptos::{either::Either, ev::MouseEvent, html::A, prelude::*};

use super::{bar_facts::BarFacts, how_to_read::HowToRead};
use crate::{components::Icon, dom, hooks::use_copy, state::view::ViewState};
use model::{actor_id::ActorId, timeline::BarId};

/// The detail beside the timeline.
#[component]
pub(super) fn Detail(
    /// The bar that the reader has selected, or that says most.
    facts: Memo<Option<BarFacts>>,
    /// The lab's actor; of a recording there is no lab to take anything from.
    actor: Option<ActorId>,
) -> impl IntoView {
    // Here, and not beside the link: that a link was copied is shown whatever becomes of its bar meanwhile.
    let copying = use_context::<ViewState>().map(|_| {
        let (copied, copy) = use_copy();
        Copying { copied, copy: Callback::new(copy) }
    });
    move || match facts.get() {
        Some(facts) => Either::Left(view! {
            <aside class="detail" aria-label="Selected bar">
                <BarDetail facts actor=actor.clone() copying />
            </aside>
        }),
        None => Either::Right(view! { <HowToRead /> }),
    }
}

/// Copying the link to a bar, in a lab.
#[derive(Clone, Copy)]
struct Copying {
    /// Whether one has just been copied.
    copied: ReadSignal<bool>,
    /// Copies it.
    copy: Callback<String>,
}

/// The detail of a bar.
#[component]
fn BarDetail(
    /// The bar.
    facts: BarFacts,
    /// The lab's actor.
    actor: Option<ActorId>,
    /// How its link is copied.
    copying: Option<Copying>,
) -> impl IntoView {
    let BarFacts {
        bar,
        chosen,
        standing,
        title,
        error,
        turn,
        subject,
        cause,
        started,
        lasted,
        held,
        next,
        log,
        calls,
        ..
    } = facts;
    let (ended, dive) = (facts.ended, facts.dive);
    let actor = actor.filter(|_| ended.is_some() || dive.is_some());
    let cause = cause.map(|(simulated, who, place)| {
        let who = if simulated {
            Either::Left(view! { <span class="sim-t"><Icon href="#i-flag" />{who}</span> })
        } else {
            Either::Right(who)
        };
        line("Cause", view! { {who} " " <span class="note">{place}</span> })
    });
    let calls = calls.map(|(sum, each)| {
        let each = each.into_iter().map(|call| view! { <li>{call}</li> }).collect::<Vec<_>>();
        line("Sidecar", view! { {sum} " " <ul class="detail-calls">{each}</ul> })
    });
    view! {
        <div class="detail-head">
            <span class=standing.detail_class()>
                <Icon href=standing.icon() />
            </span>
            <h3>{title}</h3>
            <LinkToBar bar copying />
            {chosen.then(|| view! { <Close /> })}
        </div>
        {error.map(|error| view! { <p class="detail-err">{error}</p> })}
        <dl>
            {line("Turn", view! { {turn} " " <span class="note">"“" {subject} "”"</span> })}
            {cause}
            {held.map(|held| line("Held", held))}
            {line("Started", started)}
            {line("Lasted", lasted)}
            {line("Next", next)}
            {calls}
        </dl>
        {log.map(|log| view! { <p class="detail-log"><code>{log}</code></p> })}
        {actor.map(|actor| view! { <FurtherLinks actor ended dive /> })}
    }
}

fn line(term: &'static str, of: impl IntoView) -> impl IntoView {
    view! {
        <div>
            <dt>{term}</dt>
            <dd>{of}</dd>
        </div>
    }
}

/// The link to this page with the bar selected. In a lab it is copied when it is pressed; where there is no clipboard,
/// the bar is selected.
#[component]
fn LinkToBar(
    /// The bar.
    bar: BarId,
    /// How the link is copied.
    copying: Option<Copying>,
) -> impl IntoView {
    let link = NodeRef::<A>::new();
    let view = use_context::<ViewState>();
    let copy = move |click: MouseEvent| {
        if let Some(((Copying { copy, .. }, view), link)) = copying.zip(view).zip(link.get_untracked())
            && dom::is_plain(&click)
        {
            click.prevent_default();
            if dom::has_clipboard() {
                copy.run(link.href());
            } else {
                view.select(Some(bar));
            }
        }
    };
    view! {
        <a
            node_ref=link
            class="btn quiet icon swap"
            class:done=move || copying.is_some_and(|copying| copying.copied.get())
            href=bar.href()
            aria-label="Copy a link to this bar"
            on:click=copy
        >
            <Icon href="#i-link" />
            <Icon href="#i-check" />
        </a>
    }
}

/// The link to this page with nothing selected.
#[component]
fn Close() -> impl IntoView {
    let view = use_context::<ViewState>();
    let close = move |click: MouseEvent| {
        if let Some(view) = view.filter(|_| dom::is_plain(&click)) {
            click.prevent_default();
            view.select(None);
        }
    };
    view! {
        <a class="btn quiet icon" href="?#timeline" aria-label="Close" on:click=close>
            <Icon href="#i-cross" />
        </a>
    }
}

/// What leads on from a bar of a lab: its turn as a file, and what the lesson's code does then.
#[component]
fn FurtherLinks(
    /// The lab's actor.
    actor: ActorId,
    /// The number of the bar's turn, if that has ended.
    ended: Option<u64>,
    /// The deep dive: its name in addresses, and in words.
    dive: Option<(&'static str, &'static str)>,
) -> impl IntoView {
    let recording = ended.map(|turn| {
        let (href, file) = (format!("/api/lab/{actor}/turn/{turn}"), format!("faultlab-{actor}-turn-{turn}.json"));
        view! { <a href=href download=file>"Keep this turn"</a> }
    });
    let dive = dive.map(|(slug, words)| {
        let href = format!("/dives/{slug}?actor={actor}");
        view! { <a href=href title=words>"In the lesson’s code"</a> }
    });
    view! { <p class="detail-acts">{recording} {dive}</p> }
}

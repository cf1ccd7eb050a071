//! Holding attempts before they begin: in the bar on top, on a page that is laid out for a room, and wherever it is on.

use leptos::{ev::MouseEvent, html, prelude::*, server_fn::ServerFn};

use crate::{
    actions::LabActions,
    components::{ApplyButton, ErrorLine, Icon, ServerForm, put_back_when_refused, tick_when_changed},
    functions::hold::Release,
    state::{lab::LabState, timeline::TimelineState, view::ViewState},
};

/// The box, and the button that lets a held attempt go. Without script the button is there as long as attempts are
/// held: the page does not know when the next one is.
#[component]
pub fn HoldForm() -> impl IntoView {
    let timeline = expect_context::<TimelineState>();
    let lab = expect_context::<LabState>();
    let view = expect_context::<ViewState>();
    let LabActions { set_hold, release, .. } = expect_context();
    let error = set_hold.error();
    let on = Memo::new(move |_| lab.panels.with(|panels| panels.hold));
    let held = Memo::new(move |_| timeline.is_held());
    let nothing_to_release = move || !held.get() && (view.hydrated.get() || !on.get());
    let (form, field) = (NodeRef::<html::Form>::new(), NodeRef::<html::Input>::new());
    tick_when_changed(field, on);
    put_back_when_refused(form, error);
    let let_go = move |click: MouseEvent| {
        click.prevent_default();
        release.dispatch(Release { actor: lab.actor() });
    };
    view! {
        <ServerForm
            action=set_hold
            at_once=true
            class="hold"
            class:on=on
            class:held=held
            attr:autocomplete="off"
            node_ref=form
        >
            // Enter in the box presses a form's first button: not *Release*.
            <button type="submit" hidden tabindex="-1" aria-hidden="true"></button>
            <input type="hidden" name="actor" value=lab.actor().to_string() />
            <label class="tick">
                <input type="checkbox" name="on" checked=on node_ref=field />
                " Hold before each attempt"
            </label>
            <ApplyButton />
            <button
                class="btn small primary hold-release"
                type="submit"
                formaction=Release::url()
                title="Let the held attempt go: y"
                hidden=nothing_to_release
                on:click=let_go
            >
                <Icon href="#i-play" />
                "Release"
            </button>
            <ErrorLine error />
            <ErrorLine error=release.error() />
        </ServerForm>
    }
}

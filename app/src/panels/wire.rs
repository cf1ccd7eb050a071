//! The wire to Redis, where the lab has one: a real outage, on purpose, for every actor.

use leptos::{html, prelude::*, server_fn::ServerFn};

use crate::{
    actions::LabActions,
    components::{
        ApplyButton, ErrorLine, FocusTargets, Icon, ServerForm, put_back_at_first, put_back_when_refused,
        write_when_changed,
    },
    functions::wire::SetWire,
    state::{form::FormState, lab::LabState, view::ViewState},
};
use model::wire::WireFault;

/// What the form sends for a wire that works.
const WORKS: &str = "works";

/// Whether this lab has one.
pub(super) fn is_there(lab: LabState) -> bool {
    lab.panels.with_untracked(|panels| panels.wire.is_some())
}

/// What the wire does, as a sentence to choose from. Chosen it takes effect at once; without script *Apply* does it.
#[component]
pub fn WireForm() -> impl IntoView {
    let action = expect_context::<LabActions>().set_wire;
    let error = action.error();
    let lab = expect_context::<LabState>();
    let forms = expect_context::<FormState>();
    let view = expect_context::<ViewState>();
    let fault = Memo::new(move |_| lab.panels.with(|panels| panels.wire.as_ref()?.fault));
    // What was refused without script stays as it was chosen.
    let typed = forms.typed.with_untracked(|typed| typed.text(SetWire::PATH, "wire").map(str::to_owned));
    let chosen = Memo::new(move |_| {
        let typed = typed.clone().filter(|_| !view.hydrated.get());
        typed.unwrap_or_else(|| word(fault.get()).to_owned())
    });
    let (form, field) = (NodeRef::<html::Form>::new(), expect_context::<FocusTargets>().wire);
    write_when_changed(chosen.into(), move |word| {
        if let Some(field) = field.get_untracked() {
            field.set_value(word);
        }
    });
    put_back_at_first(form);
    put_back_when_refused(form, error);
    let options = [None].into_iter().chain(WireFault::OFFERED.map(Some)).map(move |offered| {
        view! {
            <option value=word(offered) selected=move || chosen.with(|chosen| chosen == word(offered))>
                {move || sentence(offered, fault.get())}
            </option>
        }
    });
    view! {
        <ServerForm
            action
            at_once=true
            class="breaker wire"
            class:on=move || fault.get().is_some()
            attr:autocomplete="off"
            node_ref=form
        >
            <span class="tape" aria-hidden="true"></span>
            <p class="plan">
                <label for="wire">
                    <b>"The wire to Redis"</b>
                </label>
                <span class="select">
                    <select id="wire" name="wire" title="For every actor of this lab" node_ref=field>
                        {options.collect_view()}
                    </select>
                    <Icon href="#i-chevron" />
                </span>
                <ApplyButton />
            </p>
            <ErrorLine error />
        </ServerForm>
    }
}

/// What the form calls it.
fn word(fault: Option<WireFault>) -> &'static str {
    fault.map_or(WORKS, WireFault::word)
}

/// What there is to choose. Over the API a delay can be any: the one that is set is the one that is named.
fn sentence(offered: Option<WireFault>, set: Option<WireFault>) -> String {
    match (offered, set) {
        (Some(WireFault::Delay { .. }), Some(set @ WireFault::Delay { .. })) => set.verb(),
        (Some(offered), _) => offered.verb(),
        (None, _) => WORKS.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_choice_has_a_word_of_its_own() {
        let mut words: Vec<_> = [None].into_iter().chain(WireFault::OFFERED.map(Some)).map(word).collect();
        words.sort_unstable();
        assert_eq!(words, ["cut", "delay", "refuse", "stall", "works"]);
    }
}

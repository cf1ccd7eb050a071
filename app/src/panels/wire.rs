//! The wire to Redis, where the lab has one: a real outage, on purpose, for every actor.

use leptos::{html, prelude::*};

use crate::{
    icons::icon,
    live::{
        actions::{self, SET_WIRE},
        store::Store,
    },
    panels::controls::ErrorLine,
    wire::WireFault,
};

/// What the form sends for a wire that works.
const WORKS: &str = "works";

fn word(fault: Option<WireFault>) -> &'static str {
    fault.map_or(WORKS, WireFault::word)
}

/// What the wire does, as a sentence to choose from. Chosen it takes effect at once; without script *Apply* does it.
#[component]
pub fn WireForm() -> impl IntoView {
    let store = expect_context::<Store>();
    let chosen = NodeRef::<html::Select>::new();
    let fault = Memo::new(move |_| store.panels.with(|panels| panels.wire.as_ref().and_then(|wire| wire.fault)));
    let apply = move || {
        if let Some(chosen) = chosen.get_untracked() {
            actions::set_wire(store, chosen.value());
        }
    };
    // What was refused without script stays as it was chosen.
    let typed = store.typed.with_value(|typed| typed.text(SET_WIRE, "wire").map(str::to_owned));
    let first = typed.unwrap_or_else(|| word(fault.get_untracked()).to_owned());
    let class = move || if fault.get().is_some() { "breaker wire on" } else { "breaker wire" };
    let option = |offered: Option<WireFault>| {
        // Over the API a delay can be any: the one that is set is the one that is named.
        let words = move || match (offered, fault.get()) {
            (Some(WireFault::Delay { .. }), Some(set @ WireFault::Delay { .. })) => set.verb(),
            (Some(offered), _) => offered.verb(),
            (None, _) => WORKS.to_owned(),
        };
        let value = word(offered);
        view! {
            <option
                value=value
                selected=first == value
                prop:selected=move || word(fault.get()) == value
            >
                {words}
            </option>
        }
    };
    let offered = [None].into_iter().chain(WireFault::OFFERED.map(Some)).map(option).collect_view();
    view! {
        <form
            class=class
            action=SET_WIRE
            method="post"
            autocomplete="off"
            on:change=move |_| apply()
            on:submit=move |event| {
                event.prevent_default();
                apply();
            }
        >
            <span class="tape" aria-hidden="true"></span>
            <p class="plan">
                <label for="wire"><b>"The wire to Redis"</b></label>
                <span class="select">
                    <select node_ref=chosen id="wire" name="wire" title="For every actor of this lab">
                        {offered}
                    </select>
                    {icon("#i-chevron")}
                </span>
                <noscript>
                    <button class="btn small" type="submit">"Apply"</button>
                </noscript>
            </p>
            <ErrorLine of=&[SET_WIRE] />
        </form>
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

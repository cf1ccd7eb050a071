//! The wire to Redis, where the lab has one: a real outage, on purpose, for every actor.

use leptos::prelude::*;
use maud::{Markup, html};
use web_sys::Element;

use super::fields::{apply_button, error_line, typed_in};
use crate::{
    icons::symbol,
    live::{
        actions::{self, SET_WIRE},
        dom,
        store::Store,
    },
    markup::keep,
};
use model::wire::WireFault;

/// What the form sends for a wire that works.
const WORKS: &str = "works";

fn word(fault: Option<WireFault>) -> &'static str {
    fault.map_or(WORKS, WireFault::word)
}

/// Whether this lab has one.
pub(super) fn is_there(store: Store) -> bool {
    store.panels.with_untracked(|panels| panels.wire.is_some())
}

/// Keeps the form.
pub(super) fn start(store: Store) {
    if is_there(store) {
        keep(".breaker.wire", move || form(store));
        Effect::new(|_| dom::put_back(SET_WIRE));
    }
}

/// Sets what is chosen.
pub(crate) fn apply(store: Store, form: &Element) {
    if let Some(chosen) = typed_in(form, "wire") {
        actions::set_wire(store, chosen);
    }
}

/// What the wire does, as a sentence to choose from. Chosen it takes effect at once; without script *Apply* does it.
pub(super) fn form(store: Store) -> Markup {
    let fault = store.panels.with(|panels| panels.wire.as_ref().and_then(|wire| wire.fault));
    // What was refused without script stays as it was chosen.
    let typed = store.typed.with_untracked(|typed| typed.text(SET_WIRE, "wire").map(str::to_owned));
    let chosen = typed.filter(|_| !store.mounted.get()).unwrap_or_else(|| word(fault).to_owned());
    let words = |offered| match (offered, fault) {
        // Over the API a delay can be any: the one that is set is the one that is named.
        (Some(WireFault::Delay { .. }), Some(set @ WireFault::Delay { .. })) => set.verb(),
        (Some(offered), _) => offered.verb(),
        (None, _) => WORKS.to_owned(),
    };
    html! {
        form.breaker.wire.on[fault.is_some()] action=(SET_WIRE) method="post" autocomplete="off" {
            span.tape aria-hidden="true" {}
            p.plan {
                label for="wire" { b { "The wire to Redis" } }
                span.select {
                    select id="wire" name="wire" title="For every actor of this lab" {
                        @for offered in [None].into_iter().chain(WireFault::OFFERED.map(Some)) {
                            option value=(word(offered)) selected[chosen == word(offered)] { (words(offered)) }
                        }
                    }
                    (symbol("#i-chevron"))
                }
                (apply_button())
            }
            (error_line(store, &[SET_WIRE], |_| false))
        }
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

//! What the address says of the page, so that it can be shared: the selected bar, the moment that is shown, whether the
//! page is laid out for a room.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;

use crate::typed::Typed;
use model::timeline::BarId;

/// The part of the address after the question mark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// `bar=t2-load-1`: the name of the selected bar.
    pub bar: Option<String>,
    /// `at=17`: the number of the last event that is shown.
    pub at: Option<u64>,
    /// `present`, with any value or none.
    pub present: bool,
}

impl Address {
    /// The names of the parts.
    pub const PARTS: [&str; 3] = ["bar", "at", "present"];

    /// Reads the parts; `part` gives the value of each.
    pub fn read(part: impl Fn(&str) -> Option<String>) -> Self {
        let [bar, at, present] = Self::PARTS.map(part);
        Self { bar, at: at.and_then(|at| at.parse().ok()), present: present.is_some() }
    }

    /// The selected bar; `None` too where the name is none of a bar.
    pub fn bar(&self) -> Option<BarId> {
        self.bar.as_deref()?.parse().ok()
    }

    /// The values of the parts, in the order of their names.
    pub fn values(&self) -> [Option<String>; 3] {
        [self.bar.clone(), self.at.map(|at| at.to_string()), self.present.then(String::new)]
    }
}

/// What the browser's address says.
pub fn current() -> Address {
    let query = url().map(|url| url.search_params());
    Address::read(|part| query.as_ref()?.get(part))
}

/// Puts what the page shows into the browser's address, so that it can be shared, and takes the error of a form out of
/// it, with what was typed into it.
pub fn replace(address: &Address) {
    let Some(url) = url() else { return };
    let query = url.search_params();
    query.delete("__path");
    query.delete("__err");
    query.delete(Typed::PART);
    for (part, value) in Address::PARTS.into_iter().zip(address.values()) {
        match value {
            Some(value) => query.set(part, &value),
            None => query.delete(part),
        }
    }
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&url.href()));
    }
}

/// Lets the browser's back button come back to what the page shows now.
pub fn push() {
    if let Ok(history) = window().history() {
        // Refused only when called far too often; whatever follows is done all the same.
        let _ = history.push_state_with_url(&JsValue::NULL, "", None);
    }
}

fn url() -> Option<web_sys::Url> {
    window().location().href().and_then(|href| web_sys::Url::new(&href)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let address = Address { bar: Some("t1-load-1".to_owned()), at: Some(17), present: true };
        let values = address.values();
        let part = |name: &str| {
            let place = Address::PARTS.iter().position(|part| *part == name)?;
            values[place].clone()
        };
        assert_eq!(Address::read(part), address);
        assert_eq!(Address::read(|_| None), Address::default());
        assert_eq!(Address::read(|name| (name == "at").then(|| "soon".to_owned())).at, None);
    }
}

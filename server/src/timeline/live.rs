//! An event on its way to those who follow.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use model::timeline::Event;

/// An event as it goes out to followers: its JSON is made for the first of them and shared by the others, since a class
/// that looks at one screen follows one actor.
#[derive(Debug)]
pub struct Live {
    event: Arc<Event>,
    json: OnceLock<String>,
}

impl Live {
    pub(super) fn new(event: Arc<Event>) -> Self {
        Self { event, json: OnceLock::new() }
    }

    /// The event as JSON; empty if it cannot be told in JSON, which no event of ours is.
    #[must_use]
    pub fn json(&self) -> &str {
        self.json.get_or_init(|| serde_json::to_string(&*self.event).unwrap_or_default())
    }
}

impl Deref for Live {
    type Target = Event;

    fn deref(&self) -> &Event {
        &self.event
    }
}

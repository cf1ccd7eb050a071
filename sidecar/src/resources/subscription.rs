//! A declarative subscription: what a `kind: Subscription` document says.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use crate::document::{self, Named, ResourceError};
use crate::expression;

/// A subscription with the name and the file that it has.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    pub(super) file: String,
    pub(super) metadata: Named,
    pub(super) subscription: Subscription,
}

/// Where the messages of one topic go.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Subscription {
    pub(crate) pubsub: String,
    pub(crate) topic: String,
    pub(crate) metadata: HashMap<String, String>,
    /// Tested in order; the first that is true takes the message.
    pub(crate) rules: Vec<Rule>,
    /// Where a message goes that the app refused; empty means nowhere.
    pub(crate) dead_letter_topic: String,
    /// The apps that it is for; empty means all.
    pub(crate) scopes: Vec<String>,
    /// Whether, and how, messages come many at once.
    pub(crate) bulk: Option<Bulk>,
    pub(crate) origin: Origin,
}

/// How many messages come at once; 0 or less means Dapr's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Bulk {
    enabled: bool,
    pub(crate) max_messages_count: i32,
    pub(crate) max_await_duration_ms: i32,
}

impl Bulk {
    /// `None` for one that is switched off.
    pub(crate) fn if_enabled(self) -> Option<Self> {
        self.enabled.then_some(self)
    }
}

/// Who asked for a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A file in the resources folder.
    Declarative,
    /// The app, in its answer to `GET /dapr/subscribe`.
    Programmatic,
    /// A program that holds a stream open.
    Streaming,
}

/// One routing rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Rule {
    /// A CEL expression over `event`; empty matches every message.
    #[serde(default)]
    pub(crate) r#match: String,
    /// The app's route.
    pub(crate) path: String,
}

/// The routes of a subscription: rules in order, then the default.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Routes {
    #[serde(default)]
    pub(crate) rules: Vec<Rule>,
    #[serde(default)]
    pub(crate) default: String,
}

impl Routes {
    /// All of them as one list, with the default as its last rule.
    pub(crate) fn into_rules(self) -> Vec<Rule> {
        let mut rules = self.rules;
        if !self.default.is_empty() {
            rules.push(Rule { r#match: String::new(), path: self.default });
        }
        rules
    }
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    metadata: Named,
    spec: Spec,
    #[serde(default)]
    scopes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    pubsubname: String,
    topic: String,
    /// `dapr.io/v2alpha1`.
    #[serde(default)]
    routes: Routes,
    /// `dapr.io/v1alpha1`.
    #[serde(default)]
    route: String,
    #[serde(default)]
    metadata: HashMap<String, String>,
    #[serde(default)]
    dead_letter_topic: String,
    #[serde(default)]
    bulk_subscribe: Bulk,
}

/// Reads one `kind: Subscription` document that begins at `first_line` of `file`.
pub(super) fn parse(file: &str, document: Value, first_line: u64) -> Result<Declared, ResourceError> {
    let document: Document = document::read(file, document, first_line, |_| {})?;
    let spec = document.spec;
    let mut routes = spec.routes;
    if routes.default.is_empty() {
        routes.default = spec.route;
    }
    let rules = routes.into_rules();
    if rules.is_empty() {
        return Err(ResourceError {
            file: file.to_owned(),
            line: Some(first_line),
            problem: format!("subscription {:?} has no route", document.metadata.name),
            remedy: "give it spec.routes.default or spec.routes.rules".into(),
        });
    }
    for rule in &rules {
        expression::check(&rule.r#match).map_err(|error| ResourceError {
            file: file.to_owned(),
            line: Some(first_line),
            problem: format!("the rule {:?} is no CEL expression: {error}", rule.r#match),
            remedy: "correct spec.routes.rules[].match".into(),
        })?;
    }
    let subscription = Subscription {
        pubsub: spec.pubsubname,
        topic: spec.topic,
        metadata: spec.metadata,
        rules,
        dead_letter_topic: spec.dead_letter_topic,
        scopes: document.scopes,
        bulk: spec.bulk_subscribe.if_enabled(),
        origin: Origin::Declarative,
    };
    Ok(Declared { file: file.to_owned(), metadata: document.metadata, subscription })
}

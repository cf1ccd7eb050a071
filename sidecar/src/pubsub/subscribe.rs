//! What the app says in answer to `GET /dapr/subscribe`.

use std::collections::HashMap;

use http::StatusCode;
use serde::Deserialize;

use crate::app_channel::AppReply;
use crate::json;
use crate::resources::Subscription;
use crate::resources::subscription::{Bulk, Origin, Routes};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    pubsubname: String,
    topic: String,
    metadata: HashMap<String, String>,
    route: String,
    routes: Routes,
    dead_letter_topic: String,
    bulk_subscribe: Bulk,
}

/// Reads the app's answer. A status other than 200 means that the app subscribes to nothing.
///
/// # Errors
/// A body that is no list of subscriptions.
pub(crate) fn parse(reply: &AppReply) -> Result<Vec<Subscription>, String> {
    match reply.status {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => {
            tracing::debug!("user app did not subscribe to any topic");
            return Ok(Vec::new());
        }
        status => {
            tracing::error!("app returned http status code {} from subscription endpoint", status.as_u16());
            return Ok(Vec::new());
        }
    }
    if reply.body.is_empty() {
        return Ok(Vec::new());
    }
    let answers: Vec<Answer> = json::from_slice(&reply.body).map_err(|error| error.to_string())?;
    Ok(answers
        .into_iter()
        .map(|answer| {
            let mut routes = answer.routes;
            if routes.default.is_empty() {
                routes.default = answer.route;
            }
            Subscription {
                pubsub: answer.pubsubname,
                topic: answer.topic,
                metadata: answer.metadata,
                rules: routes.into_rules(),
                dead_letter_topic: answer.dead_letter_topic,
                scopes: Vec::new(),
                bulk: answer.bulk_subscribe.if_enabled(),
                origin: Origin::Programmatic,
            }
        })
        .filter(|subscription| {
            let usable = !subscription.rules.is_empty();
            if !usable {
                tracing::warn!("no routes for topic {}: skipped", subscription.topic);
            }
            usable
        })
        .collect())
}

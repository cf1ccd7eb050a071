//! What the sidecar tells about itself, for both APIs.

#![expect(deprecated, reason = "daprd still fills `active_actors_count`, the older name of the same list")]

use std::collections::HashMap;

use dapr::dapr::proto::runtime::v1::{
    ActiveActorsCount, ActorRuntime, AppConnectionProperties, GetMetadataResponse, PubsubSubscription,
    PubsubSubscriptionRule, PubsubSubscriptionRules, PubsubSubscriptionType, RegisteredComponents,
    actor_runtime::ActorRuntimeStatus,
};
use serde_json::{Map, Value, json};

use crate::resources::Subscription;
use crate::resources::subscription::Origin;
use crate::runtime::{Runtime, VERSION};

/// The gRPC answer.
pub(super) fn snapshot(runtime: &Runtime) -> GetMetadataResponse {
    let hosted = runtime.actors.hosted().is_some();
    let active: Vec<_> = runtime
        .actors
        .counts()
        .into_iter()
        .map(|(kind, count)| ActiveActorsCount { r#type: kind, count: i32::try_from(count).unwrap_or(i32::MAX) })
        .collect();
    let status = if hosted { ActorRuntimeStatus::Running } else { ActorRuntimeStatus::Initializing };
    let components = runtime.components.iter().map(|component| RegisteredComponents {
        name: component.name.clone(),
        r#type: component.kind.clone(),
        version: component.version.clone(),
        capabilities: component.capabilities.iter().map(|&c| c.into()).collect(),
    });
    let has_app = runtime.app_addr.port() != 0;
    GetMetadataResponse {
        id: runtime.app_id.clone(),
        active_actors_count: active.clone(),
        registered_components: components.collect(),
        extended_metadata: runtime.extended().into_iter().collect(),
        subscriptions: runtime.pubsub.subscriptions().into_iter().map(subscription).collect(),
        http_endpoints: Vec::new(),
        app_connection_properties: has_app.then(|| AppConnectionProperties {
            port: runtime.app_addr.port().into(),
            protocol: "http".into(),
            channel_address: runtime.app_addr.ip().to_string(),
            max_concurrency: 0,
            health: None,
        }),
        runtime_version: VERSION.into(),
        enabled_features: Vec::new(),
        actor_runtime: Some(ActorRuntime {
            runtime_status: status.into(),
            active_actors: active,
            host_ready: hosted,
            // There is no placement service: what the app registers is hosted here.
            placement: if hosted { "placement: connected".into() } else { String::new() },
        }),
        scheduler: None,
        workflows: None,
    }
}

fn subscription(subscription: Subscription) -> PubsubSubscription {
    let rules =
        subscription.rules.into_iter().map(|rule| PubsubSubscriptionRule { r#match: rule.r#match, path: rule.path });
    let origin = match subscription.origin {
        Origin::Declarative => PubsubSubscriptionType::Declarative,
        Origin::Programmatic => PubsubSubscriptionType::Programmatic,
    };
    PubsubSubscription {
        pubsub_name: subscription.pubsub,
        topic: subscription.topic,
        metadata: subscription.metadata,
        rules: Some(PubsubSubscriptionRules { rules: rules.collect() }),
        dead_letter_topic: subscription.dead_letter_topic,
        r#type: origin.into(),
    }
}

/// The HTTP answer: daprd's names, empty things left out where daprd leaves them out.
pub(super) fn json(runtime: &Runtime) -> Value {
    let snapshot = snapshot(runtime);
    let actors = |active: &[ActiveActorsCount]| -> Vec<Value> {
        active
            .iter()
            .map(|actor| match actor.count {
                0 => json!({"type": actor.r#type}),
                count => json!({"type": actor.r#type, "count": count}),
            })
            .collect()
    };
    let mut body = Map::new();
    body.insert("id".into(), snapshot.id.into());
    body.insert("runtimeVersion".into(), snapshot.runtime_version.into());
    let active = actors(&snapshot.active_actors_count);
    if !active.is_empty() {
        body.insert("actors".into(), active.into());
    }
    let components = snapshot.registered_components.into_iter().map(|component| {
        json!({
            "name": component.name,
            "type": component.r#type,
            "version": component.version,
            "capabilities": component.capabilities,
        })
    });
    body.insert("components".into(), components.collect());
    body.insert("extended".into(), json!(snapshot.extended_metadata));
    let subscriptions: Vec<_> = snapshot.subscriptions.into_iter().map(subscription_json).collect();
    if !subscriptions.is_empty() {
        body.insert("subscriptions".into(), subscriptions.into());
    }
    if let Some(app) = snapshot.app_connection_properties {
        body.insert(
            "appConnectionProperties".into(),
            json!({
                "port": app.port,
                "protocol": app.protocol,
                "channelAddress": app.channel_address,
            }),
        );
    }
    if let Some(runtime) = snapshot.actor_runtime {
        let mut shown = Map::new();
        let status = runtime.runtime_status().as_str_name();
        shown.insert("runtimeStatus".into(), status.into());
        let active = actors(&runtime.active_actors);
        if !active.is_empty() {
            shown.insert("activeActors".into(), active.into());
        }
        shown.insert("hostReady".into(), runtime.host_ready.into());
        shown.insert("placement".into(), runtime.placement.into());
        body.insert("actorRuntime".into(), shown.into());
    }
    Value::Object(body)
}

fn subscription_json(subscription: PubsubSubscription) -> Value {
    let origin = subscription.r#type().as_str_name();
    let rules = subscription.rules.unwrap_or_default().rules;
    let rules: Vec<Value> = rules
        .into_iter()
        .map(|rule| match rule.r#match.as_str() {
            "" => json!({"path": rule.path}),
            expression => json!({"match": expression, "path": rule.path}),
        })
        .collect();
    let mut shown = json!({
        "pubsubname": subscription.pubsub_name,
        "topic": subscription.topic,
        "rules": rules,
        "deadLetterTopic": subscription.dead_letter_topic,
        "type": origin,
    });
    let metadata: HashMap<String, String> = subscription.metadata;
    if !metadata.is_empty() {
        shown["metadata"] = json!(metadata);
    }
    shown
}

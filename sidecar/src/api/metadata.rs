//! What the sidecar tells about itself, for both APIs.

#![expect(deprecated, reason = "daprd still fills `active_actors_count`, the older name of the same list")]

use std::collections::HashMap;

use dapr::dapr::proto::runtime::v1::{
    ActiveActorsCount, ActorRuntime, AppConnectionHealthProperties, AppConnectionProperties, GetMetadataResponse,
    PubsubSubscription, PubsubSubscriptionRule, PubsubSubscriptionRules, PubsubSubscriptionType, RegisteredComponents,
    actor_runtime::ActorRuntimeStatus,
};
use prost::DecodeError;
use prost::bytes::{Buf, BufMut};
use prost::encoding::{DecodeContext, WireType};
use serde_json::{Map, Value, json};

use crate::config::{AppHealthCheck, AppProtocol};
use crate::duration;
use crate::resources::Subscription;
use crate::resources::subscription::Origin;
use crate::runtime::{Runtime, VERSION};

/// The gRPC answer. Dapr 1.18 has a field more than the crate's message.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Answer {
    known: GetMetadataResponse,
    more: More,
}

/// That field: two messages in a row are one with the fields of both.
#[derive(Clone, PartialEq, prost::Message)]
struct More {
    #[prost(message, repeated, tag = "15")]
    resiliencies: Vec<MetadataResiliency>,
}

/// A loaded `Resiliency` resource.
#[derive(Clone, PartialEq, prost::Message)]
struct MetadataResiliency {
    #[prost(string, tag = "1")]
    name: String,
}

impl prost::Message for Answer {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        self.known.encode_raw(buf);
        self.more.encode_raw(buf);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        match tag {
            15 => self.more.merge_field(tag, wire_type, buf, context),
            _ => self.known.merge_field(tag, wire_type, buf, context),
        }
    }

    fn encoded_len(&self) -> usize {
        self.known.encoded_len() + self.more.encoded_len()
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The gRPC answer.
pub(super) fn answer(runtime: &Runtime) -> Answer {
    let names = runtime.resiliency.names().into_iter();
    let more = More { resiliencies: names.map(|name| MetadataResiliency { name }).collect() };
    Answer { known: snapshot(runtime), more }
}

fn snapshot(runtime: &Runtime) -> GetMetadataResponse {
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
        extended_metadata: runtime.extended.all().into_iter().collect(),
        subscriptions: runtime.pubsub.subscriptions().into_iter().map(subscription).collect(),
        http_endpoints: Vec::new(),
        app_connection_properties: has_app.then(|| AppConnectionProperties {
            port: runtime.app_addr.port().into(),
            protocol: match runtime.app_protocol {
                AppProtocol::Http => "http".into(),
                AppProtocol::Grpc => "grpc".into(),
            },
            channel_address: runtime.app_addr.ip().to_string(),
            max_concurrency: runtime.app_max_concurrency.map_or(0, |calls| i32::try_from(calls).unwrap_or(i32::MAX)),
            health: runtime.app_health.as_ref().map(health),
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

fn health(check: &AppHealthCheck) -> AppConnectionHealthProperties {
    AppConnectionHealthProperties {
        health_check_path: check.path.clone(),
        health_probe_interval: duration::show(check.interval),
        health_probe_timeout: duration::show(check.timeout),
        health_threshold: check.threshold.try_into().unwrap_or(i32::MAX),
    }
}

fn subscription(subscription: Subscription) -> PubsubSubscription {
    let rules =
        subscription.rules.into_iter().map(|rule| PubsubSubscriptionRule { r#match: rule.r#match, path: rule.path });
    let origin = match subscription.origin {
        Origin::Declarative => PubsubSubscriptionType::Declarative,
        Origin::Programmatic => PubsubSubscriptionType::Programmatic,
        Origin::Streaming => PubsubSubscriptionType::Streaming,
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
        let mut shown = json!({
            "port": app.port,
            "protocol": app.protocol,
            "channelAddress": app.channel_address,
        });
        // Left out where there is no limit, as daprd does.
        if app.max_concurrency != 0 {
            shown["maxConcurrency"] = app.max_concurrency.into();
        }
        if let Some(health) = app.health {
            shown["health"] = json!({
                "healthCheckPath": health.health_check_path,
                "healthProbeInterval": health.health_probe_interval,
                "healthProbeTimeout": health.health_probe_timeout,
                "healthThreshold": health.health_threshold,
            });
        }
        body.insert("appConnectionProperties".into(), shown);
    }
    let names = runtime.resiliency.names();
    if !names.is_empty() {
        let shown = names.into_iter().map(|name| json!({"name": name}));
        body.insert("resiliencies".into(), shown.collect());
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

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    #[test]
    fn the_field_that_the_crate_lacks_travels_with_the_others() {
        let known = GetMetadataResponse { id: "app".into(), ..GetMetadataResponse::default() };
        let more = More { resiliencies: vec![MetadataResiliency { name: "retries".into() }] };
        let answer = Answer { known: known.clone(), more };
        let bytes = answer.encode_to_vec();
        assert_eq!(Answer::decode(&bytes[..]), Ok(answer));
        assert_eq!(GetMetadataResponse::decode(&bytes[..]), Ok(known), "who does not know it passes over it");
        assert!(bytes.ends_with(b"\x7a\x09\x0a\x07retries"), "field 15, in it field 1");
    }
}

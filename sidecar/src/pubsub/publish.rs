//! Publishing: one message, or many at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio_util::task::task_tracker::TaskTrackerToken;

use super::broker::{Message, NoRoom};
use super::envelope::{self, EnvelopeError, Publication};
use super::trace::Trace;
use super::{Bus, PubSub};
use crate::error::ApiError;
use crate::limits::{MOST_ITEMS, MOST_SHARED_BYTES, too_many};
use crate::observation::{self, Excerpt};
use crate::resiliency::{Failure, Run};

/// What a caller of an API wants published.
#[derive(Default)]
pub(crate) struct PublishRequest<'a> {
    pub(crate) pubsub: &'a str,
    pub(crate) topic: &'a str,
    pub(crate) data: &'a [u8],
    pub(crate) content_type: &'a str,
    pub(crate) metadata: HashMap<String, String>,
    pub(crate) trace: Trace,
}

/// Many messages for one topic.
pub(crate) struct BulkRequest<'a> {
    pub(crate) pubsub: &'a str,
    pub(crate) topic: &'a str,
    /// What holds for every entry that has metadata of its own; an entry's own value of a name counts over it.
    pub(crate) metadata: HashMap<String, String>,
    pub(crate) entries: Vec<BulkEntry>,
    pub(crate) trace: Trace,
}

/// One of them.
pub(crate) struct BulkEntry {
    /// Its caller's name for it.
    pub(crate) id: String,
    pub(crate) data: Vec<u8>,
    pub(crate) content_type: String,
    /// `None` is not the same as empty: see [`BulkRequest::metadata`].
    pub(crate) metadata: Option<HashMap<String, String>>,
}

impl PubSub {
    /// Publishes a message. `Ok` means that the component has it, not that anyone received it.
    pub(crate) async fn publish(&self, request: PublishRequest<'_>) -> Result<(), ApiError> {
        let PublishRequest { pubsub, topic, data, content_type, metadata, trace } = request;
        let (bus, _publishing) = self.admit(pubsub, topic)?;
        let raw = envelope::is_raw(&metadata).map_err(wrong)?;
        let source = self.app_id.as_str();
        let publication = Publication { source, pubsub, topic, data, content_type, metadata: &metadata, trace: &trace };
        let envelope = envelope::wrap(&publication, raw).map_err(wrong)?;
        if !bus.scopes.may_publish(topic) {
            return Err(ApiError::publish_forbidden(topic, &self.app_id));
        }
        let told = self.publication(pubsub, topic, data, &envelope, raw);
        let sent = self.send(bus, pubsub, topic, Message { data: envelope.into(), metadata }, told).await;
        sent.map_err(|why| ApiError::publish_failed(pubsub, topic, why))
    }

    /// Publishes many messages, in their order. Returns those that the component did not take, by id, each with the
    /// reason.
    ///
    /// # Errors
    /// The request makes no sense: nothing is published then.
    pub(crate) async fn publish_bulk(&self, request: BulkRequest<'_>) -> Result<Vec<(String, String)>, ApiError> {
        let BulkRequest { pubsub, topic, metadata: shared, entries, trace } = request;
        let (bus, _publishing) = self.admit(pubsub, topic)?;
        if entries.len() > MOST_ITEMS {
            return Err(ApiError::bulk_events(topic, pubsub, too_many(entries.len())));
        }
        let shared_bytes: usize = shared.iter().map(|(name, value)| name.len() + value.len()).sum();
        if entries.len() * (shared_bytes + topic.len() + trace.parent.len() + trace.state.len()) > MOST_SHARED_BYTES {
            let why = format!(
                "what all its entries have in common comes to more than {} MiB when each has it: give less metadata, \
                 or send fewer entries at once",
                MOST_SHARED_BYTES >> 20
            );
            return Err(ApiError::bulk_events(topic, pubsub, why));
        }
        let raw = envelope::is_raw(&shared).map_err(wrong)?;
        let mut ids = HashSet::new();
        let mut messages = Vec::with_capacity(entries.len());
        for BulkEntry { id, data, content_type, metadata } in entries {
            if id.is_empty() || !ids.insert(id.clone()) {
                let why = "entryId is duplicated or not present for entry";
                return Err(ApiError::bulk_events(topic, pubsub, why));
            }
            let metadata = match metadata {
                None => HashMap::new(),
                Some(own) => shared.clone().into_iter().chain(own).collect(),
            };
            let publication = Publication {
                source: &self.app_id,
                pubsub,
                topic,
                data: &data,
                content_type: &content_type,
                metadata: &metadata,
                trace: &trace,
            };
            let envelope = envelope::wrap(&publication, raw).map_err(wrong)?;
            let told = self.publication(pubsub, topic, &data, &envelope, raw);
            messages.push((id, Message { data: envelope.into(), metadata }, told));
        }
        if !bus.scopes.may_publish(topic) {
            return Err(ApiError::publish_forbidden(topic, &self.app_id));
        }
        let mut failed = Vec::new();
        for (id, message, told) in messages {
            if let Err(why) = self.send(bus, pubsub, topic, message, told).await {
                failed.push((id, why));
            }
        }
        Ok(failed)
    }

    /// The component that a caller names. What is let in here is waited for at the end, as long as the token is there.
    fn admit(&self, pubsub: &str, topic: &str) -> Result<(&Bus, TaskTrackerToken), ApiError> {
        if pubsub.is_empty() {
            return Err(ApiError::pubsub_name_empty());
        }
        let bus = self.buses.get(pubsub).ok_or_else(|| ApiError::pubsub_not_found(pubsub))?;
        if topic.is_empty() {
            return Err(ApiError::topic_empty(pubsub));
        }
        // Taken first and looked at then.
        let publishing = self.publishing.token();
        if self.closing.is_cancelled() {
            return Err(ApiError::publish_closed(pubsub, topic));
        }
        Ok((bus, publishing))
    }

    /// Gives a message to the broker, under the component's policy. One whose answer was lost, or took too long, is sent
    /// again where the policy has retries, as daprd does: it may be there twice then, and is not lost. Without a policy it
    /// is sent once.
    async fn send(
        &self,
        bus: &Bus,
        pubsub: &str,
        topic: &str,
        message: Message,
        told: Option<Arc<observation::Publication>>,
    ) -> Result<(), String> {
        let guard = self.resiliency.publishing(pubsub);
        let topic = bus.at_broker(topic);
        let attempt = |number| {
            let sent = bus.broker.publish(&topic, message.clone(), NoRoom::Refuse);
            let sent = async { sent.await.map_err(Failure::transient) };
            self.hooks.at_broker(told.as_ref().map(|told| (told, number)), guard.timeout, sent)
        };
        guard.run(Run { target: None, end: &self.closing }, attempt).await
    }

    /// What is told of an event, if anybody wants to know of it.
    fn publication(
        &self,
        pubsub: &str,
        topic: &str,
        data: &[u8],
        envelope: &[u8],
        raw: bool,
    ) -> Option<Arc<observation::Publication>> {
        self.hooks.publication(|id, turns| observation::Publication {
            id,
            component: pubsub.to_owned(),
            topic: topic.to_owned(),
            event_id: if raw { None } else { envelope::id(envelope) },
            data: Excerpt::of(data),
            turn: turns.that_published(data),
        })
    }
}

fn wrong(error: EnvelopeError) -> ApiError {
    match error {
        EnvelopeError::Metadata(why) => ApiError::publish_metadata(why),
        EnvelopeError::CloudEvent(why) => ApiError::cloud_event(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_bulk_request_that_would_become_many_times_its_size_is_refused_and_none_of_it_is_published() {
        let pubsub = super::super::tests::in_memory();
        let mut taken =
            pubsub.buses["p"].broker.subscribe("t", super::super::broker::Behind::Refuses).await.expect("subscribed");
        let publish = async |entries: usize, shared: usize| {
            let entry = |n: usize| BulkEntry {
                id: n.to_string(),
                data: b"1".to_vec(),
                content_type: "text/plain".into(),
                metadata: Some(HashMap::new()),
            };
            let metadata = HashMap::from([("m".to_owned(), "x".repeat(shared))]);
            let entries = (0..entries).map(entry).collect();
            pubsub
                .publish_bulk(BulkRequest { pubsub: "p", topic: "t", metadata, entries, trace: Trace::default() })
                .await
        };
        assert_eq!(publish(MOST_ITEMS, 100).await, Ok(Vec::new()));
        assert_eq!(taken.len(), MOST_ITEMS);
        for (entries, shared, why) in [(MOST_ITEMS + 1, 0, "1000 items at most"), (100, 100_000, "more than 8 MiB")] {
            let error = publish(entries, shared).await.expect_err("refused");
            assert!(error.status == http::StatusCode::BAD_REQUEST && error.message.contains(why), "{error:?}");
        }
        let mut all = Vec::new();
        taken.recv_many(&mut all, 2 * MOST_ITEMS).await;
        assert_eq!(all.len(), MOST_ITEMS);
    }
}

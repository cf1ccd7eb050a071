//! The sidecar as the application speaks to it: the generated gRPC client and what its errors mean.
//!
//! # Layout
//! - [`Dapr`]: the calls that the lab makes
//! - [`error`]: which errors another attempt can mend, and what they are called for a person

pub mod error;

use std::{collections::HashMap, time::Duration};

use dapr::dapr::proto::runtime::v1::{
    ExecuteActorStateTransactionRequest, GetActorStateRequest, GetMetadataRequest, GetMetadataResponse,
    InvokeActorRequest, PublishEventRequest, TransactionalActorStateOperation, dapr_client::DaprClient,
};
use model::actor_id::{ACTOR_TYPE, ActorId};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

/// How long a connection may take to open. On loopback it opens or is refused at once.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// The sidecar. Clones share its connections, which are opened with their first call and again when they were lost: a
/// sidecar that is not there yet holds up nobody's start.
///
/// Calls of actors have a connection of their own. They wait for their turns there, however many of them; what a turn
/// needs to come to its end goes past them.
#[derive(Clone)]
pub struct Dapr {
    /// For calls of actors.
    calls: Client,
    /// For everything else.
    client: Client,
    /// What `client` was made of, for one that says more.
    channel: Channel,
    headers: Headers,
    endpoint: String,
}

type Client = DaprClient<InterceptedService<Channel, Headers>>;

/// An endpoint that no sidecar can have.
#[derive(Debug, thiserror::Error)]
pub enum DaprError {
    /// It is not a URL.
    #[error("The Dapr endpoint {0:?} is not a URL: it is http://HOST:PORT")]
    Endpoint(String),
    /// It asks for TLS.
    #[error("The Dapr endpoint {0:?} asks for TLS, which is not built in: use the sidecar's http:// port")]
    Tls(String),
    /// The token cannot be sent.
    #[error("DAPR_API_TOKEN holds characters that a header cannot carry")]
    Token,
}

/// One change of an actor's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateChange {
    /// Sets a key to these bytes.
    Set(String, Vec<u8>),
    /// Takes a key away.
    Delete(String),
}

impl Dapr {
    /// The sidecar at `endpoint` (`http://HOST:PORT`), which is told `token` where one is given. Connects with the
    /// first call. Needs a Tokio runtime.
    ///
    /// # Errors
    /// An endpoint or token that cannot be used.
    pub fn new(endpoint: &str, token: Option<&str>) -> Result<Self, DaprError> {
        if endpoint.starts_with("https:") {
            return Err(DaprError::Tls(endpoint.to_owned()));
        }
        let token = token.filter(|token| !token.is_empty()).map(str::parse).transpose();
        let headers = Headers { token: token.map_err(|_| DaprError::Token)?, baggage: None };
        let connection = Endpoint::from_shared(endpoint.to_owned())
            .map_err(|_| DaprError::Endpoint(endpoint.to_owned()))?
            .connect_timeout(CONNECT_LIMIT)
            .tcp_nodelay(true);
        let calls = DaprClient::with_interceptor(connection.connect_lazy(), headers.clone());
        let channel = connection.connect_lazy();
        let client = DaprClient::with_interceptor(channel.clone(), headers.clone());
        Ok(Self { calls, client, channel, headers, endpoint: endpoint.to_owned() })
    }

    /// The same sidecar over the same connections, with a `baggage` header (W3C Baggage) in each call but those of
    /// actors; without one if a header cannot carry it.
    #[must_use]
    pub fn with_baggage(&self, baggage: &str) -> Self {
        let headers = Headers { baggage: baggage.parse().ok(), ..self.headers.clone() };
        Self { client: DaprClient::with_interceptor(self.channel.clone(), headers), ..self.clone() }
    }

    /// Where the sidecar is expected.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Invokes a method of the actor and waits for its turn, for `limit` at most. `metadata` reaches the actor as
    /// headers.
    ///
    /// # Errors
    /// The sidecar's status.
    pub async fn invoke(
        &self,
        actor: &ActorId,
        method: &str,
        data: Vec<u8>,
        metadata: HashMap<String, String>,
        limit: Duration,
    ) -> Result<Vec<u8>, Status> {
        let request = InvokeActorRequest {
            actor_type: ACTOR_TYPE.to_owned(),
            actor_id: actor.to_string(),
            method: method.to_owned(),
            data,
            metadata,
        };
        let mut request = Request::new(request);
        request.set_timeout(limit);
        Ok(self.calls.clone().invoke_actor(request).await?.into_inner().data)
    }

    /// Reads a key of the actor's state; empty if there is none. Needs no turn and activates nothing.
    ///
    /// # Errors
    /// The sidecar's status.
    pub async fn get_state(&self, actor: &ActorId, key: &str) -> Result<Vec<u8>, Status> {
        let request = GetActorStateRequest {
            actor_type: ACTOR_TYPE.to_owned(),
            actor_id: actor.to_string(),
            key: key.to_owned(),
        };
        Ok(self.client.clone().get_actor_state(request).await?.into_inner().data)
    }

    /// Changes the actor's state, all or nothing. Only an actor that is in memory can.
    ///
    /// # Errors
    /// The sidecar's status.
    pub async fn change_state(&self, actor: &ActorId, changes: Vec<StateChange>) -> Result<(), Status> {
        let request = ExecuteActorStateTransactionRequest {
            actor_type: ACTOR_TYPE.to_owned(),
            actor_id: actor.to_string(),
            operations: changes.into_iter().map(operation).collect(),
        };
        self.client.clone().execute_actor_state_transaction(request).await?;
        Ok(())
    }

    /// What the sidecar tells of itself, its components and its actors.
    ///
    /// # Errors
    /// The sidecar's status.
    pub async fn metadata(&self) -> Result<GetMetadataResponse, Status> {
        Ok(self.client.clone().get_metadata(GetMetadataRequest {}).await?.into_inner())
    }

    /// Whether the sidecar tells that it has lost its placement service. It then answers no call of an actor or of an
    /// actor's state, without an error, until it has placement again. (Seen with daprd 1.18.2.)
    pub async fn placement_lost(&self) -> bool {
        self.metadata().await.is_ok_and(|told| placement_lost_in(&told))
    }

    /// Publishes JSON on a topic, as an event with this id.
    ///
    /// # Errors
    /// The sidecar's status.
    pub async fn publish(&self, pubsub: &str, topic: &str, id: &str, data: Vec<u8>) -> Result<(), Status> {
        let request = PublishEventRequest {
            pubsub_name: pubsub.to_owned(),
            topic: topic.to_owned(),
            data,
            data_content_type: "application/json".to_owned(),
            metadata: HashMap::from([("cloudevent.id".to_owned(), id.to_owned())]),
        };
        self.client.clone().publish_event(request).await?;
        Ok(())
    }
}

/// Whether this is what a sidecar tells that has lost its placement service.
pub(crate) fn placement_lost_in(told: &GetMetadataResponse) -> bool {
    let actors = told.actor_runtime.as_ref();
    actors.is_some_and(|actors| !actors.host_ready && actors.placement.contains("disconnected"))
}

fn operation(change: StateChange) -> TransactionalActorStateOperation {
    let (operation_type, key, value) = match change {
        StateChange::Set(key, value) => ("upsert", key, Some(prost_types::Any { type_url: String::new(), value })),
        StateChange::Delete(key) => ("delete", key, None),
    };
    let metadata = HashMap::new();
    TransactionalActorStateOperation { operation_type: operation_type.to_owned(), key, value, metadata }
}

/// What every call says.
#[derive(Clone)]
struct Headers {
    /// `DAPR_API_TOKEN`, which the sidecar asks for when it has one.
    token: Option<MetadataValue<Ascii>>,
    baggage: Option<MetadataValue<Ascii>>,
}

impl Interceptor for Headers {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        for (name, value) in [("dapr-api-token", &self.token), ("baggage", &self.baggage)] {
            if let Some(value) = value {
                request.metadata_mut().insert(name, value.clone());
            }
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{net::TcpListener, time::timeout};

    use super::*;

    #[tokio::test]
    async fn calls_that_wait_for_their_turns_are_in_no_other_call_s_way() {
        let sidecar = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dapr = Dapr::new(&format!("http://{}", sidecar.local_addr().unwrap()), None).unwrap();
        let (waiting, actor) = (dapr.with_baggage("a=b"), ActorId::lesson());
        let calls = (0..10).map(|_| waiting.invoke(&actor, "Wait", Vec::new(), HashMap::new(), CONNECT_LIMIT));
        let calls = futures::future::join_all(calls);
        let both = async {
            let first = sidecar.accept().await.unwrap();
            let read = tokio::spawn({
                let (dapr, actor) = (dapr.clone(), actor.clone());
                async move { dapr.get_state(&actor, "k").await }
            });
            // It has a connection of its own, on which nothing of the first has to end.
            let second = sidecar.accept().await.unwrap();
            drop((first, second));
            drop(read.await);
        };
        timeout(2 * CONNECT_LIMIT, async { tokio::join!(calls, both) }).await.expect("two connections");
    }
}

//! Actor hosts over gRPC: `SubscribeActorEventsAlpha1`.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use tokio::time::timeout;
use tonic::body::Body;
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::service_fn;

use crate::actor_events::{Asked, FromHost, Said, ToHost, Welcome};
use crate::actors::{AppConfig, HostingStream};
use crate::runtime::Runtime;
use crate::serve::SILENCE;

/// Serves the stream that an app hosts its actors over.
pub(super) async fn stream(runtime: Arc<Runtime>, request: http::Request<Body>) -> http::Response<Body> {
    let limit = runtime.max_body_bytes;
    let service = service_fn(move |request: Request<Streaming<FromHost>>| {
        let runtime = Arc::clone(&runtime);
        async move { begin(runtime, request.into_inner()).await.map(Response::new) }
    });
    let mut grpc = tonic::server::Grpc::new(ProstCodec::<ToHost, FromHost>::default()).max_decoding_message_size(limit);
    grpc.streaming(service, request).await
}

type Calls = BoxStream<'static, Result<ToHost, Status>>;

/// What a stream has claimed. When it is dropped, what is hosted then stays claimed, and nothing else.
struct Claim(Arc<Runtime>);

impl Drop for Claim {
    fn drop(&mut self) {
        let runtime = Arc::clone(&self.0);
        // Outside of a runtime everything has ended.
        let Ok(handle) = tokio::runtime::Handle::try_current() else { return };
        handle.spawn(async move {
            let _one_after_the_other = runtime.actors.one_stream_after_the_other().await;
            if let Err(error) = runtime.claim_too(&AppConfig::default()).await
                && !runtime.neighbours.is_ending()
            {
                tracing::warn!("other sidecars take the types of a stream that has ended for hosted here: {error}");
            }
        });
    }
}

async fn begin(runtime: Arc<Runtime>, mut said: Streaming<FromHost>) -> Result<Calls, Status> {
    if runtime.actors.has_app() {
        return Err(Status::failed_precondition(
            "actor callback streaming requires a gRPC app channel (--app-protocol grpc, or no --app-port): this app is \
             called over HTTP, and answers GET /dapr/config with its actor types",
        ));
    }
    let first = first(said.message()).await?.and_then(|message| message.said);
    let Some(Said::Initial(initial)) = first else {
        return Err(Status::invalid_argument("first message must be SubscribeActorEventsRequestInitialAlpha1"));
    };
    let config = AppConfig::of_stream(initial)
        .map_err(|why| Status::internal(format!("failed to register hosted actors: {why}")))?;
    let config = runtime.actors.hostable(config);
    let _one_after_the_other = runtime.actors.one_stream_after_the_other().await;
    // Made first: what follows may be given up anywhere.
    let claimed = Claim(Arc::clone(&runtime));
    claim(&runtime, &config).await?;
    let hosting = runtime.actors.host_stream(config).await;
    let welcome = ToHost { asked: Some(Asked::Welcome(Welcome {})) };
    let calls = stream::unfold(Some((hosting, said, claimed)), async |state| {
        // In this order they are dropped: what is hosted no more is claimed no more.
        let (mut hosting, mut said, claimed) = state?;
        match next(&mut hosting, &mut said).await {
            Ok(Some(call)) => Some((Ok(call), Some((hosting, said, claimed)))),
            Ok(None) => None,
            Err(status) => Some((Err(status), None)),
        }
    });
    Ok(stream::once(async { Ok(welcome) }).chain(calls).boxed())
}

/// Claims the types besides those that are hosted already.
///
/// # Errors
/// Another sidecar hosts one, or that cannot be known.
async fn claim(runtime: &Runtime, config: &AppConfig) -> Result<(), Status> {
    let taken = runtime.claim_too(config).await.map_err(|error| {
        Status::unavailable(format!("cannot find out whether another sidecar hosts the actor types: {error}"))
    })?;
    match taken.first() {
        None => Ok(()),
        Some((kind, app_id)) => Err(Status::failed_precondition(format!(
            "the actor type {kind} has a host already, the app {app_id}, whose sidecar runs on this machine too: several \
             hosts of one type need Dapr's own daprd with its placement service"
        ))),
    }
}

/// The next call for the app, while its answers are taken; `None` when it has gone, or the sidecar ends.
async fn next(hosting: &mut HostingStream, said: &mut Streaming<FromHost>) -> Result<Option<ToHost>, Status> {
    loop {
        let message = tokio::select! {
            call = hosting.next() => return Ok(call),
            message = said.message() => message?,
        };
        match message {
            None => return Ok(None),
            Some(FromHost { said: Some(answer) }) => hosting.answered(answer),
            Some(FromHost { said: None }) => {}
        }
    }
}

/// The first message of a stream, which has to come soon.
async fn first<T>(message: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    let late = format!("the first message did not come within {} seconds", SILENCE.as_secs());
    timeout(SILENCE, message).await.unwrap_or_else(|_| Err(Status::deadline_exceeded(late)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_says_nothing_does_not_stay() {
        let error = first(std::future::pending::<Result<(), Status>>()).await.expect_err("late");
        assert_eq!(error.code(), tonic::Code::DeadlineExceeded);
    }
}

//! How calls get to the sidecar: over a connection, or to the one in this process without one. The client above it, the
//! messages and the statuses are the same.

use std::{
    error::Error,
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use http::{Request, Response};
use tonic::{body::Body, transport::Channel};
use tower::Service;

type BoxError = Box<dyn Error + Send + Sync>;

/// The way to a sidecar.
#[derive(Clone)]
pub(super) enum Transport {
    /// HTTP/2 over TCP.
    Network(Channel),
    /// A function call. The connection to a sidecar in the same process, in both directions, took more time than
    /// everything that the two do.
    Process(sidecar::Api),
}

impl Service<Request<Body>> for Transport {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Network(channel) => channel.poll_ready(context).map_err(Into::into),
            Self::Process(sidecar) => sidecar.poll_ready(context).map_err(|never| match never {}),
        }
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self {
            Self::Network(channel) => {
                let answer = channel.call(request);
                Box::pin(async { Ok(answer.await?) })
            }
            Self::Process(sidecar) => {
                let answer = sidecar.call(request);
                Box::pin(async { answer.await.map_err(|never| match never {}) })
            }
        }
    }
}

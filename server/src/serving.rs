//! A listener that serves until it is told to stop.

use std::{pin::pin, time::Duration};

use axum::{
    Router,
    serve::{Listener, ListenerExt},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What is spoken on the connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP/1.1, which is all that browsers speak without TLS. To look which of the two it is takes 8 KiB for each
    /// connection, and a class has many that are idle.
    Http1,
    /// HTTP/1.1, or HTTP/2 from whoever begins with it.
    Both,
}

/// A listener that serves.
pub(crate) struct Serving {
    stop: CancellationToken,
    done: JoinHandle<()>,
}

impl Serving {
    /// Serves until `stop`: then what was asked is answered, and nothing else.
    pub(crate) fn start(listener: TcpListener, router: Router, protocol: Protocol, stop: CancellationToken) -> Self {
        let done = tokio::spawn(serve(listener, router, protocol, stop.clone()));
        Self { stop, done }
    }

    /// Stops it, and waits for the running answers for at most `limit`.
    pub(crate) async fn stop(self, limit: Duration) {
        self.stop.cancel();
        let abort = self.done.abort_handle();
        if timeout(limit, self.done).await.is_err() {
            abort.abort();
        }
    }
}

async fn serve(listener: TcpListener, router: Router, protocol: Protocol, stop: CancellationToken) {
    // Small answers must not wait for the next one.
    let mut listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("cannot set TCP_NODELAY: {error}");
        }
    });
    // The routes are made once. A router that serves as it is makes them anew for each connection: 50 KiB of them.
    let service = TowerToHyperService::new(router.with_state(()));
    let mut http = auto::Builder::new(TokioExecutor::new());
    if protocol == Protocol::Http1 {
        http = http.http1_only();
    }
    let connections = TaskTracker::new();
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let connection = http.serve_connection(TokioIo::new(stream), service.clone()).into_owned();
        let stop = stop.clone();
        connections.spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!("a connection ended: {error}");
            }
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

//! A listener that serves until it is told to stop.

use std::{
    convert::Infallible,
    future::pending,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    BoxError, Router,
    body::{Body, Bytes, HttpBody},
    http::Request,
    response::Response,
    serve::{Listener, ListenerExt},
};
use http_body_util::BodyExt;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use tower::{ServiceExt, service_fn};

/// How long a stop waits for a client, to send the rest of a request or to take the rest of an answer.
const CLIENT_LIMIT: Duration = Duration::from_secs(2);

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

    /// Stops it. Waits for at most `limit` for what works on its answer, and for clients that neither send the rest of
    /// their request nor take the rest of their answer for seconds only.
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
    let router: Router = router.with_state(());
    let mut http = auto::Builder::new(TokioExecutor::new());
    if protocol == Protocol::Http1 {
        http = http.http1_only();
    }
    // With a timer, a head that does not come whole is given up after hyper's 30 s.
    http.http1().timer(TokioTimer::new());
    http.http2().timer(TokioTimer::new());
    let connections = GracefulShutdown::new();
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let work = Work::default();
        let service = {
            let (router, work) = (router.clone(), work.clone());
            TowerToHyperService::new(service_fn(move |request| work.clone().answer(router.clone(), request)))
        };
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service).into_owned());
        let stop = stop.clone();
        tokio::spawn(async move {
            let stalled = async {
                stop.cancelled().await;
                work.stalled().await;
            };
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!("a connection ended: {error}");
                },
                () = stalled => tracing::debug!("a connection is closed at the stop: its client does nothing"),
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}

/// How many requests of a connection are answered just now: they have come whole, and what they are answered with is not
/// there yet. While there are none, a connection waits for its client.
#[derive(Clone, Debug)]
struct Work(Arc<watch::Sender<usize>>);

impl Default for Work {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Work {
    /// Answers a request, and counts it from its last byte to the first of its answer.
    async fn answer<B>(self, router: Router, request: Request<B>) -> Result<Response, Infallible>
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let request = request.map(Body::new);
        let stage = Arc::new(Mutex::new(Stage::Receiving));
        let received = Received { work: self, stage: Arc::clone(&stage) };
        let request = if request.body().is_end_stream() {
            drop(received);
            request
        } else {
            // Whoever reads a body to its end, or wants no more of it, drops it.
            request.map(|body| {
                Body::new(body.map_frame(move |frame| {
                    let _until_here = &received;
                    frame
                }))
            })
        };
        let response = router.oneshot(request).await;
        set(&stage, Stage::Answered);
        response
    }

    /// Returns when the connection has waited for its client for [`CLIENT_LIMIT`] without an end.
    async fn stalled(&self) {
        let mut work = self.0.subscribe();
        loop {
            // The sender is our own.
            if work.wait_for(|answered| *answered == 0).await.is_err() {
                return pending().await;
            }
            if timeout(CLIENT_LIMIT, work.wait_for(|answered| *answered > 0)).await.is_err() {
                return;
            }
        }
    }
}

/// How far a request is.
enum Stage {
    Receiving,
    Working { _counted: Counted },
    Answered,
}

fn set(stage: &Mutex<Stage>, to: Stage) {
    drop(mem::replace(&mut *stage.lock().unwrap_or_else(PoisonError::into_inner), to));
}

/// One request that is answered just now.
struct Counted(Work);

impl Counted {
    fn one(work: &Work) -> Self {
        work.0.send_modify(|answered| *answered += 1);
        Self(work.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.send_modify(|answered| *answered -= 1);
    }
}

/// Dropped when nothing more of a request is waited for.
struct Received {
    work: Work,
    stage: Arc<Mutex<Stage>>,
}

impl Drop for Received {
    fn drop(&mut self) {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*stage, Stage::Receiving) {
            *stage = Stage::Working { _counted: Counted::one(&self.work) };
        }
    }
}

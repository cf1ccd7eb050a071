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
    extract::ConnectInfo,
    http::Request,
    response::Response,
};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use model::error::{ErrorCode, LabError};
use rustix::process::{Resource, getrlimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::{ServiceExt, service_fn};
use tower_http::timeout::TimeoutBody;

use crate::{accepting::Accepting, clients::Clients, http::ErrorBody};

/// How long a stop waits for a client, to send the rest of a request or to take the rest of an answer.
const CLIENT_LIMIT: Duration = Duration::from_secs(2);

/// How long a client that holds as many connections as it may is listened to, so that it gets to read why.
const REFUSAL_LIMIT: Duration = Duration::from_secs(1);

/// How many connections one client may hold of the public listener, unless that is more than half of the file handles.
/// All tabs of a class behind one address need some hundreds.
const CONNECTIONS: usize = 2_048;

/// What a listener takes from its clients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long a client may be silent in the middle of a request, in its head and between two pieces of its body, and
    /// how long it may take nothing of an answer. A connection without a request counts as one whose head has not come.
    pub(crate) silence: Duration,
    /// How many connections one client may hold.
    pub(crate) connections: usize,
}

impl Limits {
    /// For people and programs.
    pub(crate) fn public() -> Self {
        let handles = getrlimit(Resource::Nofile).current.and_then(|handles| usize::try_from(handles).ok());
        let connections = handles.map_or(CONNECTIONS, |handles| CONNECTIONS.min(handles / 2));
        Self { silence: Duration::from_secs(30), connections }
    }

    /// For a sidecar. It is waited for longer than it keeps a connection that it does not use (30 s, and 90 s in Go), so
    /// that none is closed here while its next call is on the way. There is one of it, with as many calls as there are.
    pub(crate) const fn sidecar() -> Self {
        Self { silence: Duration::from_secs(120), connections: usize::MAX }
    }
}

/// A listener that serves.
pub(crate) struct Serving {
    stop: CancellationToken,
    done: JoinHandle<()>,
}

impl Serving {
    /// Serves HTTP/1.1 until `stop`: then what was asked is answered, and nothing else. It is all that browsers speak
    /// without TLS, and that a sidecar speaks to its app unless it is told otherwise.
    pub(crate) fn start(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) -> Self {
        let done = tokio::spawn(serve(listener, router, limits, stop.clone()));
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

async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let Limits { silence, connections } = limits;
    let (accepting, clients) = (Accepting::new("The lab"), Clients::new(connections));
    // The routes are made once. A router that serves as it is makes them anew for each connection: 50 KiB of them.
    let router: Router = router.with_state(());
    // To look which protocol it is takes 8 KiB for each connection, and a class has many that are idle.
    let mut http = auto::Builder::new(TokioExecutor::new()).http1_only();
    http.http1().timer(TokioTimer::new()).header_read_timeout(silence);
    let connections = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            stream = accepting.next(&listener) => stream,
            () = stop.cancelled() => break,
        };
        // Small answers must not wait for the next one.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("cannot set TCP_NODELAY: {error}");
        }
        // One that is gone already has none.
        let Ok(peer) = stream.peer_addr() else { continue };
        let Some(place) = clients.enter(peer.ip()) else {
            tokio::spawn(refuse(stream, clients.most()));
            continue;
        };
        let work = Work::default();
        let service = {
            let (router, work) = (router.clone(), work.clone());
            TowerToHyperService::new(service_fn(move |request: Request<Incoming>| {
                let mut request = request.map(|body| TimeoutBody::new(silence, body));
                request.extensions_mut().insert(ConnectInfo(peer));
                work.clone().answer(router.clone(), request)
            }))
        };
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(silence));
        let connection = connections.watch(http.serve_connection(TokioIo::new(Box::pin(stream)), service).into_owned());
        let stop = stop.clone();
        tokio::spawn(async move {
            let _place = place;
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

/// Tells a client that it holds as many connections as it may.
async fn refuse(mut stream: TcpStream, most: usize) {
    let message = format!("{most} connections are open from this address, and no more are taken: close some");
    let error = LabError::new(ErrorCode::TooManyWaiting, message);
    // What has names and texts alone is always written.
    let body = serde_json::to_string(&ErrorBody { error }).unwrap_or_default();
    let answer = format!(
        "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\
         \r\n{body}",
        body.len()
    );
    let told = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // To close it with something unread would take the answer away from it.
        while stream.read(&mut [0; 1_024]).await? > 0 {}
        std::io::Result::Ok(())
    };
    // It may be gone.
    let _ = timeout(REFUSAL_LIMIT, told).await;
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

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    use super::*;

    const SHORT: Duration = Duration::from_millis(100);
    const LIMITS: Limits = Limits { silence: SHORT, connections: 2 };

    #[tokio::test]
    async fn a_client_that_holds_as_many_connections_as_it_may_is_told_so_and_another_gets_in() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let limits = Limits { silence: Duration::from_secs(20), connections: 2 };
        let hello = async || "hello";
        let serving = Serving::start(listener, Router::new().fallback(hello), limits, CancellationToken::new());
        let ask = async |from: &str| {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
            let mut stream = socket.connect(addr).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
            let mut answer = String::new();
            timeout(Duration::from_secs(20), stream.read_to_string(&mut answer)).await.expect("an end").unwrap();
            answer
        };
        // Half sent.
        let mut held = Vec::new();
        for _ in 0..2 {
            let mut stream = TcpStream::connect(addr).await.unwrap();
            stream.write_all(b"GET / HT").await.unwrap();
            held.push(stream);
        }
        let refused = ask("127.0.0.1").await;
        assert!(refused.starts_with("HTTP/1.1 429 ") && refused.contains("2 connections are open"), "{refused}");
        assert!(refused.contains(r#""code":"too_many_waiting""#), "{refused}");
        let answer = ask("127.0.0.2").await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        held.clear();
        while !ask("127.0.0.1").await.starts_with("HTTP/1.1 200 ") {}
        serving.stop(SHORT).await;
    }

    #[tokio::test]
    async fn what_is_half_sent_does_not_stay() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let read = |body: Bytes| async move { format!("{} bytes", body.len()) };
        let serving = Serving::start(listener, Router::new().fallback(read), LIMITS, CancellationToken::new());
        let body = "PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf";
        let whole = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
        for (sent, answer) in [
            ("", ""),
            ("G", ""),
            ("PRI * HTTP/2.0\r\n\r\nSM", ""),
            ("GET / HTTP/1.1\r\nHost: localhost\r\nX-Half: ", ""),
            (body, "HTTP/1.1 4"),
            (whole, "HTTP/1.1 200"),
        ] {
            let mut stream = TcpStream::connect(addr).await.unwrap();
            stream.write_all(sent.as_bytes()).await.unwrap();
            let mut read = Vec::new();
            let ended = timeout(Duration::from_secs(20), stream.read_to_end(&mut read)).await;
            // One that is reset is closed too.
            drop(ended.expect("closed"));
            let read = String::from_utf8_lossy(&read);
            assert!(read.starts_with(answer) && (!answer.is_empty() || !read.contains(" 200")), "{sent:?}: {read}");
        }
        serving.stop(SHORT).await;
    }

    #[tokio::test]
    async fn of_an_answer_that_nobody_takes_nothing_is_held_for_long() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (held, dropped) = tokio::sync::oneshot::channel::<()>();
        let held = Arc::new(Mutex::new(Some(held)));
        let answer = move || {
            let held = held.lock().unwrap().take();
            let endless = futures::stream::repeat_with(move || {
                let _held = &held;
                Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 4_096]))
            });
            async move { Body::from_stream(endless) }
        };
        let serving = Serving::start(listener, Router::new().fallback(answer), LIMITS, CancellationToken::new());
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let ended = timeout(Duration::from_secs(20), dropped).await;
        assert!(ended.expect("given up").is_err(), "what made it is dropped");
        drop(stream);
        serving.stop(SHORT).await;
    }
}

//! A listener that serves one of the APIs until it is told to stop.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tower_http::timeout::TimeoutBody;

use crate::faults::Cut;

/// What every HTTP/2 connection begins with (RFC 9113, section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long to wait where the system has no room for another connection.
const PAUSE: Duration = Duration::from_millis(100);
/// How often that is said.
const TELL_AGAIN: Duration = Duration::from_secs(10);

/// What is spoken on the connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    /// HTTP/1.1.
    Http,
    /// HTTP/2 from the first byte.
    Grpc,
    /// HTTP/1.1, for Prometheus.
    Metrics,
}

impl Api {
    /// Its name in errors and in the log.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Grpc => "gRPC",
            Self::Metrics => "metrics",
        }
    }
}

/// How long a caller may be silent in the middle of a request, in its head and between two pieces of its body, and how
/// long it may take nothing of an answer. A connection without a request counts as one whose head has not come.
pub(crate) const SILENCE: Duration = Duration::from_secs(30);

/// A listener that serves. Dropping it ends it at once, its connections with it.
pub(crate) struct Server {
    addr: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Server {
    /// Serves from now on.
    pub(crate) fn start(api: Api, listener: TcpListener, router: Router, silence: Duration) -> io::Result<Self> {
        let addr = listener.local_addr()?;
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve(api, listener, router, silence, stop.clone()));
        Ok(Self { addr, stop, serving })
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Takes no more connections and waits for the running answers, for at most `limit`.
    pub(crate) async fn stop(mut self, limit: Duration) {
        self.stop.cancel();
        // Dropped afterwards, it ends what is left.
        let _ = timeout(limit, &mut self.serving).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(api: Api, listener: TcpListener, router: Router, silence: Duration, stop: CancellationToken) {
    // The routes are made once, and not anew for each connection.
    let service = router.with_state(());
    let service = service.map_request(move |request: http::Request<Incoming>| {
        // Whoever listens on a stream may have nothing to say for long; that it is still there, pings tell.
        match api == Api::Grpc && request.uri().path().contains("/Subscribe") {
            true => request.map(Body::new),
            false => request.map(|body| Body::new(TimeoutBody::new(silence, body))),
        }
    });
    // One that is cut on purpose ends without an answer: over HTTP/1.1 its connection, over HTTP/2 its stream.
    let service = service.map_result(|answered: Result<http::Response<Body>, Infallible>| match answered {
        Ok(response) if response.extensions().get::<Cut>().is_some() => Err(Cut),
        Ok(response) => Ok(response),
        Err(never) => match never {},
    });
    let service = TowerToHyperService::new(service);
    let mut http1 = http1::Builder::new();
    http1.timer(TokioTimer::new()).header_read_timeout(silence);
    let mut http2 = http2::Builder::new(TokioExecutor::new());
    // Whoever is in the middle of sending a head cannot answer a ping.
    http2.timer(TokioTimer::new()).keep_alive_interval(silence).keep_alive_timeout(silence);
    // As many calls as come, as in daprd: an app has one connection for all of them, and those that wait for an actor's
    // turn, which hyper's 200 are soon, would hold up the calls that end its turn.
    http2.max_concurrent_streams(None);

    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut accepting = Accepting { api, told: None };
    loop {
        let stream = tokio::select! {
            stream = accepting.next(&listener) => stream,
            Some(_) = connections.join_next() => continue,
            () = stop.cancelled() => break,
        };
        // Answers are small; waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let watcher = graceful.watcher();
        let service = service.clone();
        match api {
            Api::Http | Api::Metrics => {
                let connection = http1.serve_connection(giving_up(stream, silence), service);
                connections.spawn(told(api, watcher.watch(connection)));
            }
            Api::Grpc => {
                let (http2, stop) = (http2.clone(), stop.clone());
                connections.spawn(async move {
                    let began = tokio::select! {
                        began = timeout(silence, begins(&stream)) => began.is_ok(),
                        () = stop.cancelled() => false,
                    };
                    if began {
                        let connection = http2.serve_connection(giving_up(stream, silence), service);
                        told(api, watcher.watch(connection)).await;
                    }
                });
            }
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

/// A connection that ends when its caller takes nothing of an answer for so long.
fn giving_up(stream: TcpStream, silence: Duration) -> TokioIo<Pin<Box<TimeoutStream<TcpStream>>>> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(silence));
    TokioIo::new(Box::pin(stream))
}

async fn told(api: Api, connection: impl Future<Output = Result<(), hyper::Error>>) {
    if let Err(error) = connection.await {
        tracing::debug!("a connection to the {} API ended: {error}", api.name());
    }
}

/// Returns when the preface of HTTP/2 has come, or something that is none.
async fn begins(stream: &TcpStream) -> io::Result<()> {
    let mut head = [0; PREFACE.len()];
    loop {
        let read = stream.peek(&mut head).await?;
        if read == 0 || read == PREFACE.len() || head[..read] != PREFACE[..read] {
            return Ok(());
        }
        // More has to come, and what is there already is ready at once.
        sleep(Duration::from_millis(5)).await;
    }
}

/// Takes connections. Where there is no room for another (file handles), that is said and waited for.
struct Accepting {
    api: Api,
    told: Option<Instant>,
}

impl Accepting {
    async fn next(&mut self, listener: &TcpListener) -> TcpStream {
        loop {
            let error = match listener.accept().await {
                Ok((stream, _)) => return stream,
                Err(error) => error,
            };
            if matches!(
                error.kind(),
                io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
            ) {
                continue;
            }
            if self.told.is_none_or(|told| told.elapsed() >= TELL_AGAIN) {
                tracing::error!(
                    "the {} API cannot take another connection: {error} (close some, or raise the limit, `ulimit -n`)",
                    self.api.name()
                );
                self.told = Some(Instant::now());
            }
            sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const SHORT: Duration = Duration::from_millis(100);

    async fn server(api: Api) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let read = |body: axum::body::Bytes| async move { format!("{} bytes", body.len()) };
        Server::start(api, listener, Router::new().fallback(read), SHORT).expect("starts")
    }

    /// Sends something, and reads until the server closes.
    async fn closed_after(server: &Server, sent: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(server.addr()).await.expect("connects");
        stream.write_all(sent).await.expect("sent");
        let mut read = Vec::new();
        let ended = timeout(Duration::from_secs(20), stream.read_to_end(&mut read)).await;
        // One that is reset is closed too.
        let _ = ended.expect("closed");
        read
    }

    #[tokio::test]
    async fn what_is_half_sent_does_not_stay() {
        let http = server(Api::Http).await;
        for half in ["", "G", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Half: ", "GET / HTTP/1.1\r\nHost: localhost\r\n"]
        {
            assert!(closed_after(&http, half.as_bytes()).await.is_empty(), "{half:?}");
        }
        let half = "PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf";
        let answer = closed_after(&http, half.as_bytes()).await;
        assert!(answer.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&answer));

        let grpc = server(Api::Grpc).await;
        for half in [&b""[..], b"PRI * HT", b"GET / HTTP/1.1\r\n\r\n"] {
            closed_after(&grpc, half).await;
        }
        // HEADERS of stream 1 without END_HEADERS, and no CONTINUATION.
        let head = [&PREFACE[..], &[0, 0, 0, 4, 0, 0, 0, 0, 0], &[0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82]].concat();
        closed_after(&grpc, &head).await;
    }

    #[tokio::test]
    async fn of_an_answer_that_nobody_takes_nothing_is_held_for_long() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let (held, dropped) = tokio::sync::oneshot::channel::<()>();
        let held = std::sync::Mutex::new(Some(held));
        let answer = move || {
            let held = held.lock().expect("whole").take();
            let endless = futures::stream::repeat_with(move || {
                let _held = &held;
                Ok::<_, std::convert::Infallible>(axum::body::Bytes::from_static(&[b'x'; 4_096]))
            });
            async move { Body::from_stream(endless) }
        };
        let answer = std::sync::Arc::new(answer);
        let router = Router::new().fallback(move || answer());
        let server = Server::start(Api::Http, listener, router, SHORT).expect("starts");
        let mut stream = TcpStream::connect(server.addr()).await.expect("connects");
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("sent");
        let ended = timeout(Duration::from_secs(20), dropped).await;
        assert!(ended.expect("given up").is_err(), "what made it is dropped");
    }

    #[tokio::test]
    async fn it_stops_though_a_caller_is_silent_and_when_it_is_dropped() {
        for api in [Api::Http, Api::Grpc] {
            for orderly in [true, false] {
                let server = server(api).await;
                let mut stream = TcpStream::connect(server.addr()).await.expect("connects");
                stream.write_all(b"P").await.expect("sent");
                if orderly {
                    server.stop(SHORT).await;
                } else {
                    drop(server);
                }
                let mut read = Vec::new();
                let ended = timeout(Duration::from_secs(20), stream.read_to_end(&mut read)).await;
                assert!(ended.is_ok(), "{api:?}");
            }
        }
    }
}

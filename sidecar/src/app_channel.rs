//! The app channel: the sidecar's HTTP calls to the app.
//!
//! It is built on hyper's client and not on one that works on URLs, because such a client
//! normalises a path (`%2e%2e`), and Dapr hands actor ids on as they are.

mod failure;

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Body as _;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use tokio::sync::{Semaphore, watch};

use crate::config::Config;
use crate::names::ActorRef;
use crate::observation::{EventKind, Observation};
use failure::{capitalised, describe, has_no_room, is_refused};

/// The header that carries a token in either direction.
pub(crate) const TOKEN_HEADER: &str = "dapr-api-token";
/// The header with which a sidecar shows another on this machine that it may call it.
pub(crate) const KEY_HEADER: &str = "dapr-sidecar-key";

/// The app's answer to one call.
#[derive(Debug, Clone)]
pub(crate) struct AppReply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl AppReply {
    /// The body as text.
    pub(crate) fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppError {
    /// In the words of Go's HTTP client, which Dapr passes on.
    #[error("{0}")]
    Failed(String),
    /// This process has no file handle left for a connection to the app, which was not reached.
    #[error("{0}")]
    NoRoom(String),
    /// It is not well, and was not called.
    #[error("{UNWELL}")]
    Unwell,
    /// The answer is longer than the limit.
    #[error("the app's answer of {size} bytes is longer than the limit of {limit}")]
    TooLarge {
        /// As far as it is known.
        size: usize,
        limit: usize,
    },
}

/// The sidecar's door to the app.
#[derive(Debug, Clone)]
pub(crate) struct AppChannel {
    client: Client<HttpConnector, Full<Bytes>>,
    addr: SocketAddr,
    app_id: HeaderValue,
    token: Option<HeaderValue>,
    /// The longest answer, in bytes.
    max_body_bytes: usize,
    /// How many calls there may be at once.
    at_once: Option<Arc<Semaphore>>,
    /// Whether the app is well; `None` where nobody asks it.
    health: Option<watch::Sender<bool>>,
    presence: Arc<Presence>,
}

/// Whether the app is there, as far as its calls have shown.
#[derive(Debug)]
struct Presence {
    there: AtomicBool,
    observation: Observation,
}

/// daprd's words where the app is not called because of its health.
pub(crate) const UNWELL: &str = "app is not in a healthy state";

/// How long a connection to the app is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(15);
/// How many of them are kept.
const MOST_IDLE: usize = 64;

impl AppChannel {
    /// `None` when the app's id or token has characters that no header can carry.
    pub(crate) fn new(config: &Config, observation: &Observation) -> Option<Self> {
        Self::keeping(IDLE, config, observation)
    }

    fn keeping(idle: Duration, config: &Config, observation: &Observation) -> Option<Self> {
        let token = match config.app_api_token.as_deref() {
            None | Some("") => None,
            Some(token) => {
                let mut value = HeaderValue::from_str(token).ok()?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let mut client = Client::builder(TokioExecutor::new());
        // Without a timer of its own the pool looks for idle connections only when it has no other to give.
        client.pool_timer(TokioTimer::new()).pool_idle_timeout(idle).pool_max_idle_per_host(MOST_IDLE);
        Some(Self {
            client: client.build(connector),
            max_body_bytes: config.max_body_bytes,
            addr: config.app_addr,
            app_id: HeaderValue::from_str(&config.app_id).ok()?,
            token,
            at_once: config
                .app_max_concurrency
                .map(|calls| Arc::new(Semaphore::new(calls.min(Semaphore::MAX_PERMITS)))),
            // It has to show that it is.
            health: config.app_health.as_ref().map(|_| watch::Sender::new(false)),
            presence: Arc::new(Presence { there: AtomicBool::new(false), observation: observation.clone() }),
        })
    }

    /// The app listens.
    pub(crate) fn found(&self) {
        if !self.presence.there.swap(true, Ordering::Relaxed) {
            self.presence.observation.tell(|| EventKind::AppFound { addr: self.addr });
        }
    }

    /// The app does not listen any more, for this reason.
    pub(crate) fn lost(&self, why: &str) {
        if self.presence.there.swap(false, Ordering::Relaxed) {
            self.presence.observation.tell(|| EventKind::AppLost { addr: self.addr, why: why.to_owned() });
        }
    }

    /// Where it is noted whether the app is well; `None` where nobody asks it.
    pub(crate) fn health(&self) -> Option<&watch::Sender<bool>> {
        self.health.as_ref()
    }

    /// Whether the app may be called: one that is not well is not.
    pub(crate) fn is_well(&self) -> bool {
        self.health.as_ref().is_none_or(|health| *health.borrow())
    }

    /// Asks the app for its health, whether or not it is well: a call without headers, which asks for nothing else.
    pub(crate) async fn probe(&self, path: &str) -> Result<StatusCode, AppError> {
        let path = format!("/{}", escape(path.trim_start_matches('/')));
        let request = Request::new(Full::default());
        Ok(self.exchange(Method::GET, &path, request).await?.status)
    }

    /// Returns when the app may be called.
    pub(crate) async fn well(&self) {
        if let Some(health) = &self.health {
            // The sender is here.
            let _ = health.subscribe().wait_for(|well| *well).await;
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `GET /dapr/config` or `GET /dapr/subscribe`.
    pub(crate) async fn ask(&self, path: &str) -> Result<AppReply, AppError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("dapr-app-id", self.app_id.clone());
        self.send(Method::GET, path, headers, Bytes::new()).await
    }

    /// Calls a method of an actor. `query` and `headers` are what the caller sent along, already filtered.
    pub(crate) async fn call_actor(
        &self,
        actor: &ActorRef,
        method: &str,
        query: Option<&str>,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<AppReply, AppError> {
        headers.insert("dapr-api-call", HeaderValue::from_static("true"));
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let path = format!("{}/method/{}{}", actor_path(actor), escape(method), escape(&query));
        self.send(Method::PUT, &path, headers, body).await
    }

    /// Tells the app to let go of an actor.
    pub(crate) async fn deactivate(&self, actor: &ActorRef) -> Result<AppReply, AppError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        self.send(Method::DELETE, &actor_path(actor), headers, Bytes::new()).await
    }

    /// Delivers a message to one of the app's routes.
    pub(crate) async fn deliver(
        &self,
        route: &str,
        mut headers: HeaderMap,
        envelope: Bytes,
    ) -> Result<AppReply, AppError> {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/cloudevents+json"));
        let path = format!("/{}", escape(route.trim_start_matches('/')));
        self.send(Method::POST, &path, headers, envelope).await
    }

    /// Calls a method of the app, with whatever verb. `query` and `headers` are what the caller sent along, already
    /// filtered.
    pub(crate) async fn invoke(
        &self,
        verb: Method,
        method: &str,
        query: Option<&str>,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<AppReply, AppError> {
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let path = format!("/{}{}", escape(&method.replace('%', "%25")), escape(&query));
        self.send(verb, &path, headers, body).await
    }

    /// Delivers many messages to one of the app's routes.
    pub(crate) async fn deliver_bulk(&self, route: &str, pubsub: &str, body: Bytes) -> Result<AppReply, AppError> {
        let mut headers = forwarded([("pubsubname", pubsub.as_bytes())]);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let path = format!("/{}", escape(route.trim_start_matches('/')));
        self.send(Method::POST, &path, headers, body).await
    }

    /// `path` is already escaped. Dropping the returned future aborts the request: its connection is closed.
    async fn send(&self, method: Method, path: &str, headers: HeaderMap, body: Bytes) -> Result<AppReply, AppError> {
        if !self.is_well() {
            return Err(AppError::Unwell);
        }
        let mut request = Request::new(Full::new(body.clone()));
        *request.headers_mut() = headers;
        request.headers_mut().remove(HOST);
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        if let Some(token) = &self.token {
            request.headers_mut().insert(TOKEN_HEADER, token.clone());
        }
        let _one_of_some = match &self.at_once {
            // It is never closed.
            Some(at_once) => at_once.acquire().await.ok(),
            None => None,
        };
        self.exchange(method, path, request).await
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        mut request: Request<Full<Bytes>>,
    ) -> Result<AppReply, AppError> {
        let target = format!("http://{}{path}", self.addr);
        let failed = |error: &(dyn Error + 'static)| {
            let told = |why: &str| format!("{} {target:?}: {why}", capitalised(&method));
            match has_no_room(error) {
                true => AppError::NoRoom(told(&format!("dial tcp {}: socket: too many open files", self.addr))),
                false => AppError::Failed(told(&describe(error, self.addr))),
            }
        };
        *request.uri_mut() = target.parse::<Uri>().map_err(|error| failed(&error))?;
        *request.method_mut() = method.clone();
        let response = self.client.request(request).await.map_err(|error| {
            // Where its health is asked for, that says whether it is there.
            if self.health.is_none() && is_refused(&error) {
                self.lost("it does not listen any more: connection refused");
            }
            failed(&error)
        })?;
        if self.health.is_none() {
            self.found();
        }
        let (parts, body) = response.into_parts();
        let (announced, limit) = (body.size_hint().lower(), self.max_body_bytes);
        let body = Limited::new(body, limit).collect().await.map_err(|error| match error.is::<LengthLimitError>() {
            true => AppError::TooLarge { size: usize::try_from(announced).unwrap_or(usize::MAX).max(limit + 1), limit },
            false => failed(error.as_ref()),
        })?;
        Ok(AppReply { status: parts.status, headers: parts.headers, body: body.to_bytes() })
    }
}

/// What of a caller's metadata or headers the app receives: not what describes the connection
/// between the two, nor a body that is another one by now, nor the caller's token or key.
pub(crate) fn forwarded<'a>(entries: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in entries {
        let name = name.to_ascii_lowercase();
        let dropped = matches!(
            name.as_str(),
            "connection"
                | "content-length"
                | "content-type"
                | "host"
                | "keep-alive"
                | "proxy-authenticate"
                | "proxy-authorization"
                | "proxy-connection"
                | "te"
                | "trailer"
                | "transfer-encoding"
                | "upgrade"
                | TOKEN_HEADER
                | KEY_HEADER
        ) || name.ends_with("-bin");
        let name = match name.strip_prefix("grpc-") {
            Some(rest) => format!("dapr-grpc-{rest}"),
            None => name,
        };
        match (HeaderName::try_from(&name), HeaderValue::from_bytes(value)) {
            _ if dropped => {}
            (Ok(name), Ok(value)) => drop(headers.append(name, value)),
            _ => tracing::debug!("metadata {name:?} cannot be an HTTP header: left out"),
        }
    }
    headers
}

/// The path of an actor. Each name has its own: a `%` in it is escaped too, so that `a%20b` is not taken for `a b`. (In
/// daprd they are one path.)
fn actor_path(actor: &ActorRef) -> String {
    let segment = |name: &str| escape(&name.replace('%', "%25"));
    format!("/actors/{}/{}", segment(&actor.kind), segment(&actor.id))
}

/// Escapes what a request line cannot carry and leaves everything else as it is, escapes
/// included.
pub(crate) fn escape(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for byte in path.bytes() {
        let plain = byte.is_ascii_graphic()
            && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | b'#');
        if plain {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests;

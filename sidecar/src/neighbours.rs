//! Sidecars on one machine that find each other, without a name resolution or a placement service.
//!
//! Each keeps a file in a folder of its user, locked as long as it runs: whoever finds a file without a lock knows that
//! its sidecar has gone, however that went. A file's name is used once, so that removing one never hits another.

mod file;
mod folder;

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app_channel::{AppReply, KEY_HEADER};
use file::{ALIVE, all};
use tokio::time::sleep;

/// How long a connection to another sidecar is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(30);

/// How often it is looked whether the others can still find this one.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// What a sidecar tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Neighbour {
    pub(crate) app_id: String,
    pub(crate) namespace: String,
    /// Where its HTTP API listens.
    pub(crate) http: SocketAddr,
    /// What lets others in, whatever token callers have to show.
    key: String,
    /// The actor types that it hosts.
    types: Vec<String>,
    /// Whether it ends: its app is not called any more, and its types are nobody else's until its turns have ended.
    #[serde(default)]
    ends: bool,
}

/// Why another sidecar gave no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// It was not reached: the call did not happen.
    Unreachable(String),
    Failed(String),
}

/// The sidecars on this machine, and this one among them.
pub(crate) struct Neighbours {
    /// `None` for a sidecar that keeps to itself.
    folder: Option<PathBuf>,
    own: Mutex<Own>,
    client: Client<HttpConnector, Full<Bytes>>,
    max_body_bytes: usize,
}

/// This sidecar, and its file.
struct Own {
    told: Neighbour,
    file: Option<(PathBuf, File)>,
}

impl Neighbours {
    /// In a folder that is not its user's alone, or where files cannot be locked, there are none.
    pub(crate) fn new(folder: Option<PathBuf>, app_id: &str, namespace: Option<&str>, max_body_bytes: usize) -> Self {
        let told = Neighbour {
            app_id: app_id.to_owned(),
            namespace: namespace.unwrap_or("default").to_owned(),
            http: SocketAddr::from(([127, 0, 0, 1], 0)),
            key: Uuid::new_v4().to_string(),
            types: Vec::new(),
            ends: false,
        };
        let folder = folder.filter(|folder| {
            let made = folder::make(folder).and_then(|()| folder::check_locks(folder));
            if let Err(error) = &made {
                tracing::warn!("other sidecars and this one do not find each other: {}: {error}", folder.display());
            }
            made.is_ok()
        });
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let mut client = Client::builder(TokioExecutor::new());
        client.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE);
        let own = Mutex::new(Own { told, file: None });
        Self { folder, own, client: client.build(connector), max_body_bytes }
    }

    /// Whether there can be no others.
    pub(crate) fn is_alone(&self) -> bool {
        self.folder.is_none()
    }

    /// Whether a caller has read this sidecar's file.
    pub(crate) fn knows(&self, headers: &HeaderMap) -> bool {
        use subtle::ConstantTimeEq as _;
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = headers.get(KEY_HEADER);
        shown.is_some_and(|shown| shown.as_bytes().ct_eq(own.told.key.as_bytes()).into())
    }

    /// Tells the others where this one is.
    pub(crate) fn appear(&self, http: SocketAddr) {
        let Some(folder) = &self.folder else { return };
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        // A listener on every address is reached at the loopback one.
        own.told.http = match http.ip().is_unspecified() {
            true => SocketAddr::from(([127, 0, 0, 1], http.port())),
            false => http,
        };
        if let Err(error) = own.write(folder) {
            tracing::warn!("other sidecars do not find this one: {}: {error}", folder.display());
        }
    }

    /// Claims actor types, and no others from now on. Returns those that another sidecar hosts, each with its app's id: two
    /// hosts of one type would need Dapr's placement service.
    ///
    /// # Errors
    /// It cannot be known who else hosts them, the others cannot be told, or this sidecar ends. What was claimed before
    /// stays claimed, and nothing else is.
    pub(crate) async fn claim(&self, types: &[String]) -> io::Result<Vec<(String, String)>> {
        let Some(folder) = &self.folder else { return Ok(Vec::new()) };
        // Whoever cleans up folders of this kind may have removed it.
        let told = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", folder.display()));
        folder::make(folder).map_err(told)?;
        let _one_after_the_other = folder::lock(folder).await.map_err(told)?;
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if own.told.ends {
            return Err(io::Error::other("this sidecar ends"));
        }
        let others = self.others(&own.told).map_err(told)?;
        let host = |kind: &String| others.iter().find(|other| other.types.contains(kind));
        let taken = types.iter().filter_map(|kind| Some((kind.clone(), host(kind)?.app_id.clone()))).collect();
        let claimed = types.iter().filter(|kind| host(kind).is_none()).cloned().collect();
        let before = std::mem::replace(&mut own.told.types, claimed);
        if let Err(error) = own.write(folder) {
            own.told.types = before;
            return Err(told(error));
        }
        Ok(taken)
    }

    /// Who else runs an app. Nobody is found where they cannot be looked for, which is said.
    pub(crate) fn find(&self, app_id: &str, namespace: Option<&str>) -> Option<Neighbour> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner).told.clone();
        let namespace = namespace.unwrap_or(&own.namespace);
        let folder = self.folder.as_deref()?;
        let found = all(folder).inspect_err(|error| {
            tracing::warn!("the sidecar of {app_id} cannot be looked for: {}: {error}", folder.display());
        });
        let found = found.unwrap_or_default().into_iter();
        let mut found: Vec<_> =
            found.filter(|n| n.app_id == app_id && n.namespace == namespace && n.key != own.key && !n.ends).collect();
        (!found.is_empty()).then(|| found.swap_remove(fastrand::usize(..found.len())))
    }

    /// Who else hosts a type of actors.
    ///
    /// # Errors
    /// It cannot be known.
    pub(crate) fn host_of(&self, kind: &str) -> io::Result<Option<Neighbour>> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner).told.clone();
        let hosts = |other: &Neighbour| other.types.iter().any(|hosted| hosted == kind);
        Ok(self.others(&own)?.into_iter().find(hosts))
    }

    fn others(&self, own: &Neighbour) -> io::Result<Vec<Neighbour>> {
        let mut found = self.folder.as_deref().map_or_else(|| Ok(Vec::new()), all)?;
        found.retain(|other| other.namespace == own.namespace && other.key != own.key);
        Ok(found)
    }

    /// Sends a request to another sidecar's HTTP API.
    pub(crate) async fn send(
        &self,
        to: &Neighbour,
        verb: Method,
        path: &str,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<AppReply, Unanswered> {
        let failed = |error: &dyn std::fmt::Display| Unanswered::Failed(error.to_string());
        let uri: Uri =
            format!("http://{}{path}", to.http).parse().map_err(|error| failed(&error as &dyn std::fmt::Display))?;
        headers.remove(HOST);
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        if let Ok(key) = to.key.parse() {
            headers.insert(KEY_HEADER, key);
        }
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = verb;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let response = self.client.request(request).await.map_err(|error| {
            let text = format!("the sidecar of {} at {}: {error}", to.app_id, to.http);
            if error.is_connect() { Unanswered::Unreachable(text) } else { Unanswered::Failed(text) }
        })?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, self.max_body_bytes).collect().await.map_err(|error| failed(&error))?;
        Ok(AppReply { status: parts.status, headers: parts.headers, body: body.to_bytes() })
    }

    /// Looks now and then whether what this sidecar told is still there, and tells it anew if not: whoever cleans up
    /// folders of this kind may have removed it, and others would host the same types.
    pub(crate) async fn stay(&self) {
        loop {
            sleep(LOOK_AGAIN).await;
            let Some(types) = self.untold() else { continue };
            match self.claim(&types).await {
                Ok(taken) if taken.is_empty() => {
                    tracing::warn!("what this sidecar tells others of itself was removed: it is told anew");
                }
                Ok(taken) => {
                    for (kind, app_id) in taken {
                        tracing::error!(
                            "what this sidecar tells others of itself was removed, and the app {app_id} hosts the actor type \
                             {kind} since then: both have turns of its actors, until one of them ends"
                        );
                    }
                }
                Err(error) => tracing::warn!("other sidecars do not find this one: {error}"),
            }
        }
    }

    /// What it has claimed, if the others cannot read it any more.
    fn untold(&self) -> Option<Vec<String>> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let (path, _) = own.file.as_ref().filter(|_| !own.told.ends)?;
        // What cannot be looked at may be there.
        let is_gone = |path: &Path| matches!(path.try_exists(), Ok(false));
        (is_gone(path) || is_gone(&path.with_extension(ALIVE))).then(|| own.told.types.clone())
    }

    /// Whether this sidecar ends.
    pub(crate) fn is_ending(&self) -> bool {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).told.ends
    }

    /// The others call this one's app no more. What it hosts is nobody else's until it disappears.
    pub(crate) fn leave(&self) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.told.ends = true;
        if let Some(folder) = self.folder.as_ref().filter(|_| own.file.is_some())
            && let Err(error) = own.write(folder)
        {
            tracing::warn!("other sidecars take this one's app for there: {}: {error}", folder.display());
        }
    }

    /// The others find this one no more, whatever is claimed afterwards.
    pub(crate) fn disappear(&self) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.told.ends = true;
        if let Some(file) = own.file.take() {
            file::remove(file);
        }
    }
}

impl Drop for Neighbours {
    fn drop(&mut self) {
        self.disappear();
    }
}

impl Own {
    /// Tells the others in a new file, and removes the one before.
    ///
    /// # Errors
    /// It cannot be written. The one before stays then.
    fn write(&mut self, folder: &Path) -> io::Result<()> {
        let written = file::write(&self.told, folder)?;
        if let Some(before) = self.file.replace(written) {
            file::remove(before);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

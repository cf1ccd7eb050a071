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
mod tests {
    use super::file::EXTENSION;
    use super::*;

    /// One in a folder that it makes, if it is not there.
    fn neighbour(base: &Path, app_id: &str) -> Neighbours {
        let neighbours = Neighbours::new(Some(base.join("sidecars")), app_id, None, 1000);
        neighbours.appear(SocketAddr::from(([0, 0, 0, 0], 3500)));
        neighbours
    }

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn hosted_by(one: &Neighbours, kind: &str) -> Option<Neighbour> {
        one.host_of(kind).expect("known")
    }

    #[test]
    fn they_find_each_other_and_not_who_has_gone() {
        let folder = tempfile::tempdir().expect("folder");
        let (one, two) = (neighbour(folder.path(), "one"), neighbour(folder.path(), "two"));
        let found = one.find("two", None).expect("found");
        assert_eq!(found.http, SocketAddr::from(([127, 0, 0, 1], 3500)), "a place that can be called");
        assert_eq!(one.find("one", None), None, "not itself");
        assert_eq!(one.find("two", Some("elsewhere")), None);
        drop(two);
        assert_eq!(one.find("two", None), None);
    }

    #[test]
    fn what_a_killed_one_leaves_behind_is_removed() {
        let folder = tempfile::tempdir().expect("folder");
        let one = neighbour(folder.path(), "one");
        let left = folder.path().join(format!("sidecars/left.{EXTENSION}"));
        let told = one.own.lock().expect("whole").told.clone();
        std::fs::write(
            &left,
            serde_json::to_vec(&Neighbour { app_id: "dead".into(), key: "k".into(), ..told }).expect("written"),
        )
        .expect("written");
        assert_eq!(one.find("dead", None), None);
        assert!(!left.exists());
    }

    #[cfg(unix)]
    #[test]
    fn in_a_folder_that_others_may_change_there_are_none() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("folder");
        let open = folder.path().join("sidecars");
        std::fs::create_dir(&open).expect("made");
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).expect("changed");
        let (one, two) = (neighbour(folder.path(), "one"), neighbour(folder.path(), "two"));
        assert!(one.is_alone() && two.find("one", None).is_none());
        assert_eq!(std::fs::read_dir(&open).expect("read").count(), 0, "no key stands there");
    }

    #[tokio::test]
    async fn a_type_has_one_host() {
        let folder = tempfile::tempdir().expect("folder");
        let (one, two) = (neighbour(folder.path(), "one"), neighbour(folder.path(), "two"));
        assert_eq!(one.claim(&strings(&["A", "B"])).await.expect("claimed"), []);
        assert_eq!(two.claim(&strings(&["B", "C"])).await.expect("claimed"), [("B".to_owned(), "one".to_owned())]);
        assert_eq!(hosted_by(&two, "A").expect("hosted").app_id, "one");
        assert_eq!(hosted_by(&one, "B"), None, "what is its own is nobody else's");
        assert_eq!(hosted_by(&one, "C").expect("hosted").app_id, "two");
        drop(one);
        assert_eq!(two.claim(&strings(&["B", "C"])).await.expect("claimed"), []);
    }

    /// Stands for whatever keeps one from looking: no file handle, no right, a disk that fails.
    #[cfg(unix)]
    #[tokio::test]
    async fn who_cannot_be_looked_at_has_not_gone_and_nothing_of_it_is_claimed() {
        let folder = tempfile::tempdir().expect("folder");
        let (one, two) = (neighbour(folder.path(), "one"), neighbour(folder.path(), "two"));
        one.claim(&strings(&["A"])).await.expect("claimed");
        two.claim(&strings(&["B"])).await.expect("claimed");
        let (sidecars, away) = (folder.path().join("sidecars"), folder.path().join("away"));

        std::fs::rename(&sidecars, &away).expect("moved");
        std::fs::write(&sidecars, "no folder").expect("written");
        two.host_of("A").expect_err("the folder cannot be read");
        two.claim(&strings(&["A"])).await.expect_err("the folder cannot be read");
        std::fs::remove_file(&sidecars).expect("removed");
        two.host_of("A").expect_err("the folder is not there");
        std::fs::rename(&away, &sidecars).expect("moved back");

        let told = one.own.lock().expect("whole").file.as_ref().expect("told").0.clone();
        let (alive, kept) = (told.with_extension(ALIVE), told.with_extension("kept"));
        std::fs::rename(&alive, &kept).expect("moved");
        // What cannot be opened, and is there.
        std::os::unix::fs::symlink(&alive, &alive).expect("linked");
        two.host_of("A").expect_err("its file cannot be opened");
        two.claim(&strings(&["A", "B"])).await.expect_err("its file cannot be opened");
        std::fs::remove_file(&alive).expect("removed");
        std::fs::rename(&kept, &alive).expect("moved back");

        assert_eq!(hosted_by(&two, "A").expect("still there").app_id, "one");
        assert_eq!(hosted_by(&one, "B").expect("still there").app_id, "two");
        assert_eq!(two.claim(&strings(&["A"])).await.expect("claimed"), [("A".to_owned(), "one".to_owned())]);
    }

    #[tokio::test]
    async fn one_that_has_disappeared_does_not_appear_again() {
        let folder = tempfile::tempdir().expect("folder");
        let (one, two) = (neighbour(folder.path(), "one"), neighbour(folder.path(), "two"));
        one.disappear();
        one.claim(&strings(&["A"])).await.expect_err("it ends");
        assert_eq!(hosted_by(&two, "A"), None);
        assert_eq!(two.find("one", None), None);
    }

    #[tokio::test]
    async fn one_that_ends_is_called_no_more_and_what_it_hosts_is_nobody_elses_until_it_has_gone() {
        let folder = tempfile::tempdir().expect("folder");
        let (one, two) = (neighbour(folder.path(), "one"), neighbour(folder.path(), "two"));
        one.claim(&strings(&["A"])).await.expect("claimed");
        one.leave();
        assert_eq!(two.find("one", None), None);
        assert_eq!(two.claim(&strings(&["A"])).await.expect("known"), [("A".to_owned(), "one".to_owned())]);
        one.claim(&strings(&["B"])).await.expect_err("it ends");
        one.disappear();
        assert_eq!(two.claim(&strings(&["A"])).await.expect("claimed"), []);
    }

    #[tokio::test(start_paused = true)]
    async fn what_somebody_removed_is_told_anew() {
        let folder = tempfile::tempdir().expect("folder");
        let (one, two) = (neighbour(folder.path(), "one"), neighbour(folder.path(), "two"));
        one.claim(&strings(&["A"])).await.expect("claimed");
        let told = || one.own.lock().expect("whole").file.as_ref().expect("told").0.clone();
        for gone in [told().with_extension(ALIVE), folder.path().join("sidecars")] {
            let before = told();
            match gone.is_dir() {
                true => std::fs::remove_dir_all(&gone).expect("removed"),
                false => std::fs::remove_file(&gone).expect("removed"),
            }
            let anew = async {
                while told() == before {
                    sleep(LOOK_AGAIN).await;
                }
            };
            tokio::select! {
                () = one.stay() => {}
                () = anew => {}
            }
            assert_eq!(hosted_by(&two, "A").expect("told").app_id, "one");
        }
    }
}

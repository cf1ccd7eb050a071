//! Apps that host their actors over a stream which they open (`SubscribeActorEventsAlpha1`), and listen nowhere.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use prost::Message as _;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};

use super::invoke::{self, CallBack, InvokeCall};
use super::{Actors, AppConfig, chain};
use crate::actor_events::{
    Asked, Deactivate, Deactivated, Failed, Invoke, Invoked, Remind, Said, TickTimer, Ticked, ToHost,
};
use crate::app_channel::{AppError, AppReply};
use crate::names::ActorRef;
use crate::observation::CallbackKind;

/// How many calls may wait to be sent.
const WAITING: usize = 128;
/// The code of gRPC for what is not there.
const NOT_FOUND: u32 = 5;

/// The streams that are open.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// Held over every change of what they host.
    open: Mutex<Vec<Open>>,
    opening: tokio::sync::Mutex<()>,
    next: AtomicU64,
}

#[derive(Debug)]
struct Open {
    number: u64,
    config: AppConfig,
    host: HostStream,
    /// Not before the reminders of its types have been read.
    hosts: bool,
}

/// One of them, to be asked.
#[derive(Debug, Clone)]
pub(super) struct HostStream {
    calls: mpsc::Sender<ToHost>,
    /// Who waits for an answer, by the call's id.
    waiting: Arc<Mutex<HashMap<String, oneshot::Sender<Said>>>>,
    next: Arc<AtomicU64>,
}

/// What an open stream hosts; dropping it is its end.
pub(crate) struct Hosting {
    actors: Arc<Actors>,
    number: u64,
    host: HostStream,
    calls: mpsc::Receiver<ToHost>,
}

/// What a timer's or a reminder's call has in its body over HTTP.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tick {
    data: Option<Box<RawValue>>,
    #[serde(default)]
    callback: String,
    due_time: String,
    period: String,
}

impl Streams {
    fn open(&self) -> MutexGuard<'_, Vec<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is asked of a type.
    pub(super) fn host_of(&self, kind: &str) -> Option<HostStream> {
        let open = self.open();
        open.iter().rev().find(|open| open.is_host_of(kind)).map(|open| open.host.clone())
    }

    /// Ends all of them.
    pub(super) fn close(&self) {
        self.open().clear();
    }
}

impl Open {
    fn is_host_of(&self, kind: &str) -> bool {
        self.hosts && self.config.types.iter().any(|(hosted, _)| hosted == kind)
    }
}

/// What all of them host. Of two that host a type the later one counts.
fn hosted_by(open: &[Open]) -> AppConfig {
    let mut config = AppConfig::default();
    for (kind, how) in open.iter().rev().filter(|open| open.hosts).flat_map(|open| &open.config.types) {
        if config.types.iter().all(|(known, _)| known != kind) {
            config.types.push((kind.clone(), how.clone()));
        }
    }
    config
}

/// The types of one that none of these hosts.
fn not_hosted_by<'a>(open: &[Open], config: &'a AppConfig) -> Vec<&'a str> {
    let kinds = config.types.iter().map(|(kind, _)| kind.as_str());
    kinds.filter(|kind| open.iter().all(|open| !open.is_host_of(kind))).collect()
}

impl Actors {
    /// Keeps others from opening a stream at the same time: what is claimed and what is hosted are the same.
    pub(crate) async fn one_stream_after_the_other(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.streams.opening.lock().await
    }

    /// Hosts what an app says on its stream, in the place of what another stream hosts of it. One stream after the other.
    pub(crate) async fn host_stream(self: &Arc<Self>, config: AppConfig) -> Hosting {
        let (sender, calls) = mpsc::channel(WAITING);
        let host = HostStream { calls: sender, waiting: Arc::default(), next: Arc::default() };
        let number = self.streams.next.fetch_add(1, Ordering::Relaxed);
        let opened = Open { number, config: config.clone(), host: host.clone(), hosts: false };
        self.streams.open().push(opened);
        // From here on dropping it undoes it, whatever this waits for.
        let hosting = Hosting { actors: Arc::clone(self), number, host, calls };
        self.begin_to_host(number, &config).await;
        hosting
    }

    async fn begin_to_host(self: &Arc<Self>, number: u64, config: &AppConfig) {
        let (mut read, mut resumed) = (AppConfig::default(), Vec::new());
        loop {
            // Others may have ended while the store was read: what is hosted is looked at again.
            let missing = {
                let mut open = self.streams.open();
                let mut missing = config.clone();
                let there = [self.known_types(), read.types.clone()].concat();
                missing.types.retain(|(kind, _)| there.iter().all(|(there, _)| there != kind));
                if missing.types.is_empty() {
                    let kinds = config.types.iter().map(|(kind, _)| kind.as_str());
                    let replaced: Vec<_> = kinds.filter(|kind| open.iter().any(|open| open.is_host_of(kind))).collect();
                    // It is not there when the sidecar has ended.
                    if let Some(own) = open.iter_mut().find(|open| open.number == number) {
                        own.hosts = true;
                        self.host_instead(hosted_by(&open), &replaced);
                    }
                    break;
                }
                missing
            };
            read.types.extend(missing.types.clone());
            resumed.extend(self.read_reminders(missing).await);
        }
        for reminder in resumed {
            self.resume_ticks(reminder);
        }
    }

    /// A stream has ended; others are open, some of them later ones. Where none hosts anything, calls wait.
    fn unhost(&self, ended: &Open, open: &[Open], later: &[Open]) {
        if !ended.hosts {
            let known = self.known_types();
            for (kind, _) in ended.config.types.iter().filter(|(kind, _)| known.iter().all(|(known, _)| known != kind))
            {
                self.reminders.forget_type(kind);
            }
        } else if open.iter().any(|open| open.hosts) {
            // What a later one hosts it has taken from this one already.
            self.host_instead(hosted_by(open), &not_hosted_by(later, &ended.config));
        } else {
            self.suspend();
        }
    }

    /// An actor's call on the stream of its host.
    pub(super) async fn call_host(&self, call: &InvokeCall, tick: Option<&CallBack>) -> Result<AppReply, AppError> {
        let host = self.streams.host_of(&call.actor.kind).ok_or_else(not_connected)?;
        let said = host.ask(|id| asked(id, call, tick)).await?;
        let unexpected =
            |what: &str| Err(AppError::Failed(format!("actor host returned an unexpected response type for {what}")));
        match (said, tick.map(|tick| tick.kind)) {
            (Said::Failed(failed), None) if failed.code == NOT_FOUND => {
                Ok(reply(StatusCode::NOT_FOUND, failed.message))
            }
            (Said::Failed(failed), _) => Err(AppError::Failed(format!("error from actor service: {}", failed.message))),
            (Said::Invoked(invoked), None) => Ok(invoked_reply(invoked)),
            (Said::Reminded(ticked), Some(CallbackKind::Reminder))
            | (Said::TimerTicked(ticked), Some(CallbackKind::Timer)) => Ok(ticked_reply(&ticked)),
            (_, None) => unexpected("invoke"),
            (_, Some(CallbackKind::Reminder)) => unexpected("remind"),
            (_, Some(CallbackKind::Timer)) => unexpected("timer"),
        }
    }

    /// Tells the host of an actor to let go of it.
    pub(super) async fn deactivate_at_host(&self, actor: &ActorRef) -> Result<AppReply, AppError> {
        let host = self.streams.host_of(&actor.kind).ok_or_else(not_connected)?;
        let (actor_type, actor_id) = (actor.kind.clone(), actor.id.clone());
        let said = host.ask(|id| Asked::Deactivate(Deactivate { id, actor_type, actor_id })).await?;
        match said {
            Said::Failed(failed) => Ok(reply(StatusCode::INTERNAL_SERVER_ERROR, failed.message)),
            _ => Ok(reply(StatusCode::OK, String::new())),
        }
    }
}

fn not_connected() -> AppError {
    AppError::Failed("actor host is not connected".to_owned())
}

impl HostStream {
    async fn ask(&self, what: impl FnOnce(String) -> Asked) -> Result<Said, AppError> {
        let gone = || AppError::Failed("actor host disconnected before responding".to_owned());
        let id = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        let (answer, answered) = oneshot::channel();
        self.waiting().insert(id.clone(), answer);
        let _forgotten = Forgotten { host: self, id: &id };
        let asked = ToHost { asked: Some(what(id.clone())) };
        tokio::select! {
            sent = self.calls.send(asked) => sent.map_err(|_| gone())?,
            () = self.calls.closed() => return Err(gone()),
        }
        tokio::select! {
            // What was said counts, though the stream ends with it.
            biased;
            said = answered => said.map_err(|_| gone()),
            () = self.calls.closed() => Err(gone()),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Said>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anybody wants the answer. What is no call has none.
    fn is_wanted(&self, call: &ToHost) -> bool {
        let id = match &call.asked {
            None | Some(Asked::Welcome(_)) => return true,
            Some(
                Asked::Invoke(Invoke { id, .. })
                | Asked::Remind(Remind { id, .. })
                | Asked::TickTimer(TickTimer { id, .. })
                | Asked::Deactivate(Deactivate { id, .. }),
            ) => id,
        };
        self.waiting().contains_key(id)
    }
}

/// A call that nobody waits for any more.
struct Forgotten<'a> {
    host: &'a HostStream,
    id: &'a str,
}

impl Drop for Forgotten<'_> {
    fn drop(&mut self) {
        self.host.waiting().remove(self.id);
    }
}

impl Hosting {
    /// The next call for the app; `None` when the sidecar ends. One whose caller left before it was sent is not made: the
    /// actor's turn may be another's by now.
    pub(crate) async fn next(&mut self) -> Option<ToHost> {
        loop {
            let call = self.calls.recv().await?;
            if self.host.is_wanted(&call) {
                return Some(call);
            }
        }
    }

    /// Takes an answer of the app.
    pub(crate) fn answered(&self, said: Said) {
        let waiting = call_of(&said).and_then(|id| self.host.waiting().remove(id));
        match waiting {
            // Whoever waited may have gone meanwhile.
            Some(waiting) => drop(waiting.send(said)),
            None => tracing::debug!("an answer on an actor host's stream belongs to no call"),
        }
    }
}

impl Drop for Hosting {
    fn drop(&mut self) {
        let mut open = self.actors.streams.open();
        if let Some(index) = open.iter().position(|open| open.number == self.number) {
            let ended = open.remove(index);
            self.actors.unhost(&ended, &open, &open[index..]);
        }
    }
}

/// The call that is answered; `None` for what is no answer.
fn call_of(said: &Said) -> Option<&str> {
    match said {
        Said::Initial(_) => None,
        Said::Invoked(Invoked { id, .. })
        | Said::Reminded(Ticked { id, .. })
        | Said::TimerTicked(Ticked { id, .. })
        | Said::Deactivated(Deactivated { id })
        | Said::Failed(Failed { id, .. }) => Some(id),
    }
}

fn asked(id: String, call: &InvokeCall, tick: Option<&CallBack>) -> Asked {
    let (actor_type, actor_id) = (call.actor.kind.clone(), call.actor.id.clone());
    let Some(tick) = tick else {
        let method = match &call.query {
            Some(query) => format!("{}?{query}", call.method),
            None => call.method.clone(),
        };
        let (data, metadata) = (call.body.clone(), metadata(&call.headers));
        return Asked::Invoke(Invoke { id, actor_type, actor_id, method, data, metadata });
    };
    let name = tick.name.clone();
    // The sidecar wrote it.
    let Tick { data, callback, due_time, period } = serde_json::from_slice(&tick.body).unwrap_or_default();
    let data = data.map(|data| bytes_value(data.get()));
    match tick.kind {
        CallbackKind::Reminder => Asked::Remind(Remind { id, actor_type, actor_id, name, due_time, period, data }),
        CallbackKind::Timer => {
            Asked::TickTimer(TickTimer { id, actor_type, actor_id, name, due_time, period, callback, data })
        }
    }
}

/// JSON as daprd sends it: a `google.protobuf.BytesValue`.
fn bytes_value(json: &str) -> prost_types::Any {
    let value = json.as_bytes().to_vec().encode_to_vec();
    prost_types::Any { type_url: "type.googleapis.com/google.protobuf.BytesValue".into(), value }
}

/// Headers by the names that apps look for in metadata, of each the first value.
fn metadata(headers: &HeaderMap) -> HashMap<String, String> {
    let name = |name: &HeaderName| match *name == chain::HEADER {
        true => "Dapr-Reentrancy-Id".to_owned(),
        false => name.as_str().to_owned(),
    };
    let names = headers.keys().filter_map(|key| Some((name(key), headers.get(key)?.to_str().ok()?.to_owned())));
    names.collect()
}

fn invoked_reply(invoked: Invoked) -> AppReply {
    let mut headers = HeaderMap::new();
    for (name, value) in &invoked.metadata {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    if invoked.error {
        headers.insert(invoke::FAILED, HeaderValue::from_static("true"));
    }
    AppReply { status: StatusCode::OK, headers, body: invoked.data }
}

fn ticked_reply(ticked: &Ticked) -> AppReply {
    let mut answer = reply(StatusCode::OK, String::new());
    if ticked.cancel {
        answer.headers.insert(invoke::CANCELS, HeaderValue::from_static("true"));
    }
    answer
}

fn reply(status: StatusCode, body: String) -> AppReply {
    AppReply { status, headers: HeaderMap::new(), body: Bytes::from(body) }
}

#[cfg(test)]
mod tests;

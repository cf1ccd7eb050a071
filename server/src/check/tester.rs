//! What is done to one actor for one check. Each step is waited for by what it comes to.

use std::{
    cell::Cell,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::Method;
use model::own::{
    judge::is_failure,
    moment::{Moment, What},
    trial::{Act, Done, Reply, Trial},
};
use serde_json::json;
use sidecar::{
    faults::{Fault, FaultRule},
    observation::Actor,
};
use tokio::time::timeout;

use super::{host::Host, names::Names};
use crate::{own::ask, timeline::clock::now_us};

/// How long a message may take: three attempts with their waits, several times over.
const LIMIT: Duration = Duration::from_secs(25);

/// How long a line is waited for that tells of what has happened already.
const LINE_LIMIT: Duration = Duration::from_millis(500);

/// How long the program may take to answer while it waits.
const PROBE_LIMIT: Duration = Duration::from_secs(10);

/// After how long without a call a program counts as having given up: twice the wait of the lesson.
const QUIET: Duration = Duration::from_secs(2);

/// What fails on purpose, in the lesson's words.
const ERROR: &str = model::fault::SIMULATED_ERROR;

/// How often a message is sent until one is answered.
const TRIES: usize = 3;

pub(super) struct Tester<'a> {
    host: &'a Host,
    names: &'a Names,
    actor: Actor,
    acts: Mutex<Vec<Act>>,
}

impl<'a> Tester<'a> {
    /// One for an actor that nobody has called.
    pub(super) fn new(host: &'a Host, names: &'a Names) -> Self {
        let actor = Actor::new(&host.actor_type, names.actor());
        Self { host, names, actor, acts: Mutex::default() }
    }

    fn key(&self) -> String {
        format!("history-{}", self.actor.actor_id)
    }

    fn did(&self, at_us: u64, what: Done) {
        let act = Act { at_us, until_us: now_us(), what };
        self.acts.lock().unwrap_or_else(PoisonError::into_inner).push(act);
    }

    fn moments(&self) -> Vec<Moment> {
        self.host.recorder.of(&self.actor)
    }

    /// Sends a message, and waits for its line in the log.
    pub(super) async fn send(&self) -> bool {
        let text = self.names.text();
        let at = now_us();
        let reply = self.post(&text).await;
        let is_ok = reply.is_ok();
        self.until_line(&text).await;
        self.did(at, Done::Sent { text, reply });
        is_ok
    }

    /// Sends a message, and once more where it only met a failure that the program makes itself at each activation.
    pub(super) async fn send_past_simulation(&self) {
        let (text, at) = (self.names.text(), now_us());
        let reply = self.post(&text).await;
        // The traceback comes after the turn; the SDK's answer for it names the error too.
        let says_so = |moment: &Moment| match &moment.what {
            What::Line { text } | What::Ended { text, .. } => text.contains("imulat"),
            _ => false,
        };
        let in_turn = |moment: &Moment| moment.at_us >= at && says_so(moment);
        if reply.is_ok() || !self.moments().iter().any(in_turn) {
            self.did(at, Done::Sent { text, reply });
            return;
        }
        self.send().await;
    }

    /// Sends a message until one is answered; those that were not are not spoken of.
    pub(super) async fn store_one(&self) -> bool {
        for _ in 0..TRIES {
            let text = self.names.text();
            let at = now_us();
            let reply = self.post(&text).await;
            let (is_ok, late) = (reply.is_ok(), reply == Reply::Late);
            if is_ok {
                self.until_line(&text).await;
                self.did(at, Done::Sent { text, reply });
                return true;
            }
            if late {
                return false;
            }
        }
        false
    }

    /// Sends a message, and asks the program for something else as soon as an operation has failed.
    pub(super) async fn send_and_probe(&self) -> bool {
        let (from, asked) = (now_us(), Cell::new(false));
        let probe = async {
            let failed = |moment: &Moment| {
                moment.line().is_some_and(is_failure) || moment.state().is_some_and(|call| call.error.is_some())
            };
            self.until(|moments| moments.iter().any(|moment| moment.at_us >= from && failed(moment))).await;
            asked.set(true);
            let at = now_us();
            let answer = timeout(PROBE_LIMIT, ask::send(self.host.addr(), Method::GET, "/healthz", None)).await;
            self.did(at, Done::Probed(matches!(answer, Ok(Ok(_)))));
        };
        let sending = self.send();
        tokio::pin!(probe, sending);
        let mut probed = false;
        let is_ok = loop {
            tokio::select! {
                is_ok = &mut sending => break is_ok,
                () = &mut probe, if !probed => probed = true,
            }
        };
        if asked.get() && !probed {
            // A program that stood still answers to both at the same moment.
            probe.await;
        }
        is_ok
    }

    /// Sends a message and, while it is being retried, as many more, each when the one before stands in line.
    pub(super) async fn send_together(&self, more: usize) {
        let texts: Vec<String> = (0..=more).map(|_| self.names.text()).collect();
        let sends = texts.iter().enumerate().map(|(place, text)| async move {
            self.until(|moments| {
                let queued = moments.iter().filter(|moment| matches!(moment.what, What::Queued { .. })).count();
                queued >= place
            })
            .await;
            let at = now_us();
            let reply = self.post(text).await;
            (at, now_us(), text.clone(), reply)
        });
        let sent = futures::future::join_all(sends).await;
        let acts = sent.into_iter().map(|(at_us, until_us, text, reply)| Act {
            at_us,
            until_us,
            what: Done::Sent { text, reply },
        });
        self.acts.lock().unwrap_or_else(PoisonError::into_inner).extend(acts);
    }

    async fn post(&self, text: &str) -> Reply {
        let body = json!({"role": "user", "content": text}).to_string();
        self.ask(Method::POST, &self.host.routes.send, Some(body)).await
    }

    async fn ask(&self, method: Method, route: &str, body: Option<String>) -> Reply {
        let path = route_of(route, &self.actor.actor_id);
        match timeout(LIMIT, ask::send(self.host.addr(), method, &path, body)).await {
            Ok(Ok((status, body))) => {
                Reply::Answered { status: status.as_u16(), body: String::from_utf8_lossy(&body).into_owned() }
            }
            Ok(Err(why)) => Reply::Lost(why),
            Err(_) => Reply::Late,
        }
    }

    /// Reads the history by the program's own route.
    pub(super) async fn read(&self) {
        let at = now_us();
        let reply = match &self.host.routes.history {
            Some(route) => self.ask(Method::GET, route, None).await,
            None => Reply::Lost("the program describes no route for its history".to_owned()),
        };
        self.did(at, Done::Read(reply));
    }

    /// Reads the store itself.
    pub(super) async fn look(&self) {
        let at = now_us();
        let Some(store) = &self.host.store else { return };
        let key = format!("{}||{}||{}||{}", self.host.app.id, self.actor.actor_type, self.actor.actor_id, self.key());
        match store.value(key).await {
            Ok(stored) => self.did(at, Done::Looked(stored.value)),
            Err(error) => tracing::warn!("the store could not be read: {}", error.message),
        }
    }

    /// Puts the actor out of memory.
    pub(super) async fn deactivate(&self) {
        let at = now_us();
        self.host.hosting.deactivate(&self.actor).await;
        self.did(at, Done::Deactivated);
    }

    /// Takes the key out of the store, as anybody could by the sidecar's API.
    pub(super) async fn take_key(&self) {
        let at = now_us();
        let Actor { actor_type, actor_id } = &self.actor;
        let path = format!("/v1.0/actors/{actor_type}/{actor_id}/state");
        let body = json!([{"operation": "delete", "request": {"key": self.key()}}]).to_string();
        match ask::send(self.host.hosting.http(), Method::POST, &path, Some(body)).await {
            Ok((status, _)) if status.is_success() => self.did(at, Done::KeyTaken),
            Ok((status, body)) => tracing::warn!("the key could not be taken away: {status} {body:?}"),
            Err(error) => tracing::warn!("the key could not be taken away: {error}"),
        }
    }

    fn reads(&self) -> FaultRule {
        FaultRule::reads().of_actor(&self.actor.actor_type, &self.actor.actor_id)
    }

    fn writes(&self) -> FaultRule {
        FaultRule::writes().of_actor(&self.actor.actor_type, &self.actor.actor_id)
    }

    /// The next reads fail.
    pub(super) fn fail_reads(&self, times: u64) {
        self.host.faults.add(self.reads().times(times), Fault::fail(ERROR).named("reads fail"));
        self.did(now_us(), Done::Set(format!("let the next {} fail", count(times, "read"))));
    }

    /// The next writes fail.
    pub(super) fn fail_writes(&self, times: u64) {
        self.host.faults.add(self.writes().times(times), Fault::fail(ERROR).named("writes fail"));
        self.did(now_us(), Done::Set(format!("let the next {} fail", count(times, "write"))));
    }

    /// Every write fails from now on.
    pub(super) fn fail_all_writes(&self) {
        self.host.faults.add(self.writes(), Fault::fail(ERROR).named("writes fail"));
        self.did(now_us(), Done::Set("let every write fail".to_owned()));
    }

    /// The next write gets no answer.
    pub(super) fn hang_write(&self) {
        self.host.faults.add(self.writes().times(1), Fault::hang().named("write hangs"));
        self.did(now_us(), Done::Set("let the next write get no answer".to_owned()));
    }

    /// The store is away.
    pub(super) fn outage(&self) {
        self.host.faults.add(self.reads(), Fault::fail(ERROR).named("outage"));
        self.host.faults.add(self.writes(), Fault::fail(ERROR).named("outage"));
        self.did(now_us(), Done::Set("took the store away".to_owned()));
    }

    /// The store works again.
    pub(super) fn mend(&self) {
        self.host.faults.clear();
    }

    /// Waits until an event that was published has been delivered; whether one was published.
    pub(super) async fn until_delivered(&self) -> bool {
        let delivered = self.until(|moments| {
            let event = moments.iter().find_map(Moment::publish);
            event.is_none() || moments.iter().any(|moment| matches!(moment.what, What::Delivered { .. }))
        });
        let _ = timeout(Duration::from_secs(5), delivered).await;
        self.moments().iter().any(|moment| moment.publish().is_some())
    }

    /// Waits until the program makes no calls to the store any more, or more of them have failed than any limit would let.
    /// Its caller may have left long before.
    pub(super) async fn until_quiet(&self) {
        const MANY: usize = 12;
        let calls = || self.moments().iter().filter_map(Moment::state).cloned().collect::<Vec<_>>();
        loop {
            let seen = calls();
            if seen.iter().filter(|call| call.error.is_some()).count() >= MANY {
                return;
            }
            if timeout(QUIET, self.until(|_| calls().len() > seen.len())).await.is_err() {
                return;
            }
        }
    }

    async fn until_line(&self, text: &str) {
        let told = |moments: &[Moment]| {
            moments.iter().filter_map(Moment::line).any(|line| line.contains(text) && line.contains("Processed"))
        };
        let _ = timeout(LINE_LIMIT, self.until(told)).await;
    }

    async fn until(&self, is: impl Fn(&[Moment]) -> bool) {
        let mut told = self.host.recorder.follow();
        while !is(&self.moments()) {
            if told.changed().await.is_err() {
                return;
            }
        }
    }

    /// What was done and seen.
    pub(super) fn trial(&self) -> Trial {
        let mut acts = self.acts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        acts.sort_by_key(|act| act.at_us);
        Trial { actor: self.actor.actor_id.clone(), key: self.key(), acts, moments: self.moments() }
    }
}

fn count(times: u64, what: &str) -> String {
    if times == 1 { what.to_owned() } else { format!("{times} {what}s") }
}

/// A route with the actor's id in the place of its parameter.
fn route_of(route: &str, id: &str) -> String {
    match (route.find('{'), route.find('}')) {
        (Some(from), Some(to)) if from < to => format!("{}{id}{}", &route[..from], &route[to + 1..]),
        _ => route.to_owned(),
    }
}

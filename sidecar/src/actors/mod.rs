//! Actors: who is hosted, whose turn it is, and what they keep.

mod chain;
mod clock;
mod host;
mod host_stream;
mod idle;
mod invoke;
mod registry;
mod reminder_record;
mod reminders;
mod report;
mod schedule;
mod state;
mod timers;
mod turn_lock;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::app_channel::AppChannel;
use crate::config::Config;
use crate::error::ApiError;
use crate::hooks::Hooks;
use crate::names::ActorRef;
use crate::observation::{Actor, Callback, EventKind};
use crate::resiliency::Resiliency;
use crate::state::StateStore;

use clock::Clock;
pub(crate) use host::AppConfig;
use host::TypeConfig;
pub(crate) use host_stream::Hosting as HostingStream;
use host_stream::Streams;
use idle::LEAVING_AT_ONCE;
pub(crate) use invoke::InvokeCall;
use registry::Registry;
pub(crate) use reminder_record::{OnFailure, Record};
pub(crate) use reminders::NewReminder;
use reminders::Reminders;
pub(crate) use schedule::Times;
pub(crate) use state::Change;
pub(crate) use timers::NewTimer;
use turn_lock::Table;

/// How long until a store that does not give its reminders is asked again.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// How far the app has told what it hosts.
#[derive(Debug)]
pub(crate) enum Hosting {
    /// The app has not answered `/dapr/config` yet: calls wait.
    Starting,
    /// It has.
    Hosted(Arc<Hosted>),
    /// The app is not well: calls wait until it is.
    Suspended(Arc<Hosted>),
}

/// What the app hosts.
#[derive(Debug, Default)]
pub(crate) struct Hosted {
    /// In the app's order.
    types: Vec<(String, TypeConfig)>,
    /// Cancelled when the app is not well any more; `None` where nobody asks it.
    unwell: Option<CancellationToken>,
}

impl Hosted {
    /// How actors of a type are kept; `None` when the type is not hosted.
    fn config(&self, kind: &str) -> Option<&TypeConfig> {
        self.types.iter().find(|(hosted, _)| hosted == kind).map(|(_, config)| config)
    }

    /// Whether all of this is suspended.
    fn is_suspended(&self) -> bool {
        self.unwell.as_ref().is_some_and(CancellationToken::is_cancelled)
    }

    /// Returns when all of this is suspended.
    async fn suspended(&self) {
        match &self.unwell {
            Some(unwell) => unwell.cancelled().await,
            None => std::future::pending().await,
        }
    }

    /// How long running calls have at the end.
    fn drain_timeout(&self) -> Duration {
        self.types.iter().map(|(_, config)| config.drain_timeout).max().unwrap_or_default()
    }
}

/// The actor runtime.
pub(crate) struct Actors {
    app_id: String,
    app: Option<AppChannel>,
    /// The actor state store, by its component's name.
    store: Option<(String, Arc<dyn StateStore>)>,
    /// Whether state may have a time to live.
    state_ttl: bool,
    hooks: Hooks,
    resiliency: Resiliency,
    table: Arc<Table>,
    /// Those that there are, in memory alone.
    timers: Registry<Arc<Callback>>,
    reminders: Reminders,
    clock: Clock,
    hosting: watch::Sender<Hosting>,
    /// Those that an app hosts its actors over, where none is called over HTTP.
    streams: Streams,
    /// How long the app has to answer a deactivation.
    deactivation_limit: Duration,
    /// Deactivations that are under way at the app.
    leaving: Semaphore,
    /// New calls are refused.
    closing: CancellationToken,
    /// Running calls are given up.
    aborting: CancellationToken,
}

impl Actors {
    pub(crate) fn new(
        app: Option<AppChannel>,
        store: Option<(String, Arc<dyn StateStore>)>,
        config: &Config,
        resiliency: Resiliency,
        hooks: Hooks,
    ) -> Self {
        Self {
            app_id: config.app_id.clone(),
            app,
            store,
            state_ttl: config.actor_state_ttl,
            table: Arc::new(Table::numbered(hooks.turns().cloned())),
            hooks,
            resiliency,
            timers: Registry::default(),
            reminders: Reminders::default(),
            clock: Clock::start(),
            hosting: watch::Sender::new(Hosting::Starting),
            streams: Streams::default(),
            deactivation_limit: config.deactivation_limit,
            leaving: Semaphore::new(LEAVING_AT_ONCE),
            closing: CancellationToken::new(),
            aborting: CancellationToken::new(),
        }
    }

    /// What of it can be hosted: nothing without an actor state store, as in daprd.
    pub(crate) fn hostable(&self, mut config: AppConfig) -> AppConfig {
        if self.store.is_none() && !config.types.is_empty() {
            let names: Vec<_> = config.types.iter().map(|(kind, _)| kind.as_str()).collect();
            tracing::warn!("No actor state store is configured: the actor types {} are not hosted", names.join(", "));
            config.types.clear();
        }
        config
    }

    /// Begins to host these, beside those that are hosted. Returns when their reminders have been read, which is tried
    /// until the store gives them.
    pub(crate) async fn host(self: &Arc<Self>, config: AppConfig) {
        let resumed = self.read_reminders(config.clone()).await;
        let mut types = self.hosted().map(|hosted| hosted.types.clone()).unwrap_or_default();
        types.extend(config.types);
        self.host_from_now_on(types);
        // The tick of a type that is not hosted would be its last.
        for reminder in resumed {
            self.resume_ticks(reminder);
        }
    }

    /// Hosts these from now on, and nothing else. The actors of some types have another host: they are active no more.
    fn host_instead(&self, config: AppConfig, elsewhere: &[&str]) {
        // What nobody hosts any more stays in the store.
        for (kind, _) in
            self.known_types().iter().filter(|(kind, _)| config.types.iter().all(|(other, _)| other != kind))
        {
            self.reminders.forget_type(kind);
        }
        self.host_from_now_on(config.types);
        for actor in self.table.active().into_iter().filter(|actor| elsewhere.contains(&actor.kind.as_str())) {
            self.table.forget(&actor);
            self.forgotten(&actor);
        }
    }

    async fn read_reminders(self: &Arc<Self>, config: AppConfig) -> Vec<reminders::Kept> {
        let new = Hosted { types: config.types, unwell: None };
        loop {
            match self.resume_reminders(&new).await {
                Ok(resumed) => return resumed,
                Err(why) => {
                    tracing::error!("the reminders cannot be read, and until they are no actors are hosted: {why}");
                    tokio::time::sleep(READ_AGAIN).await;
                }
            }
        }
    }

    /// The types that are hosted, or were until the app was not there any more.
    fn known_types(&self) -> Vec<(String, TypeConfig)> {
        match &*self.hosting.borrow() {
            Hosting::Starting => Vec::new(),
            Hosting::Suspended(hosted) | Hosting::Hosted(hosted) => hosted.types.clone(),
        }
    }

    fn host_from_now_on(&self, types: Vec<(String, TypeConfig)>) {
        self.tell_types(&types);
        self.hosting.send_modify(|hosting| {
            let unwell = match hosting {
                Hosting::Hosted(hosted) => hosted.unwell.clone(),
                Hosting::Starting | Hosting::Suspended(_) => self.may_go().then(CancellationToken::new),
            };
            *hosting = Hosting::Hosted(Arc::new(Hosted { types, unwell }));
        });
    }

    fn tell_types(&self, types: &[(String, TypeConfig)]) {
        let names = || types.iter().map(|(kind, _)| kind.clone()).collect();
        self.hooks.tell(|| EventKind::TypesRegistered { types: names() });
    }

    /// Forgets the timers of an actor that counts as inactive, without the app being told.
    fn forgotten(&self, actor: &ActorRef) {
        self.hooks.tell(|| EventKind::Forgotten { actor: Actor::from(actor) });
        self.forget_timers(actor);
    }

    /// Whether whoever hosts the actors may go while the sidecar runs, as far as that is seen.
    fn may_go(&self) -> bool {
        self.app.as_ref().is_none_or(|app| app.health().is_some())
    }

    /// Whether there is an app that is called over HTTP.
    pub(crate) fn has_app(&self) -> bool {
        self.app.is_some()
    }

    /// Hosts nothing until [`Actors::resume`]: calls wait, those that the app has begun are given up, and every actor
    /// counts as inactive without the app being told, which would not hear it.
    pub(crate) fn suspend(&self) {
        let Some(hosted) = self.hosted() else { return };
        self.hosting.send_replace(Hosting::Suspended(Arc::clone(&hosted)));
        if let Some(unwell) = &hosted.unwell {
            unwell.cancel();
        }
        for actor in self.table.forget_active() {
            self.forgotten(&actor);
        }
    }

    /// Hosts again what was hosted.
    pub(crate) fn resume(&self) {
        self.hosting.send_if_modified(|hosting| match hosting {
            Hosting::Suspended(hosted) => {
                let (types, unwell) = (hosted.types.clone(), self.may_go().then(CancellationToken::new));
                self.tell_types(&types);
                *hosting = Hosting::Hosted(Arc::new(Hosted { types, unwell }));
                true
            }
            Hosting::Starting | Hosting::Hosted(_) => false,
        });
    }

    /// What is hosted; `None` while the app has not said, or is not well.
    pub(crate) fn hosted(&self) -> Option<Arc<Hosted>> {
        match &*self.hosting.borrow() {
            Hosting::Starting | Hosting::Suspended(_) => None,
            Hosting::Hosted(hosted) => Some(Arc::clone(hosted)),
        }
    }

    /// Whether a type is hosted; `None` while the app has not said.
    pub(crate) fn hosts(&self, kind: &str) -> Option<bool> {
        Some(self.hosted()?.config(kind).is_some())
    }

    /// The hosted types with how many actors of each are active.
    pub(crate) fn counts(&self) -> Vec<(String, usize)> {
        let counts = self.table.counts();
        let hosted = self.hosted();
        let types = hosted.iter().flat_map(|hosted| &hosted.types);
        types.map(|(kind, _)| (kind.clone(), counts.get(kind).copied().unwrap_or(0))).collect()
    }

    /// Waits until the app has said what it hosts, and is well.
    async fn wait_hosted(&self) -> Result<Arc<Hosted>, ApiError> {
        let mut hosting = self.hosting.subscribe();
        tokio::select! {
            // Biased, so that a call is refused once the shutdown has begun.
            biased;
            () = self.closing.cancelled() => Err(ApiError::runtime_closed()),
            state = hosting.wait_for(|state| matches!(state, Hosting::Hosted(_))) => match state {
                Ok(state) => match &*state {
                    Hosting::Hosted(hosted) => Ok(Arc::clone(hosted)),
                    Hosting::Starting | Hosting::Suspended(_) => Err(ApiError::runtime_closed()),
                },
                Err(_) => Err(ApiError::runtime_closed()),
            },
        }
    }
}

//! The embedded sidecar's own retries around its state store: switched on and off, and seen call by call.

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use model::{
    actor_id::{ACTOR_TYPE, ActorId},
    error::{ErrorCode, LabError},
    sidecar_retries::{DOCUMENT, SidecarRetries, SidecarRetriesSetting},
    timeline::{LogLine, Step},
    wire::{CallOutcome, SeenCall},
};
use sidecar::{
    Resiliency, ResiliencySet,
    observation::{Event, EventKind, Observer, Outcome, StateOperation},
};

use crate::{labs::Timelines, timeline::clock::micros};

/// What a read that is no part of a turn says of itself, in its `baggage` header (W3C Baggage): it is not taken for one
/// of an attempt that waits at the same moment.
pub(crate) const LOOK: &str = "faultlab-look=1";

/// The switch, and the look at the sidecar's calls while it is on. Clones share it.
#[derive(Clone)]
pub struct SidecarRetrySwitch(Arc<Shared>);

struct Shared {
    timelines: Timelines,
    /// Whether the policies are in force: told after the fact, never before.
    on: AtomicBool,
    /// Held by the one change that is being made: of two at once the later leaves policies, flag and record.
    changing: Mutex<()>,
    /// The sidecar's policies, once it has started: it takes what observes it before.
    resiliency: OnceLock<Resiliency>,
}

impl SidecarRetrySwitch {
    /// Off, for a sidecar that is about to start; its calls are recorded in `timelines`.
    #[must_use]
    pub fn new(timelines: Timelines) -> Self {
        Self(Arc::new(Shared {
            timelines,
            on: AtomicBool::new(false),
            changing: Mutex::new(()),
            resiliency: OnceLock::new(),
        }))
    }

    /// What has to watch the sidecar.
    #[must_use]
    pub fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(CallObserver(self.clone()))
    }

    /// Takes the policies of the sidecar that has started.
    pub fn attach(&self, resiliency: &Resiliency) {
        // A switch belongs to one sidecar; a second would not be the one that is watched.
        drop(self.0.resiliency.set(resiliency.clone()));
    }

    /// As it stands.
    #[must_use]
    pub fn status(&self) -> SidecarRetries {
        SidecarRetries { on: Some(self.0.on.load(Ordering::Relaxed)), document: DOCUMENT.to_owned() }
    }

    /// Switches it, and records a change with everyone; returns the line that is to be logged of it. Never waits for a
    /// turn; a call that waits to be made again ends with its last error.
    ///
    /// # Errors
    /// The sidecar has not started, or refuses the file.
    pub(crate) fn set(&self, setting: SidecarRetriesSetting) -> Result<Option<LogLine>, LabError> {
        let internal = |error: String| LabError::new(ErrorCode::Internal, error);
        let resiliency = self.0.resiliency.get().ok_or_else(|| internal("The sidecar has not started yet".into()))?;
        let file = || ResiliencySet::from_documents([("store-retries.yaml", DOCUMENT)]);
        let set = setting.on.then(file).transpose().map_err(|error| internal(error.to_string()))?;
        let _changing = self.0.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.0.on.load(Ordering::Relaxed) != setting.on {
            resiliency.set(set).map_err(|error| internal(error.to_string()))?;
            self.0.on.store(setting.on, Ordering::Relaxed);
            return Ok(self.0.timelines.record_for_all(&Step::SidecarRetriesChanged { on: setting.on }));
        }
        Ok(None)
    }
}

/// Sees the sidecar's calls. While it does not retry, a call tells nothing that its attempt does not tell.
struct CallObserver(SidecarRetrySwitch);

impl Observer for CallObserver {
    fn observed(&self, event: &Event) {
        let shared = &self.0.0;
        let EventKind::StateCallEnded { call, outcome, took, .. } = &event.kind else { return };
        let looks = call.baggage.as_deref() == Some(LOOK);
        // Of an attempt whose caller has gone there is nothing to be learnt.
        if looks || !shared.on.load(Ordering::Relaxed) || *outcome == Outcome::CallerLeft {
            return;
        }
        let Some(actor) = call.actor().filter(|actor| actor.actor_type == ACTOR_TYPE) else { return };
        let Ok(actor) = actor.actor_id.parse::<ActorId>() else { return };
        let command = match call.operation {
            StateOperation::Get => "get",
            _ => "transaction",
        };
        let seen = SeenCall {
            command: command.to_owned(),
            keys: call.key_names().map(str::to_owned).collect(),
            outcome: outcome.as_result().map_or_else(|why| CallOutcome::Error(why.to_owned()), |()| CallOutcome::Ok),
            took_us: micros(*took),
        };
        let place = shared.timelines.waiting(&actor);
        // What somebody asks of the sidecar about an actor that did nothing here makes no lab.
        shared.timelines.record_if_known(
            &actor,
            Step::StoreCall {
                turn: place.map(|place| place.turn),
                operation: place.map(|place| place.operation),
                attempt: place.map(|place| place.attempt),
                call: seen,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{net::Ipv4Addr, path::Path, thread};

    use sidecar::{Config, Resources, Sidecar};

    use super::*;

    #[test]
    fn before_the_sidecar_has_started_the_switch_is_off_and_says_why_it_stays_so() {
        let switch = SidecarRetrySwitch::new(Timelines::new());
        let error = switch.set(SidecarRetriesSetting { on: true }).unwrap_err();
        assert!(error.message.contains("not started"), "{error}");
        assert_eq!(switch.status().on, Some(false));
    }

    #[tokio::test]
    async fn however_many_set_it_at_once_the_switch_says_what_is_in_force() {
        let data = tempfile::TempDir::new().unwrap();
        let components = Path::new(env!("CARGO_MANIFEST_DIR")).join("../components/local");
        let resources = Resources::from_dir(&components).unwrap();
        let mut config = Config::new("switched", (Ipv4Addr::LOCALHOST, 0).into(), resources);
        config.http_addr.set_port(0);
        config.grpc_addr.set_port(0);
        config.base_dir = data.path().to_owned();
        let timelines = Timelines::new();
        timelines.record(&ActorId::lesson(), Step::LabReset);
        let switch = SidecarRetrySwitch::new(timelines.clone());
        config.ports.observers.push(switch.observer());
        let sidecar = Sidecar::start(config).await.unwrap();
        switch.attach(sidecar.resiliency());
        let in_force = || !sidecar.resiliency().names().is_empty();

        for _ in 0..200 {
            thread::scope(|threads| {
                for on in [true, false, true, false] {
                    let switch = &switch;
                    threads.spawn(move || switch.set(SidecarRetriesSetting { on }).unwrap());
                }
            });
            assert_eq!(switch.status().on, Some(in_force()));
        }
        let told = timelines.snapshot(&ActorId::lesson()).events;
        let told = told.iter().filter_map(|event| match event.step {
            Step::SidecarRetriesChanged { on } => Some(on),
            _ => None,
        });
        let told: Vec<_> = told.collect();
        assert!(told.windows(2).all(|pair| pair[0] != pair[1]), "each change is recorded in its order");
        assert_eq!(told.last().copied().unwrap_or(false), in_force());
        sidecar.shutdown().await;
    }
}

//! Running a scenario: what its file says, done to a lab one step after the other.

use std::{
    collections::HashSet,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use app::backend::Backend;
use lru::LruCache;
use model::{
    actor_id::ActorId,
    error::{ErrorCode, LabError},
    fault::FaultSetting,
    message::MessageId,
    operation::Layer,
    policy::RetryPolicy,
    scenario::{Awaited, Ending, Need, Scenario, ScenarioReport, ScenarioStep},
    sidecar_retries::SidecarRetriesSetting,
    timeline::{EventId, Step},
    wire::WireSetting,
};
use tokio::{sync::broadcast::error::RecvError, task::JoinSet, time::timeout};

use crate::{
    backend::LabBackend,
    dapr::{StateChange, error::read_error},
    timeline::{Missed, clock::now_ms},
};

/// The longest that a scenario waits for an event, besides the time that an actor idles before it is taken out of memory.
const AWAIT_LIMIT: Duration = Duration::from_secs(90);

/// Of how many actors the last report is kept.
const REPORTS: NonZeroUsize = NonZeroUsize::new(1_000).expect("a thousand is not zero");

/// Which labs run a scenario, and how the last one of each ended. Clones share it.
#[derive(Clone)]
pub(crate) struct Scenarios(Arc<Mutex<Book>>);

struct Book {
    running: HashSet<ActorId>,
    reports: LruCache<ActorId, ScenarioReport>,
}

impl Default for Scenarios {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Book { running: HashSet::new(), reports: LruCache::new(REPORTS) })))
    }
}

impl Scenarios {
    /// How the last scenario of a lab ended.
    #[must_use]
    pub(crate) fn report(&self, actor: &ActorId) -> Option<ScenarioReport> {
        self.book().reports.peek(actor).cloned()
    }

    /// Takes the lab for a scenario, until what is returned is dropped; `None` if one runs already.
    fn take(&self, actor: &ActorId) -> Option<Taken> {
        let taken = || Taken { scenarios: self.clone(), actor: actor.clone() };
        self.book().running.insert(actor.clone()).then(taken)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lab that runs a scenario.
struct Taken {
    scenarios: Scenarios,
    actor: ActorId,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.scenarios.book().running.remove(&self.actor);
    }
}

/// Runs a scenario to its end, on a lab that is reset for it, and leaves the switch off, the lesson's policy and a wire
/// that works. Goes on when whoever asked for it is gone.
///
/// # Errors
/// The lab lacks what the scenario needs, runs one already, or could not be reset or set as the scenario asks.
pub(crate) async fn run(
    lab: Arc<LabBackend>,
    actor: ActorId,
    scenario: &'static Scenario,
) -> Result<ScenarioReport, LabError> {
    if let Some(why) = scenario.missing(&needs_met(&lab)) {
        let message = format!("The scenario {} cannot run here. {why}", scenario.name);
        return Err(LabError::of_field("name", message));
    }
    let taken = lab.scenarios.take(&actor).ok_or_else(|| {
        LabError::new(ErrorCode::Busy, format!("The lab of {actor} runs a scenario already. Wait for its end."))
    })?;
    let running = tokio::spawn(async move {
        let report = begin_to_end(&lab, &actor, scenario).await?;
        lab.scenarios.book().reports.put(actor, report.clone());
        drop(taken);
        Ok(report)
    });
    running.await.map_err(|error| LabError::new(ErrorCode::Internal, error.to_string()))?
}

/// What scenarios need and this lab has.
pub(crate) fn needs_met(lab: &LabBackend) -> Vec<Need> {
    let layers = lab.controls.layers();
    let there = |layer, need| layers.contains(&layer).then_some(need);
    there(Layer::Wire, Need::Wire).into_iter().chain(there(Layer::Store, Need::StoreLayer)).collect()
}

async fn begin_to_end(lab: &Arc<LabBackend>, actor: &ActorId, scenario: &Scenario) -> Result<ScenarioReport, LabError> {
    // What is stored is taken away through the wire, whoever has broken it.
    if scenario.needs.contains(&Need::Wire) {
        lab.set_wire(WireSetting { fault: None })?;
    }
    lab.reset(actor).await?;
    let done = steps(lab, actor, scenario).await;
    put_back(lab, actor, scenario)?;
    done?;
    let messages = lab.stored_history(actor).await?.len();
    let ended = Ending::of(&lab.timelines.snapshot(actor).events, messages);
    let differences = scenario.ends.differences(&ended);
    Ok(ScenarioReport { scenario: scenario.name.clone(), ended, differences, at: now_ms() })
}

/// The known state that a scenario ends in, also when it broke off.
fn put_back(lab: &LabBackend, actor: &ActorId, scenario: &Scenario) -> Result<(), LabError> {
    lab.set_fault(actor, FaultSetting::OFF)?;
    lab.set_policy(actor, RetryPolicy::LESSON)?;
    if scenario.sidecar_retries {
        lab.set_sidecar_retries(SidecarRetriesSetting { on: false })?;
    }
    if scenario.needs.contains(&Need::Wire) {
        lab.set_wire(WireSetting { fault: None })?;
    }
    Ok(())
}

async fn steps(lab: &Arc<LabBackend>, actor: &ActorId, scenario: &Scenario) -> Result<(), LabError> {
    // Off first: neither setting is held against what the other was.
    lab.set_fault(actor, FaultSetting::OFF)?;
    lab.set_policy(actor, scenario.policy)?;
    lab.set_fault(actor, scenario.switch.clone())?;
    if scenario.sidecar_retries {
        lab.set_sidecar_retries(SidecarRetriesSetting { on: true })?;
    }
    let mut going = Going { lab, actor, sent: JoinSet::new(), last: None, since: last_event(lab, actor) };
    for step in &scenario.steps {
        going.step(step).await?;
    }
    going.finish().await;
    Ok(())
}

fn last_event(lab: &LabBackend, actor: &ActorId) -> EventId {
    lab.timelines.snapshot(actor).last
}

/// A scenario under way.
struct Going<'a> {
    lab: &'a Arc<LabBackend>,
    actor: &'a ActorId,
    /// What was sent and not waited for. What comes of it stands in the timeline.
    sent: JoinSet<()>,
    /// The last message.
    last: Option<(String, MessageId)>,
    /// The last event before that.
    since: EventId,
}

impl Going<'_> {
    async fn step(&mut self, step: &ScenarioStep) -> Result<(), LabError> {
        match step {
            ScenarioStep::Send(content) => {
                self.begin(content)?;
                self.finish().await;
            }
            ScenarioStep::SendAtOnce(contents) => {
                for content in contents {
                    self.begin(content)?;
                }
                self.finish().await;
            }
            ScenarioStep::SendAgain => {
                if let Some((content, id)) = self.last.clone() {
                    self.send(content, id);
                    self.finish().await;
                }
            }
            ScenarioStep::Begin(content) => self.begin(content)?,
            ScenarioStep::Finish => self.finish().await,
            // Whether it was answered stands in the timeline.
            ScenarioStep::ReadHistory => drop(self.lab.conversation_history(self.actor).await),
            ScenarioStep::Compare => drop(self.lab.compare_with_store(self.actor).await?),
            ScenarioStep::DeleteHistory => self.delete_history().await?,
            ScenarioStep::Await(event) => self.until(*event).await?,
            ScenarioStep::Switch(setting) => drop(self.lab.set_fault(self.actor, setting.clone())?),
            ScenarioStep::Wire(setting) => drop(self.lab.set_wire(*setting)?),
        }
        Ok(())
    }

    fn begin(&mut self, content: &str) -> Result<(), LabError> {
        let id = MessageId::try_from(uuid::Uuid::new_v4().to_string())?;
        self.since = last_event(self.lab, self.actor);
        self.send(content.to_owned(), id);
        Ok(())
    }

    /// Deletes the history past the actor, which stays in memory and is not told.
    async fn delete_history(&self) -> Result<(), LabError> {
        let dapr = &self.lab.dapr;
        let change = vec![StateChange::Delete(self.actor.history_key())];
        dapr.change_state(self.actor, change).await.map_err(|status| read_error(&status, dapr.endpoint()))
    }

    fn send(&mut self, content: String, id: MessageId) {
        self.last = Some((content.clone(), id.clone()));
        let (lab, actor) = (Arc::clone(self.lab), self.actor.clone());
        self.sent.spawn(async move { drop(lab.send_message(&actor, content, id).await) });
    }

    async fn finish(&mut self) {
        while self.sent.join_next().await.is_some() {}
    }

    /// Waits for an event that came, or comes, after what was sent last.
    async fn until(&self, awaited: Awaited) -> Result<(), LabError> {
        let mut since = self.since;
        let found = async {
            loop {
                let follow = self.lab.timelines.follow(self.actor, Some(since));
                let missed: Vec<_> = match follow.missed {
                    Missed::Events(events) => events.iter().map(|event| event.step.clone()).collect(),
                    Missed::Gap(snapshot) => snapshot.events.into_iter().map(|event| event.step).collect(),
                };
                if missed.iter().any(|step| is(awaited, step)) {
                    return;
                }
                let mut live = follow.live;
                loop {
                    match live.recv().await {
                        Ok(event) if is(awaited, &event.step) => return,
                        Ok(event) => since = EventId { epoch: follow.epoch, seq: event.seq },
                        // Follows anew from where it was.
                        Err(RecvError::Lagged(_) | RecvError::Closed) => break,
                    }
                }
            }
        };
        let limit = match awaited {
            Awaited::Deactivated => AWAIT_LIMIT + self.lab.idle_timeout,
            _ => AWAIT_LIMIT,
        };
        timeout(limit, found).await.map_err(|_| {
            let seconds = limit.as_secs();
            LabError::new(ErrorCode::TurnFailed, format!("The scenario waited {seconds} s for {awaited:?} in vain."))
        })
    }
}

/// Whether a step is what is waited for.
const fn is(awaited: Awaited, step: &Step) -> bool {
    match awaited {
        Awaited::RetryScheduled => matches!(step, Step::RetryScheduled { .. }),
        Awaited::AttemptFailed => matches!(step, Step::AttemptFailed { .. }),
        Awaited::Deactivated => matches!(step, Step::Deactivated),
        Awaited::EventDelivered => matches!(step, Step::EventDelivered { .. }),
    }
}

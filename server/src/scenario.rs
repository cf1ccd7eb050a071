//! Running a scenario: what its file says, done to a lab one step after the other.

use std::{mem, sync::Arc, time::Duration};

use app::backend::SharedBackend;
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
use tokio::{task::JoinSet, time::timeout};

use crate::{
    controls::Controls,
    dapr::{Dapr, StateChange, error::read_error},
    labs::{Lab, Labs, Timelines},
    stored::StoredState,
    timeline::{Behind, clock::now_ms},
};

/// The longest that a scenario waits for an event, besides the time that an actor idles before it is taken out of memory.
const AWAIT_LIMIT: Duration = Duration::from_secs(90);

/// What a scenario is run with, and in whose lab.
pub(crate) struct Stage {
    pub(crate) labs: Labs,
    pub(crate) timelines: Timelines,
    pub(crate) controls: Controls,
    pub(crate) dapr: Dapr,
    pub(crate) state: StoredState,
    /// How long an actor stays in memory after the start of its last turn.
    pub(crate) idle_timeout: Duration,
    /// What people do with a lab is done through it.
    pub(crate) backend: SharedBackend,
    pub(crate) actor: ActorId,
}

/// A lab that runs a scenario, until this is dropped.
struct Taken {
    labs: Labs,
    lab: Arc<Lab>,
}

impl Taken {
    /// Takes the lab; `None` if it runs a scenario already.
    fn take(labs: &Labs, actor: &ActorId) -> Option<Self> {
        let lab = labs.lab(actor);
        let runs = labs.update(&lab, |lab| mem::replace(&mut lab.runs_scenario, true));
        (!runs).then(|| Self { labs: labs.clone(), lab })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.labs.update(&self.lab, |lab| lab.runs_scenario = false);
    }
}

/// Runs a scenario to its end, on a lab that is reset for it, and leaves the switch off and the lesson's policy. What all
/// labs share is leased meanwhile, see [`Controls::lease`]. Goes on when whoever asked for it is gone.
///
/// # Errors
/// The lab lacks what the scenario needs, runs one already, or could not be reset or set as the scenario asks; or a
/// scenario of another lab relies on what this one would set.
pub(crate) async fn run(stage: Stage, scenario: &'static Scenario) -> Result<ScenarioReport, LabError> {
    if let Some(why) = scenario.missing(&needs_met(&stage.controls)) {
        let message = format!("The scenario {} cannot run here. {why}", scenario.name);
        return Err(LabError::of_field("name", message));
    }
    let taken = Taken::take(&stage.labs, &stage.actor).ok_or_else(|| {
        let actor = &stage.actor;
        LabError::new(ErrorCode::Busy, format!("The lab of {actor} runs a scenario already. Wait for its end."))
    })?;
    let lease = stage.controls.lease(&stage.actor, scenario)?;
    let running = tokio::spawn(async move {
        let report = stage.begin_to_end(scenario).await;
        drop(lease);
        let report = report?;
        taken.labs.update(&taken.lab, |lab| lab.report = Some(report.clone()));
        drop(taken);
        Ok(report)
    });
    running.await.map_err(|error| LabError::new(ErrorCode::Internal, error.to_string()))?
}

/// What scenarios need and the labs have.
pub(crate) fn needs_met(controls: &Controls) -> Vec<Need> {
    let there = |layer, need| controls.layers().contains(&layer).then_some(need);
    there(Layer::Wire, Need::Wire).into_iter().chain(there(Layer::Store, Need::StoreLayer)).collect()
}

impl Stage {
    async fn begin_to_end(&self, scenario: &Scenario) -> Result<ScenarioReport, LabError> {
        self.backend.reset(&self.actor).await?;
        let done = self.steps(scenario).await;
        let is_whole = self.timelines.is_whole(&self.actor);
        self.put_back()?;
        if !is_whole {
            // Whatever it waited for may have been among it.
            let message = "So much happened, in this lab or in all together, that the beginning of this scenario is forgotten: \
                           how it went cannot be told. Run it again when less goes on.";
            return Err(LabError::new(ErrorCode::TurnFailed, message));
        }
        done?;
        let messages = self.state.history(&self.actor).await?.len();
        let ended = Ending::of(&self.timelines.snapshot(&self.actor).events, messages);
        let differences = scenario.ends.differences(&ended);
        Ok(ScenarioReport { scenario: scenario.name.clone(), ended, differences, at: now_ms() })
    }

    /// The known state that a scenario leaves its lab in, also when it broke off.
    fn put_back(&self) -> Result<(), LabError> {
        self.controls.set_fault(&self.actor, FaultSetting::OFF)?;
        self.controls.set_policy(&self.actor, RetryPolicy::LESSON)?;
        if self.controls.wire().is_some_and(|wire| wire.fault.is_some()) {
            self.set_wire(WireSetting { fault: None })?;
        }
        Ok(())
    }

    async fn steps(&self, scenario: &Scenario) -> Result<(), LabError> {
        let (controls, actor) = (&self.controls, &self.actor);
        // Off first: neither setting is held against what the other was.
        controls.set_fault(actor, FaultSetting::OFF)?;
        controls.set_policy(actor, scenario.policy)?;
        controls.set_fault(actor, scenario.switch.clone())?;
        if scenario.sidecar_retries {
            controls.set_sidecar_retries(Some(actor), SidecarRetriesSetting { on: true })?;
        }
        let mut going = Going { stage: self, sent: JoinSet::new(), last: None, since: self.last_event() };
        for step in &scenario.steps {
            going.step(step).await?;
        }
        going.finish().await;
        Ok(())
    }

    fn set_wire(&self, setting: WireSetting) -> Result<(), LabError> {
        self.controls.set_wire(Some(&self.actor), setting).map(drop)
    }

    fn last_event(&self) -> EventId {
        self.timelines.snapshot(&self.actor).last
    }
}

/// A scenario under way.
struct Going<'a> {
    stage: &'a Stage,
    /// What was sent and not waited for. What comes of it stands in the timeline.
    sent: JoinSet<()>,
    /// The last message.
    last: Option<(String, MessageId)>,
    /// The last event before that.
    since: EventId,
}

impl Going<'_> {
    async fn step(&mut self, step: &ScenarioStep) -> Result<(), LabError> {
        let stage = self.stage;
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
            ScenarioStep::ReadHistory => drop(stage.backend.conversation_history(&stage.actor).await),
            ScenarioStep::Compare => drop(stage.backend.compare_with_store(&stage.actor).await?),
            ScenarioStep::DeleteHistory => self.delete_history().await?,
            ScenarioStep::Await(event) => self.until(*event).await?,
            ScenarioStep::Switch(setting) => drop(stage.controls.set_fault(&stage.actor, setting.clone())?),
            ScenarioStep::Wire(setting) => stage.set_wire(*setting)?,
        }
        Ok(())
    }

    fn begin(&mut self, content: &str) -> Result<(), LabError> {
        let id = MessageId::try_from(uuid::Uuid::new_v4().to_string())?;
        self.since = self.stage.last_event();
        self.send(content.to_owned(), id);
        Ok(())
    }

    /// Deletes the history past the actor, which stays in memory and is not told.
    async fn delete_history(&self) -> Result<(), LabError> {
        let Stage { dapr, actor, .. } = self.stage;
        let change = vec![StateChange::Delete(actor.history_key())];
        dapr.change_state(actor, change).await.map_err(|status| read_error(&status, dapr.endpoint()))
    }

    fn send(&mut self, content: String, id: MessageId) {
        self.last = Some((content.clone(), id.clone()));
        let (backend, actor) = (Arc::clone(&self.stage.backend), self.stage.actor.clone());
        self.sent.spawn(async move { drop(backend.send_message(&actor, content, id).await) });
    }

    async fn finish(&mut self) {
        while self.sent.join_next().await.is_some() {}
    }

    /// Waits for an event that came, or comes, after what was sent last.
    async fn until(&self, awaited: Awaited) -> Result<(), LabError> {
        let mut since = self.since;
        let found = async {
            loop {
                let Stage { timelines, actor, .. } = self.stage;
                let mut follow = timelines.follow(actor, Some(since));
                let Ok(missed) = timelines.read_all_missed(actor, &mut follow) else { continue };
                if missed.iter().any(|event| is(awaited, &event.step)) {
                    return;
                }
                let mut live = follow.live;
                loop {
                    match live.next().await {
                        Ok(event) if is(awaited, &event.step) => return,
                        Ok(event) => since = EventId { epoch: follow.epoch, seq: event.seq },
                        // Follows anew from where it was.
                        Err(Behind) => break,
                    }
                }
            }
        };
        let limit = match awaited {
            Awaited::Deactivated => AWAIT_LIMIT + self.stage.idle_timeout,
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

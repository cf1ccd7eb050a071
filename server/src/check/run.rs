//! From the program's start to the verdicts and the exit status.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::Method;
use model::own::{
    catalog::{CheckId, Group},
    judge::{Judged, blocked, gave_up, simulates},
    report::{Check, Report, Verdict},
    trial::Trial,
};
use tokio::time::timeout;

use super::{
    Settings,
    host::{Host, NotStarted},
    names::Names,
    output, plan,
    tester::Tester,
};
use crate::{
    own::{ask, shell::Shell},
    program::How,
    signals::Signals,
};

/// How long the program may take to answer between two checks.
const BETWEEN: Duration = Duration::from_secs(10);

/// How long the end of a program may come after its last connection's.
const ENDING: Duration = Duration::from_secs(1);

/// The exit status of a program that did not start.
const NOT_STARTED: u8 = 4;

/// The exit status where nothing could be judged.
const NOT_JUDGED: u8 = 2;

/// The verdicts with what they were made from.
pub(super) struct Results {
    pub(super) report: Report,
    pub(super) trials: Vec<Trial>,
}

/// Runs the checks; the exit status.
///
/// # Errors
/// What cannot be started around the program, or written: one line that says what to do.
pub async fn run(settings: Settings) -> anyhow::Result<u8> {
    let shell = Arc::new(Shell::start());
    let mut signals = Signals::listen()?;
    let status = tokio::select! {
        status = checked(&settings, &shell) => status,
        () = signals.next() => {
            shell.note("Asked to end: nothing was judged.");
            Ok(NOT_JUDGED)
        }
    };
    shell.end();
    status
}

async fn checked(settings: &Settings, shell: &Arc<Shell>) -> anyhow::Result<u8> {
    let began = Instant::now();
    let seed = settings.seed.unwrap_or_else(|| u64::from(fastrand::u32(..)));
    shell.gap();
    shell.fact("seed", &seed.to_string(), &format!("results in {}", settings.results.display()));
    let host = match Host::start(settings, shell).await {
        Ok(host) => host,
        Err(NotStarted::Program(found)) => {
            shell.warn(&found);
            return Ok(NOT_STARTED);
        }
        Err(NotStarted::Around(error)) => return Err(error),
    };
    let names = Names::new(seed);
    let until = began + settings.timeout;
    let mut runner = Runner { host: &host, names: &names, shell, simulating: false, nothing_stored: false, until };
    let (mut checks, mut trials) = (Vec::new(), Vec::new());
    let mut group = None;
    for id in CheckId::ALL {
        if group != Some(id.group()) {
            group = Some(id.group());
            shell.gap();
            shell.say(if id.group() == Group::Lesson { "The lesson" } else { "Beyond the lesson" });
        }
        let (check, trial) = runner.check(id, &checks).await;
        output::table::check(shell, &check);
        checks.push(check);
        trials.push(trial);
    }
    let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let program = settings.app.command.iter().flatten().map(|word| word.to_string_lossy().into_owned()).collect();
    let results = Results { report: Report::new(seed, program, took, checks), trials };
    let log = host.log.clone();
    host.end().await;
    output::table::score(shell, &results.report, settings.strict);
    let report = output::write(settings, &results, &log)?;
    shell.fact("report", &report.display().to_string(), "");
    let status = results.report.status(settings.strict);
    Ok(if settings.formats.classroom50 { 0 } else { status })
}

struct Runner<'a> {
    host: &'a Host,
    names: &'a Names,
    shell: &'a Shell,
    simulating: bool,
    /// Whether a check has found that no message can be stored: the others need not try as often, and as long.
    nothing_stored: bool,
    until: Instant,
}

impl Runner<'_> {
    /// One check, with what it was judged by.
    async fn check(&mut self, id: CheckId, before: &[Check]) -> (Check, Trial) {
        let began = Instant::now();
        let (judged, trial) = match self.stands_in_the_way(id, before).await {
            Some(judged) => (judged, Trial::default()),
            None => {
                self.shell.note(id.how());
                let (judged, trial) = self.carry_out(id).await;
                match judged.by_time {
                    // What fails for want of time may be the machine's fault: once more.
                    true => self.carry_out(id).await,
                    false => (judged, trial),
                }
            }
        };
        if id == CheckId::MessageProcessing {
            self.simulating = simulates(&trial);
        }
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let Judged { verdict, did, expected, saw, evidence, advice, .. } = judged;
        let (group, title) = (id.group(), id.title().to_owned());
        (Check { id, group, verdict, title, did, expected, saw, evidence, advice, took_ms }, trial)
    }

    async fn carry_out(&mut self, id: CheckId) -> (Judged, Trial) {
        let tester = Tester::new(self.host, self.names);
        let left = self.until.saturating_duration_since(Instant::now());
        let carried = timeout(left, plan::carry_out(id, &tester, self.simulating)).await;
        tester.mend();
        match carried {
            Ok(carried) => {
                self.nothing_stored |= carried.nothing_stored;
                (carried.judged, carried.trial)
            }
            Err(_) => (gave_up("the time that all checks have was over."), tester.trial()),
        }
    }

    /// Why a check cannot begin, if it cannot.
    async fn stands_in_the_way(&self, id: CheckId, before: &[Check]) -> Option<Judged> {
        // That in which it happened: those that were skipped did nothing.
        let blocked_with = |why: &str| match before.iter().rev().find(|check| check.verdict != Verdict::Skipped) {
            Some(check) => blocked(check.id, why),
            None => gave_up(why),
        };
        let has_ended = |how: How| blocked_with(&format!("the program has ended by itself, {how}."));
        if let Some(how) = self.host.ended() {
            return Some(has_ended(how));
        }
        if self.until <= Instant::now() {
            return Some(gave_up("the time that all checks have was over."));
        }
        if self.nothing_stored && plan::needs_message(id) {
            return Some(plan::without_message());
        }
        let asked = ask::send(self.host.addr(), Method::GET, "/healthz", None);
        match timeout(BETWEEN, asked).await {
            Ok(Ok(_)) => None,
            // One that is about to end does not answer any more.
            _ => Some(match timeout(ENDING, self.host.program.ended()).await {
                Ok(how) => has_ended(how),
                Err(_) => blocked_with("the program did not answer between the two."),
            }),
        }
    }
}

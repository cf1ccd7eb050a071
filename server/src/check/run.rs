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
    own::{Finding, ask, shell::Shell},
    signals::Signals,
};

/// How long the program may take to answer between two checks.
const BETWEEN: Duration = Duration::from_secs(10);

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
    for note in &settings.notes {
        shell.note(note);
    }
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
    let mut runner = Runner { host: &host, names: &names, shell, simulating: false, until: began + settings.timeout };
    let (mut checks, mut trials) = (Vec::new(), Vec::new());
    let mut group = None;
    for id in CheckId::ALL {
        if group != Some(id.group()) {
            group = Some(id.group());
            shell.gap();
            shell.say(if id.group() == Group::Lesson { "The lesson" } else { "Beyond the lesson" });
        }
        let (check, trial) = runner.check(id, checks.last()).await;
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
    until: Instant,
}

impl Runner<'_> {
    /// One check, with what it was judged by.
    async fn check(&mut self, id: CheckId, before: Option<&Check>) -> (Check, Trial) {
        let began = Instant::now();
        let (judged, trial) = match self.stands_in_the_way(before).await {
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

    async fn carry_out(&self, id: CheckId) -> (Judged, Trial) {
        let tester = Tester::new(self.host, self.names);
        let left = self.until.saturating_duration_since(Instant::now());
        let carried = timeout(left, plan::carry_out(id, &tester, self.simulating)).await;
        tester.mend();
        match carried {
            Ok(carried) => (carried.judged, carried.trial),
            Err(_) => (gave_up("the time that all checks have was over."), tester.trial()),
        }
    }

    /// Why a check cannot begin, if it cannot.
    async fn stands_in_the_way(&self, before: Option<&Check>) -> Option<Judged> {
        if let Some(how) = self.host.ended() {
            let why = format!("the program has ended by itself, {how}.");
            return Some(match before {
                Some(before) if before.verdict != Verdict::Skipped => blocked(before.id, &why),
                _ => gave_up(&why),
            });
        }
        if self.until <= Instant::now() {
            return Some(gave_up("the time that all checks have was over."));
        }
        let asked = ask::send(self.host.addr(), Method::GET, "/healthz", None);
        match timeout(BETWEEN, asked).await {
            Ok(Ok(_)) => None,
            _ => Some(match before {
                Some(before) => blocked(before.id, "the program did not answer between the two."),
                None => gave_up(&Finding::plain("the program did not answer.").says),
            }),
        }
    }
}

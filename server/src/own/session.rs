//! A run: the sidecars, the page, the programs, and the end of all of them.

use std::{
    fs, io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use futures::future::{join_all, select_all};
use tempfile::TempDir;
use tokio::{sync::watch, time::timeout};

use super::{
    App, Settings, Status,
    finding::{self, Finding},
    hosting::{Hosting, Shared},
    life::Life,
    page::Page,
    shell::Shell,
};
use crate::{program::sockets, signals::Signals};

/// How long the end of everything may take, after which what is left is left to the guards.
const END_LIMIT: Duration = Duration::from_secs(15);

/// How long it takes at most until nothing is left of a program that has ended: its guard waits 5 s before it kills.
const GONE_LIMIT: Duration = Duration::from_secs(7);

/// Runs until it is asked to end, or a program ends.
///
/// # Errors
/// What cannot be started around the programs: one line that says what to do.
pub async fn run(settings: Settings) -> anyhow::Result<Status> {
    let shell = Arc::new(Shell::start());
    let mut signals = Signals::listen()?;
    shell.gap();
    let ran = tokio::select! {
        started = start(&settings, &shell) => match started {
            Ok(run) => Ok(run.go_on(&shell, &mut signals).await),
            Err(Refused::Finding(found, status)) => {
                shell.warn(&found);
                Ok(status)
            }
            Err(Refused::Error(error)) => Err(error),
        },
        () = signals.next() => Ok(Status::Done),
    };
    shell.end();
    ran
}

/// Why a run did not begin.
enum Refused {
    Finding(Finding, Status),
    Error(anyhow::Error),
}

impl From<anyhow::Error> for Refused {
    fn from(error: anyhow::Error) -> Self {
        Self::Error(error)
    }
}

/// Everything that runs.
struct Run {
    lives: Vec<Life>,
    page: Option<Page>,
    /// Where the sidecars find each other.
    _neighbours: Option<TempDir>,
}

async fn start(settings: &Settings, shell: &Arc<Shell>) -> Result<Run, Refused> {
    for note in &settings.notes {
        shell.note(note);
    }
    for app in settings.apps.iter().filter(|app| app.command.is_some() && app.port != 0) {
        if is_taken(app.addr()) {
            let found = finding::port_taken(app.port, sockets::holder(app.port).as_ref());
            return Err(Refused::Finding(found, Status::NotStarted));
        }
    }
    let alone = settings.apps.len() == 1;
    let neighbours = match alone {
        true => None,
        // Sidecars trust what they find there: it is this user's alone.
        false => Some(
            tempfile::Builder::new().permissions(owner_only()).tempdir().context("no temporary folder can be made")?,
        ),
    };
    let shared = Shared {
        data: &settings.data,
        neighbours: neighbours.as_ref().map(TempDir::path),
        real_stores: settings.real_stores,
        tokens: &settings.tokens,
        ports: sidecar::Ports::default(),
    };
    let mut hostings = Vec::new();
    for app in &settings.apps {
        let hosting = Hosting::start(app, &shared).await?;
        say_sidecar(app, &hosting, alone, shell);
        hostings.push(hosting);
    }
    let first = settings.apps.iter().position(|app| app.port != 0).unwrap_or_default();
    let page = match hostings.get(first) {
        Some(hosting) => match Page::start(settings, hosting).await {
            Ok(page) => Some(page),
            // What was asked for by name is not left out in silence.
            Err(error) if settings.addr.is_some() => return Err(error.into()),
            Err(error) => {
                shell.warn(&Finding::plain(format!("There is no page: {error:#}.")));
                None
            }
        },
        None => None,
    };
    let mut lives = Vec::new();
    for (app, hosting) in settings.apps.iter().zip(hostings) {
        match Life::start(app.clone(), hosting, settings.guard.clone(), alone, shell).await {
            Ok(life) => lives.push(life),
            Err(found) => {
                let _ = timeout(END_LIMIT, end(lives)).await;
                return Err(Refused::Finding(found, Status::NotStarted));
            }
        }
    }
    Ok(Run { lives, page, _neighbours: neighbours })
}

/// What is said of a sidecar that is there.
fn say_sidecar(app: &App, hosting: &Hosting, alone: bool, shell: &Shell) {
    let ports = format!("HTTP {}, gRPC {}", hosting.http().port(), hosting.grpc().port());
    let note = match (alone, &app.command) {
        (false, _) => format!("of {}", app.id),
        (true, Some(_)) => "embedded; your program finds it by its environment".to_owned(),
        (true, None) => format!("embedded; start your program, it is waited for on port {}", app.port),
    };
    shell.fact("sidecar", &ports, &note);
    for mapped in &hosting.mapped {
        shell.note(&format!("{mapped} is mapped to what is built in; --real-stores uses it as it is"));
    }
    if hosting.store_added {
        shell.note("No component says actorStateStore: \"true\": actors keep their state in the built-in store");
    }
    let store = match hosting.store() {
        Some(file) => ("built in", file.display().to_string()),
        None if hosting.own_components => ("yours", String::new()),
        None => ("memory", String::new()),
    };
    shell.fact("store", store.0, &store.1);
}

impl Run {
    /// Goes on until the end, and sees to it.
    async fn go_on(self, shell: &Arc<Shell>, signals: &mut Signals) -> Status {
        let Self { mut lives, page, _neighbours } = self;
        let (told, there) = watch::channel(false);
        let note = if lives.iter().any(Life::has_program) { "Ctrl-C ends both" } else { "Ctrl-C ends it" };
        let ended = {
            let lives = lives.iter_mut().enumerate().map(|(at, life)| {
                let (shell, told) = (shell, told.clone());
                Box::pin(async move { (at, life.run(shell, told).await) })
            });
            let say = say_page(page.as_ref(), note, there, shell);
            tokio::select! {
                ((at, ended), _, _) = select_all(lives) => Some((at, ended)),
                () = say => None,
                () = signals.next() => None,
            }
        };
        let mut status = Status::Done;
        if let Some((at, ended)) = ended {
            // What it has started may take its time to end; who does not want to wait for its last words need not.
            tokio::select! {
                _ = timeout(GONE_LIMIT, lives[at].gone()) => {}
                () = signals.next() => {}
            }
            lives[at].explain(ended, shell).await;
            status = match (ended.opened, ended.how.is_success()) {
                (false, _) => Status::NotStarted,
                (true, false) => Status::Failed,
                (true, true) => Status::Done,
            };
        }
        let began = Instant::now();
        let page_ends = async {
            if let Some(page) = page {
                page.stop().await;
            }
        };
        let orders: Vec<_> = lives.iter().filter_map(Life::killer).collect();
        let at_once = async {
            signals.next().await;
            orders.iter().for_each(|kill| kill());
            if !orders.is_empty() {
                // What was killed is waited for: that takes no time.
                std::future::pending::<()>().await;
            }
        };
        let asked = ended.is_none();
        let ends = async { futures::join!(end(lives), page_ends).0 };
        let hows = tokio::select! {
            hows = timeout(END_LIMIT, ends) => hows.map_err(|_| match orders.is_empty() {
                true => "Your program took too long over the end of its actors: not all of them were told.",
                false => "Not everything has ended in time: what is left is being killed.",
            }),
            () = at_once => Err("Ended at once: your program was not told of the end of all of its actors."),
        };
        match hows {
            Err(words) => shell.note(words),
            Ok(hows) if asked => {
                let took = began.elapsed().as_secs_f64();
                let how: Vec<_> = hows.iter().flatten().map(ToString::to_string).collect();
                if !how.is_empty() {
                    shell.note(&format!(
                        "Ended: your program, {}, after {took:.1} s. Nothing is left running.",
                        how.join(", ")
                    ));
                }
            }
            Ok(_) => shell.note("Nothing is left running."),
        }
        status
    }
}

/// Says where the page is, as soon as a program is there; then it waits for ever.
async fn say_page(page: Option<&Page>, note: &str, mut there: watch::Receiver<bool>, shell: &Shell) {
    if let Some(page) = page
        && there.wait_for(|there| *there).await.is_ok()
    {
        shell.page(&format!("http://{}", page.addr), note);
    }
    std::future::pending().await
}

/// Waits for the end of all.
async fn end(lives: Vec<Life>) -> Vec<Option<crate::program::How>> {
    lives.iter().for_each(Life::ask_to_end);
    join_all(lives.into_iter().map(Life::end)).await
}

fn owner_only() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;

    fs::Permissions::from_mode(0o700)
}

/// Whether somebody listens there already.
fn is_taken(addr: SocketAddr) -> bool {
    std::net::TcpListener::bind(addr).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

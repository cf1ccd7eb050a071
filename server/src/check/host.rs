//! The program behind a sidecar of its own, with faults in front of the store and a recorder beside it.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use sidecar::{Ports, faults::Faults};
use tempfile::TempDir;
use tokio::{net::TcpStream, task::JoinHandle, time::sleep};

use super::{
    Settings,
    folded::{Folded, Shown},
    with_port,
};
use crate::{
    observed::Recorder,
    own::{
        App, Finding, YOUR_PROGRAM, finding,
        hosting::{Hosting, Shared, free_port},
        registered::{self, Nothing, Routes},
        shell::Shell,
    },
    program::{Command, How, Life, Program, StartError, log::ProgramLog, secrets::Secrets},
    store::StoreReader,
};

/// How long the SDK waits for the sidecar's answer to a call. Its own default is a minute.
const SDK_TIMEOUT: (&str, &str) = ("DAPR_HTTP_TIMEOUT_SECONDS", "3");

/// How often the port is tried.
const DIAL_AGAIN: Duration = Duration::from_millis(50);

/// The lesson's routes, for a program that does not describe its own.
const LESSON: (&str, &str) = ("/chat/{actor_id}", "/chat/{actor_id}/history");

pub(super) struct Host {
    pub(super) app: App,
    pub(super) program: Program,
    pub(super) log: ProgramLog,
    pub(super) recorder: Recorder,
    pub(super) faults: Faults,
    pub(super) hosting: Hosting,
    pub(super) store: Option<StoreReader>,
    pub(super) actor_type: String,
    pub(super) routes: Routes,
    lines: JoinHandle<()>,
    _data: TempDir,
}

/// Why there is none.
pub(super) enum NotStarted {
    /// Something is wrong with the program.
    Program(Finding),
    /// Something is wrong around it.
    Around(anyhow::Error),
}

impl From<anyhow::Error> for NotStarted {
    fn from(error: anyhow::Error) -> Self {
        Self::Around(error)
    }
}

impl Host {
    /// Starts sidecar and program, and returns when its actors are hosted.
    pub(super) async fn start(settings: &Settings, shell: &Arc<Shell>) -> Result<Self, NotStarted> {
        let mut app = settings.app.clone();
        if app.port == 0 {
            app.port = free_port().context("there is no free port")?;
            app.command = app.command.map(|words| with_port(&words, app.port));
            app.environment.push(("PORT".to_owned(), app.port.to_string()));
        } else if TcpListener::bind(app.addr()).is_err() {
            let holder = crate::program::sockets::holder(app.port);
            return Err(NotStarted::Program(finding::port_taken(app.port, holder.as_ref())));
        }
        if std::env::var_os(SDK_TIMEOUT.0).is_none() {
            app.environment.push((SDK_TIMEOUT.0.to_owned(), SDK_TIMEOUT.1.to_owned()));
        }
        let data = TempDir::new().context("no temporary folder can be made")?;
        let (recorder, faults) = (Recorder::default(), Faults::new());
        let ports = Ports { observers: vec![Arc::new(recorder.clone())], faults: Some(faults.plan()) };
        let shared =
            Shared { data: data.path(), neighbours: None, real_stores: false, tokens: &settings.tokens, ports };
        let hosting = Hosting::start(&app, &shared).await?;
        for mapped in &hosting.mapped {
            shell.note(&format!("{mapped} is mapped to what is built in"));
        }
        shell.fact("store", "built in, fresh", "");
        let log = ProgramLog::new(Secrets::of_environment(std::env::vars_os()));
        let command = Command {
            words: app.command.clone().unwrap_or_default(),
            folder: Some(app.folder.clone()),
            environment: hosting.environment(&app),
            origin: YOUR_PROGRAM.to_owned(),
            guard: settings.guard.clone(),
        };
        let program = match Program::start(&command, log.clone()).await {
            Ok(program) => program,
            Err(StartError::Program(error)) => {
                let name = command.words.first().map(PathBuf::from).unwrap_or_default();
                return Err(NotStarted::Program(finding::not_started(&name, &error, &app.folder)));
            }
            Err(around) => return Err(NotStarted::Around(around.into())),
        };
        shell.fact("program", &format!("started, pid {}", program.pid()), &app.words());
        let lines =
            tokio::spawn(read_lines(log.clone(), recorder.clone(), Arc::clone(shell), Folded::new(app.folder.clone())));
        let found = tokio::select! {
            found = registered_by(&app, &hosting) => found,
            how = program.ended() => Err(finding::ended_before_open(how, app.port)),
            () = sleep(settings.timeout) => Err(Finding::plain(format!("Nothing listens on port {} yet.", app.port))),
        };
        let (actor_type, routes) = match found {
            Ok(found) => found,
            Err(found) => {
                program.end();
                program.gone().await;
                return Err(NotStarted::Program(found));
            }
        };
        let history = routes.history.as_deref().unwrap_or("none");
        shell.fact("actor", &actor_type, &format!("POST {}, GET {history}", routes.send));
        let store = hosting.store().map(StoreReader::sqlite);
        Ok(Self { app, program, log, recorder, faults, hosting, store, actor_type, routes, lines, _data: data })
    }

    /// Where the program listens.
    pub(super) fn addr(&self) -> SocketAddr {
        self.app.addr()
    }

    /// How the program has ended, if it has.
    pub(super) fn ended(&self) -> Option<How> {
        match self.program.life() {
            Life::Running => None,
            Life::Ended(how) | Life::Gone(how) => Some(how),
        }
    }

    /// Ends all of it; nothing is left then.
    pub(super) async fn end(self) {
        self.faults.clear();
        self.program.end();
        self.program.gone().await;
        // The last lines have been read by now.
        self.lines.abort();
        drop(self.hosting);
    }
}

/// Its actor type and its routes, once it is there and its actors are hosted.
async fn registered_by(app: &App, hosting: &Hosting) -> Result<(String, Routes), Finding> {
    while TcpStream::connect(app.addr()).await.is_err() {
        sleep(DIAL_AGAIN).await;
    }
    let found = loop {
        match registered::actors(app.addr()).await {
            Ok(found) => break found,
            Err(Nothing::Said(found)) => return Err(found),
            // It has begun to listen, and does not answer yet.
            Err(Nothing::NoAnswer(_)) => sleep(DIAL_AGAIN).await,
        }
    };
    hosting.ready().await;
    let types = &found.types;
    let lesson = types.iter().find(|kind| *kind == model::actor_id::ACTOR_TYPE);
    let actor_type = lesson.or(types.first()).cloned().unwrap_or_default();
    let routes = registered::routes(app.addr()).await;
    let routes = routes.unwrap_or_else(|| Routes { send: LESSON.0.to_owned(), history: Some(LESSON.1.to_owned()) });
    Ok((actor_type, routes))
}

/// Shows each line, and gives it to the recorder.
async fn read_lines(log: ProgramLog, recorder: Recorder, shell: Arc<Shell>, mut folded: Folded) {
    let mut last = log.follow();
    let mut read = 0;
    loop {
        for line in log.after(read) {
            match folded.see(&line) {
                Shown::Folded => {}
                Shown::Whole => shell.line(&line),
                Shown::After(frames) => {
                    shell.note(&format!("… {frames} calls in packages"));
                    shell.line(&line);
                }
            }
            recorder.line(line.at * 1_000, &line.plain);
            read = line.number;
        }
        if last.changed().await.is_err() {
            return;
        }
    }
}

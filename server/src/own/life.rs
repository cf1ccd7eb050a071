//! One app of a run, from its start to its end.

use std::{collections::HashSet, env, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use model::actor_id::ACTOR_TYPE;
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep, timeout},
};

use super::{
    YOUR_PROGRAM,
    app::App,
    finding::{self, Finding},
    hosting::Hosting,
    output::{Of, Output},
    python::Interpreter,
    registered::{self, Nothing},
    shell::Shell,
};
use crate::program::{
    Command, How, Program, StartError,
    log::ProgramLog,
    secrets::Secrets,
    sockets::{self, Listening},
};

/// How often the port is tried, and how long one try may take.
const DIAL_AGAIN: Duration = Duration::from_millis(100);
const DIAL_LIMIT: Duration = Duration::from_millis(500);

/// How often a program is asked that has just begun to listen, and does not answer.
const TRIES: u32 = 3;

/// How often it is looked where the program listens; it counts when it does so twice.
const LOOK_AGAIN: Duration = Duration::from_millis(400);
/// The same of a program that the lab did not start: all processes are looked at.
const LOOK_AROUND_AGAIN: Duration = Duration::from_secs(1);

/// When it is said that the program still is waited for.
const STILL: Duration = Duration::from_secs(10);

/// One app, its sidecar, and its program where the lab has started it.
pub(super) struct Life {
    app: App,
    pub(super) hosting: Hosting,
    program: Option<Program>,
    output: Output,
}

impl Life {
    /// Starts the program, if there is one to be started, behind a sidecar that is there.
    ///
    /// # Errors
    /// What is wrong with the command.
    pub(super) async fn start(
        app: App,
        hosting: Hosting,
        guard: PathBuf,
        alone: bool,
        shell: &Arc<Shell>,
    ) -> Result<Self, Finding> {
        let environment = hosting.environment(&app);
        let variable = |name: &str| {
            let own = app.environment.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
            own.or_else(|| env::var(name).ok())
        };
        let own = app.environment.iter().map(|(name, value)| (name.into(), value.into()));
        let log = ProgramLog::new(Secrets::of_environment(env::vars_os().chain(own)));
        let path = variable("PATH");
        let words = app.command.as_deref().unwrap_or_default();
        let python = Interpreter::of_command(words, &app.folder, path.as_deref().map(AsRef::as_ref));
        if let Some(found) = finding::workers(words, variable("WEB_CONCURRENCY").as_deref()) {
            shell.warn(&found);
        }
        let program = match &app.command {
            None => None,
            Some(words) => {
                let command = Command {
                    words: words.clone(),
                    folder: Some(app.folder.clone()),
                    environment,
                    origin: if alone { YOUR_PROGRAM.to_owned() } else { app.id.clone() },
                    guard,
                };
                match Program::start(&command, log.clone()).await {
                    Ok(program) => Some(program),
                    Err(StartError::Program(error)) => {
                        let name = words.first().map(PathBuf::from).unwrap_or_default();
                        return Err(finding::not_started(&name, &error, &app.folder));
                    }
                    Err(around) => return Err(Finding::plain(around.to_string())),
                }
            }
        };
        let name = if alone { "program" } else { &app.id };
        if let Some(program) = &program {
            let python = python.as_ref().map(|python| {
                let dapr = python.package("dapr").map(|version| format!(", dapr {version}")).unwrap_or_default();
                python.words() + &dapr
            });
            shell.fact(name, &format!("started, pid {}", program.pid()), &python.unwrap_or_default());
        }
        let of = Of { folder: app.folder.clone(), python, port: app.port, words: app.words() };
        let output = Output::start(log, of, Arc::clone(shell));
        Ok(Self { app, hosting, program, output })
    }

    /// Goes on until the program ends by itself; where the lab did not start it, for ever.
    ///
    /// `there` is told once its port is open and its actors are hosted.
    pub(super) async fn run(&mut self, shell: &Shell, there: watch::Sender<bool>) -> Ended {
        if let Some(how) = or_ended(&self.program, self.until_open(shell)).await {
            return Ended { how, opened: false };
        }
        if self.app.port == 0 {
            there.send_replace(true);
            let how = or_ended(&self.program, std::future::pending()).await;
            return Ended { how: how.unwrap_or(How::Lost), opened: true };
        }
        let mut socket = None;
        let mut processes = self.listeners(&mut socket);
        let Self { app, hosting, program, output } = self;
        if let Some(how) = or_ended(program, register(app, hosting, false, shell)).await {
            return Ended { how, opened: false };
        }
        output.starting(false);
        there.send_replace(true);
        loop {
            let pid = match or_ended(&self.program, self.restarted(&mut processes, &mut socket)).await {
                None => processes.last().copied().unwrap_or_default(),
                Some(how) => return Ended { how, opened: true },
            };
            let Self { app, hosting, program, output } = self;
            output.starting(true);
            output.note(&format!("program restarted, pid {pid}: what its actors had in memory is gone"));
            if let Some(how) = or_ended(program, register(app, hosting, true, shell)).await {
                return Ended { how, opened: true };
            }
            output.starting(false);
        }
    }

    /// Returns when another process has the port than one of these, which they then are.
    async fn restarted(&self, processes: &mut Vec<u32>, socket: &mut Option<u64>) {
        loop {
            sleep(if self.program.is_some() { LOOK_AGAIN } else { LOOK_AROUND_AGAIN }).await;
            let now = self.listeners(socket);
            let came = now.iter().any(|process| !processes.contains(process));
            let went = processes.is_empty() || processes.iter().any(|process| !now.contains(process));
            // One that only adds a process is the same program still; and until another is there, those are remembered that
            // it replaces.
            if came {
                *processes = now;
                if went {
                    return;
                }
            }
        }
    }

    /// Returns when the port is open.
    async fn until_open(&self, shell: &Shell) {
        if self.app.port == 0 {
            return;
        }
        let dialling = async {
            while !is_open(self.app.addr()).await {
                sleep(DIAL_AGAIN).await;
            }
        };
        tokio::select! {
            () = dialling => {}
            () = self.look_elsewhere(shell) => {}
        }
    }

    /// Says where else the program listens, or that it does not; it never returns.
    async fn look_elsewhere(&self, shell: &Shell) {
        let addr = self.app.addr();
        let (mut seen, mut said) = (HashSet::new(), false);
        let began = Instant::now();
        loop {
            sleep(LOOK_AGAIN).await;
            let now: HashSet<_> = self.sockets().into_iter().map(|listening| listening.addr).collect();
            let elsewhere = now.iter().filter(|at| !reaches(**at, addr) && seen.contains(*at)).min();
            if let Some(elsewhere) = elsewhere.filter(|_| !said) {
                said = true;
                shell.warn(&finding::elsewhere(*elsewhere, addr, &self.app.words()));
                shell.note(&format!("Still waiting for port {}.", addr.port()));
            }
            if !said && self.program.is_some() && began.elapsed() >= STILL {
                said = true;
                shell.note(&format!("Still waiting for port {}: nothing listens there yet.", addr.port()));
            }
            seen = now;
        }
    }

    /// Where it listens.
    fn sockets(&self) -> Vec<Listening> {
        self.program.as_ref().map(|program| sockets::of(&program.processes())).unwrap_or_default()
    }

    /// The processes that listen on its port, with the number of the `socket` by which they are found.
    fn listeners(&self, socket: &mut Option<u64>) -> Vec<u32> {
        let Some(program) = &self.program else {
            return sockets::holder(self.app.port).map(|process| process.pid).into_iter().collect();
        };
        let known = socket.map(|socket| sockets::having(&program.processes(), socket)).unwrap_or_default();
        if !known.is_empty() {
            return known;
        }
        let found = self.sockets().into_iter().find(|listening| listening.addr.port() == self.app.port);
        *socket = found.as_ref().map(|listening| listening.inode);
        found.map(|listening| listening.processes).unwrap_or_default()
    }

    /// Whether the lab has started a program for it.
    pub(super) fn has_program(&self) -> bool {
        self.program.is_some()
    }

    /// Asks the program to end.
    pub(super) fn ask_to_end(&self) {
        if let Some(program) = &self.program {
            program.end();
        }
    }

    /// What ends its program at once.
    pub(super) fn killer(&self) -> Option<impl Fn() + Send + use<>> {
        self.program.as_ref().map(Program::killer)
    }

    /// Waits until nothing is left of it and its last lines are shown, then ends its sidecar; how it ended.
    pub(super) async fn end(mut self) -> Option<How> {
        let how = match &self.program {
            Some(program) => Some(program.gone().await),
            None => None,
        };
        self.output.last_lines().await;
        if how.is_none() {
            // Somebody else's program lives on: its actors are told.
            self.hosting.shutdown().await;
        }
        how
    }

    /// Returns when nothing is left of its program, and all that it wrote has come.
    pub(super) async fn gone(&self) {
        if let Some(program) = &self.program {
            program.gone().await;
        }
    }

    /// What the end of the program comes to.
    pub(super) async fn explain(&mut self, ended: Ended, shell: &Shell) {
        self.output.last_lines().await;
        let said = match ended.opened {
            true => finding::ended(ended.how),
            false => finding::ended_before_open(ended.how, self.app.port),
        };
        shell.warn(&said);
        // What ended it before its port opened was said when it came.
        if ended.opened
            && !ended.how.is_success()
            && let Some(found) = self.output.last_traceback()
        {
            shell.warn(&found);
        }
    }
}

/// How a program ended by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) how: How,
    /// Whether it ever was there.
    pub(super) opened: bool,
}

/// Waits for something, unless the program ends before.
async fn or_ended(program: &Option<Program>, something: impl Future<Output = ()>) -> Option<How> {
    let ended = async {
        match program {
            Some(program) => program.ended().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = something => None,
        how = ended => Some(how),
    }
}

/// Says what is registered, and waits until it is hosted. `again` is for a program that has been started anew.
async fn register(app: &App, hosting: &mut Hosting, again: bool, shell: &Shell) {
    let addr = app.addr();
    let mut tries = 0;
    let found = loop {
        match registered::actors(addr).await {
            Err(Nothing::NoAnswer(_)) if again || tries < TRIES => tries += 1,
            Err(Nothing::NoAnswer(found) | Nothing::Said(found)) => break Err(found),
            Ok(found) => break Ok(found),
        }
        sleep(DIAL_AGAIN).await;
    };
    // A sidecar asks once. Only when the new program has answered is it asked anew: until then it is there for what the
    // program does at its start.
    if again || tries > 0 {
        let say = |why: &_| shell.warn(&finding::not_renewed(why));
        hosting.renew(say).await;
    }
    match found {
        Ok(found) => {
            hosting.ready().await;
            let types = &found.types;
            shell.good("actor", &types.join(", "), &format!("leaves memory after {} idle", found.idle()));
            if !types.iter().any(|kind| kind == ACTOR_TYPE) {
                shell.warn(&finding::other_types(types, ACTOR_TYPE));
            }
        }
        Err(found) => shell.warn(&found),
    }
    if let Some(route) = registered::chat(addr).await {
        shell.good("chat", &format!("POST {route}"), "found in /openapi.json");
    }
}

async fn is_open(addr: SocketAddr) -> bool {
    matches!(timeout(DIAL_LIMIT, TcpStream::connect(addr)).await, Ok(Ok(_)))
}

/// Whether who calls `called` reaches who listens on `listens`.
fn reaches(listens: SocketAddr, called: SocketAddr) -> bool {
    let ip = listens.ip();
    listens.port() == called.port() && (ip == called.ip() || ip.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_reached() {
        let called = SocketAddr::from(([127, 0, 0, 1], 8000));
        assert!(reaches(([0, 0, 0, 0], 8000).into(), called) && reaches("[::]:8000".parse().unwrap(), called));
        assert!(!reaches(([127, 0, 0, 2], 8000).into(), called) && !reaches(([127, 0, 0, 1], 8001).into(), called));
    }
}

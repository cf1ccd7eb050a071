//! The programs that a test starts: found, started, watched and ended.

use std::{
    env, fs,
    fs::File,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicU16, Ordering},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

/// How much of a program's output is shown when a test fails.
const TAIL: usize = 6_000;

/// Where everything is that real Dapr needs.
pub struct Programs {
    pub daprd: PathBuf,
    pub placement: PathBuf,
    /// What daprd keeps reminders in.
    #[allow(dead_code, reason = "only the sidecar's conformance suite has reminders")]
    pub scheduler: Option<PathBuf>,
    pub redis_server: PathBuf,
    pub redis_cli: PathBuf,
}

impl Programs {
    /// Finds all of them; says what is missing and gives none otherwise.
    ///
    /// # Panics
    /// If one is missing with `CI=true`: there, a test that was skipped would look like one that passed.
    pub fn find() -> Option<Self> {
        let mut missing = Vec::new();
        let mut find = |name: &'static str| {
            let found = find(name);
            if found.is_none() {
                missing.push(name);
            }
            found
        };
        let (daprd, placement) = (find("daprd"), find("placement"));
        let (redis_server, redis_cli) = (find("redis-server"), find("redis-cli"));
        let found = daprd.zip(placement).zip(redis_server.zip(redis_cli));
        let found = found.map(|((daprd, placement), (redis_server, redis_cli))| Self {
            daprd,
            placement,
            scheduler: self::find("scheduler"),
            redis_server,
            redis_cli,
        });
        if found.is_none() {
            let words = format!(
                "real Dapr is not tested: there is no {} (cargo xtask dapr gets daprd and placement, apt-get install \
                 redis-server the rest)",
                missing.join(", ")
            );
            assert!(env::var("CI").as_deref() != Ok("true"), "{words}");
            eprintln!("skipped: {words}");
        }
        found
    }
}

fn find(name: &str) -> Option<PathBuf> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/dapr");
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::var_os("FAULTLAB_DAPR_BIN").map(PathBuf::from).into_iter().chain([built]);
    folders.chain(env::split_paths(&path)).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// A port that is free now, and that no other rig of these tests gets. Below those that the system gives to outgoing
/// connections: one of them could have taken it before its program listens, or while that is being started again.
pub fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // Another run of these tests at the same time begins elsewhere.
    let first = 10_000 + u16::try_from(std::process::id() % 100).unwrap() * 200;
    let mut ports = std::iter::from_fn(|| Some(first + GIVEN.fetch_add(1, Ordering::Relaxed) % 2_000));
    ports.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).unwrap()
}

/// A program that runs until it is killed, at the latest with the test.
pub struct Process {
    name: &'static str,
    log: PathBuf,
    child: Child,
}

impl Process {
    /// Starts it, with its output in a file in `dir`; started again it goes on in the same file.
    pub fn start(name: &'static str, dir: &Path, command: &mut Command) -> Self {
        Self::start_with(name, dir, command, None)
    }

    /// The same, with what it writes on its standard error going elsewhere, if `stderr` says where.
    pub fn start_with(name: &'static str, dir: &Path, command: &mut Command, stderr: Option<Stdio>) -> Self {
        let log = dir.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log).unwrap();
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap());
        command.stderr(stderr.unwrap_or_else(|| file.into())).kill_on_drop(true);
        let child = command.spawn().unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        Self { name, log, child }
    }

    /// `kill -9`, and nothing is left of it.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Its number, while it runs.
    #[allow(dead_code, reason = "only the long run looks what a program holds")]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Asks it to end, as a terminal or a supervisor does.
    #[allow(dead_code, reason = "only the long run ends a program so")]
    pub fn ask_to_end(&self) {
        self.signal(Signal::TERM);
    }

    /// Lets it do nothing until it is thawed, as on a machine that is out of breath. What is sent to it waits.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.id().expect("it has not been waited for");
        kill_process(Pid::from_raw(id.cast_signed()).unwrap(), signal).unwrap();
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) {
        self.child.wait().await.unwrap();
    }

    pub fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Fails if it has ended by itself.
    pub fn check(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("{} has ended with {status}: {}", self.name, self.output());
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let output = self.output();
            let from = output.char_indices().map(|(at, _)| at).find(|at| output.len() - at <= TAIL).unwrap_or_default();
            eprintln!("---- {} ----\n{}", self.name, &output[from..]);
        }
    }
}

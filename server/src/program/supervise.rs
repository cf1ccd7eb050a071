//! A running program, as the lab has it in hand.

use std::{
    io,
    process::Stdio,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdin},
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{timeout, timeout_at},
};

use super::{
    Command, GUARD, How, Life, StartError, family,
    guard::{END, KILL},
    lines::Assembler,
    log::ProgramLog,
    terminal::Terminal,
};

/// How long the last of the output is waited for when nothing is left that could write it.
const LAST_OUTPUT: Duration = Duration::from_secs(1);

/// How much is read at once.
const READ: usize = 16 << 10;

/// A program that was started. Dropped, it is ended in order, without anybody waiting for that.
pub struct Program {
    pid: u32,
    guard: u32,
    life: watch::Receiver<Life>,
    orders: mpsc::Sender<u8>,
    asked: AtomicBool,
}

impl Program {
    /// Starts it; what it writes goes to `log`.
    ///
    /// # Errors
    /// See [`StartError`]. Nothing is left then.
    pub async fn start(command: &Command, log: ProgramLog) -> Result<Self, StartError> {
        let (terminal, end) = Terminal::open().map_err(StartError::Around)?;
        let mut guard = tokio::process::Command::new(&command.guard);
        guard.arg(GUARD).arg("--").args(&command.words).envs(command.environment.iter().cloned());
        if let Some(folder) = &command.folder {
            guard.current_dir(folder);
        }
        guard.stdin(Stdio::piped()).stdout(Stdio::from(end)).stderr(Stdio::piped());
        let mut child = guard.spawn().map_err(StartError::Around)?;
        // Its copy of the program's end closes here: it is the guard's and the program's alone.
        drop(guard);
        let broken = || StartError::Around(io::ErrorKind::BrokenPipe.into());
        let (stdin, stderr) = (child.stdin.take().ok_or_else(broken)?, child.stderr.take().ok_or_else(broken)?);
        let guard = child.id().ok_or_else(broken)?;
        let mut told = BufReader::new(stderr).lines();
        let pid = match told.next_line().await.map_err(StartError::Around)?.as_deref().and_then(Told::read) {
            Some(Told::Started(pid)) => pid,
            Some(Told::Failed(errno)) => return Err(StartError::Program(io::Error::from_raw_os_error(errno))),
            _ => return Err(broken()),
        };
        let (lives, life) = watch::channel(Life::Running);
        let (orders, ordered) = mpsc::channel(4);
        let output = tokio::spawn(listen(terminal, log, command.origin.as_str().into()));
        tokio::spawn(carry(ordered, stdin));
        tokio::spawn(watch_over(Watched { pid, child, told, output, lives }));
        Ok(Self { pid, guard, life, orders, asked: AtomicBool::new(false) })
    }

    /// Its process, which also is its group.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// All of its processes that there are now.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        let guard = i32::try_from(self.guard).ok().and_then(Pid::from_raw);
        let found = guard.map(family::descendants).unwrap_or_default();
        found.into_iter().filter_map(|process| u32::try_from(process.as_raw_nonzero().get()).ok()).collect()
    }

    /// Where it stands.
    #[must_use]
    pub fn life(&self) -> Life {
        *self.life.borrow()
    }

    /// Returns when it has ended by itself or otherwise; what it started may still be there.
    pub async fn ended(&self) -> How {
        let mut life = self.life.clone();
        let ended = life.wait_for(|life| *life != Life::Running).await;
        ended.map_or(How::Lost, |life| life.how())
    }

    /// Returns when nothing of it is left and all that it wrote is in the log.
    pub async fn gone(&self) -> How {
        let mut life = self.life.clone();
        let gone = life.wait_for(|life| matches!(life, Life::Gone(_))).await;
        gone.map_or(How::Lost, |life| life.how())
    }

    /// Whether the lab has asked it to end.
    #[must_use]
    pub fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Asks it to end: SIGTERM to all of it, and SIGKILL to what is left after [`GRACE`](super::guard::GRACE).
    pub fn end(&self) {
        self.order(END);
    }

    /// What ends it at once, whoever has the program by then.
    pub fn killer(&self) -> impl Fn() + Send + use<> {
        let orders = self.orders.clone();
        move || {
            let _ = orders.try_send(KILL);
        }
    }

    fn order(&self, order: u8) {
        self.asked.store(true, Ordering::Relaxed);
        // Where there is no room, enough has been ordered.
        let _ = self.orders.try_send(order);
    }
}

impl Life {
    fn how(self) -> How {
        match self {
            Self::Running => How::Lost,
            Self::Ended(how) | Self::Gone(how) => how,
        }
    }
}

/// What a guard tells.
enum Told {
    Started(u32),
    Failed(i32),
    Ended(How),
    Gone,
}

impl Told {
    fn read(line: &str) -> Option<Self> {
        fn number<T: FromStr>(text: Option<&str>) -> Option<T> {
            text?.parse().ok()
        }
        let mut words = line.split(' ');
        match (words.next()?, words.next()) {
            ("started", pid) => Some(Self::Started(number(pid)?)),
            ("failed", errno) => Some(Self::Failed(number(errno)?)),
            ("ended", Some("exit")) => Some(Self::Ended(How::Exit(number(words.next())?))),
            ("ended", Some("signal")) => Some(Self::Ended(How::Signal(number(words.next())?))),
            ("gone", None) => Some(Self::Gone),
            _ => None,
        }
    }
}

/// Hands on what is ordered. At the end of the orders the guard's input ends, and it ends the program.
async fn carry(mut ordered: mpsc::Receiver<u8>, mut guard: ChildStdin) {
    while let Some(order) = ordered.recv().await {
        if guard.write_all(&[order]).await.is_err() {
            return;
        }
    }
}

async fn listen(mut terminal: Terminal, log: ProgramLog, origin: Arc<str>) {
    let mut lines = Assembler::default();
    let mut buffer = vec![0; READ];
    loop {
        let read = terminal.read(&mut buffer);
        let read = match log.release_at() {
            Some(at) => timeout_at(at, read).await,
            None => Ok(read.await),
        };
        match read {
            Err(_) => log.release(),
            Ok(Ok(0) | Err(_)) => break,
            Ok(Ok(read)) => lines.take(&buffer[..read], |line| log.write(&origin, line)),
        }
        // A program that writes without end must not keep everything else here from its turn.
        tokio::task::yield_now().await;
    }
    lines.end(|line| log.write(&origin, line));
    log.release();
}

/// What a program's end is seen by.
struct Watched {
    pid: u32,
    child: Child,
    told: Lines<BufReader<ChildStderr>>,
    output: JoinHandle<()>,
    lives: watch::Sender<Life>,
}

async fn watch_over(watched: Watched) {
    let Watched { pid, mut child, mut told, mut output, lives } = watched;
    let mut how = None;
    let mut gone = false;
    while let Ok(Some(line)) = told.next_line().await {
        match Told::read(&line) {
            Some(Told::Ended(ended)) => {
                how = Some(ended);
                lives.send_replace(Life::Ended(ended));
            }
            Some(Told::Gone) => gone = true,
            _ => tracing::debug!("the guard of the program says: {line}"),
        }
    }
    let _ = child.wait().await;
    if !gone && let Some(group) = i32::try_from(pid).ok().filter(|_| how.is_none()).and_then(Pid::from_raw) {
        // Somebody has ended the guard: what is known of the program goes with it.
        let _ = kill_process_group(group, Signal::KILL);
    }
    if timeout(LAST_OUTPUT, &mut output).await.is_err() {
        output.abort();
    }
    lives.send_replace(Life::Gone(how.unwrap_or(How::Lost)));
}

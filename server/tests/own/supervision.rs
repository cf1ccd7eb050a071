//! One program in hand, whatever it does: it is heard, it ends, and nothing of it is left.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use server::program::{Command, How, Life, Program, StartError, log::ProgramLog, secrets::Secrets};
use tokio::time::{sleep, timeout};

use crate::programs::{MARK, PATIENCE, faultlab, marked, nothing_left};

struct Started {
    program: Program,
    log: ProgramLog,
    mark: String,
}

impl Started {
    async fn python(code: &str) -> Self {
        Self::of(&["python3", "-c", code]).await
    }

    async fn of(words: &[&str]) -> Self {
        let mark = uuid::Uuid::new_v4().to_string();
        let command = command(words, &mark);
        let log = ProgramLog::new(Secrets::default());
        let program = Program::start(&command, log.clone()).await.unwrap();
        Self { program, log, mark }
    }

    fn lines(&self) -> Vec<String> {
        self.log.after(0).iter().map(|line| line.plain.clone()).collect()
    }

    /// Waits for a line that the program writes.
    async fn says(&self, words: &str) {
        let mut last = self.log.follow();
        let said = async {
            while !self.lines().iter().any(|line| line.contains(words)) {
                last.changed().await.unwrap();
            }
        };
        timeout(PATIENCE, said).await.unwrap_or_else(|_| panic!("nothing of {words:?} in {:?}", self.lines()));
    }

    async fn gone(&self) -> How {
        let how = timeout(PATIENCE, self.program.gone()).await.expect("it ends");
        nothing_left(&self.mark).await;
        how
    }
}

fn command(words: &[&str], mark: &str) -> Command {
    Command {
        words: words.iter().map(|word| (*word).into()).collect(),
        folder: None,
        environment: vec![(MARK.into(), mark.into())],
        origin: "app".into(),
        guard: faultlab(),
    }
}

#[tokio::test]
async fn what_it_writes_is_in_the_log_when_it_is_gone_with_its_status() {
    let started = Started::python(
        "import sys, os\nprint('\\033[32mout\\033[0m', sys.stdout.isatty())\nprint('err', file=sys.stderr)\n\
         print('asked', sys.stdin.read())\nos.write(1, b'no end of line')\nos._exit(7)",
    )
    .await;
    assert_eq!(started.gone().await, How::Exit(7));
    assert_eq!(started.program.life(), Life::Gone(How::Exit(7)));
    // Both outputs are a terminal's; who asks for input is told that there is none.
    assert_eq!(started.lines(), ["out True", "err", "asked ", "no end of line"]);
    let lines = started.log.after(0);
    assert_eq!(lines[0].coloured, "\u{1b}[32mout\u{1b}[0m True");
    assert!(lines.iter().all(|line| &*line.origin == "app" && line.at > 0));
}

#[tokio::test]
async fn one_that_ends_in_the_middle_of_a_signal_says_by_which() {
    let started =
        Started::python("import os, signal\nprint('now', flush=True)\nos.kill(os.getpid(), signal.SIGSEGV)").await;
    assert_eq!(started.gone().await, How::Signal(11));
    assert_eq!(started.lines(), ["now"]);
}

#[tokio::test]
async fn it_is_asked_first_and_one_that_does_not_care_is_killed() {
    let polite = Started::python(
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: (print('bye'), sys.exit(3)))\n\
         print('up', flush=True)\nwhile True: time.sleep(9)",
    )
    .await;
    polite.says("up").await;
    polite.program.end();
    assert_eq!(polite.gone().await, How::Exit(3));
    assert_eq!(polite.lines(), ["up", "bye"]);
    assert!(polite.program.was_asked());

    let deaf = Started::python(DEAF).await;
    deaf.says("up").await;
    let began = Instant::now();
    deaf.program.end();
    assert_eq!(deaf.gone().await, How::Signal(9));
    assert!(began.elapsed() >= Duration::from_secs(5), "{:?}", began.elapsed());
}

const DEAF: &str = "import signal, time\nfor s in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(s, signal.SIG_IGN)\n\
                    print('up', flush=True)\nwhile True: time.sleep(9)";

#[tokio::test]
async fn it_is_killed_at_once_where_that_is_asked_for() {
    let deaf = Started::python(DEAF).await;
    deaf.says("up").await;
    let kill = deaf.program.killer();
    let began = Instant::now();
    deaf.program.end();
    kill();
    assert_eq!(deaf.gone().await, How::Signal(9));
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

/// Starts children in its own group and in sessions of their own, which care for no signal, and ends.
const FORKS: &str = r"
import os, signal, time
for s in (signal.SIGTERM, signal.SIGHUP): signal.signal(s, signal.SIG_IGN)
there, here = os.pipe()
for own_session in (False, True, True):
    if os.fork() == 0:
        if own_session:
            os.setsid()
        if os.fork() == 0:
            os.write(1, b'child\n')
            os.write(here, b'.')
            while True: time.sleep(9)
        os._exit(0)
for _ in range(3): os.read(there, 1)
print('parent ends', flush=True)
";

#[tokio::test]
async fn nothing_is_left_of_one_that_forks_and_ends() {
    let started = Started::python(FORKS).await;
    started.says("parent ends").await;
    assert_eq!(timeout(PATIENCE, started.program.ended()).await.expect("it ends"), How::Exit(0));
    let children = started.lines().iter().filter(|line| *line == "child").count();
    assert_eq!(children, 3, "{:?}", started.lines());
    started.program.killer()();
    assert_eq!(started.gone().await, How::Exit(0));
}

#[tokio::test]
async fn one_that_writes_without_end_is_heard_and_ends() {
    let folder = tempfile::TempDir::new().unwrap();
    for (n, write) in ["print('again and again')", "sys.stdout.write('x' * 1000)", "sys.stdout.write('50 %\\r' * 100)"]
        .into_iter()
        .enumerate()
    {
        // It has written more than anybody keeps, and goes on.
        let enough = folder.path().join(n.to_string());
        let code = format!(
            "import sys\nfor _ in range(20000): {write}\nopen({:?}, 'w').close()\nwhile True: {write}",
            enough.display().to_string()
        );
        let started = Started::python(&code).await;
        let written = async {
            while !enough.exists() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, written).await.expect("it is read");
        assert_eq!(started.program.life(), Life::Running);
        started.program.end();
        assert_eq!(started.gone().await, How::Signal(15), "{code}");
        let kept: usize = started.log.after(0).iter().map(|line| line.coloured.len()).sum();
        assert!(kept < 4 << 20, "{kept}");
    }
}

#[tokio::test]
async fn the_last_lines_of_one_that_writes_too_many_are_there_while_it_runs_and_at_its_end() {
    let many = "for n in range(9000): print('line', n)\nprint('the last of', n, flush=True)";
    let waits = Started::python(&format!("import time\n{many}\ntime.sleep(99)")).await;
    waits.says("the last of 8999").await;
    waits.program.end();
    waits.gone().await;
    let ends = Started::python(many).await;
    assert_eq!(ends.gone().await, How::Exit(0));
    let lines = ends.lines();
    assert_eq!(lines.last().unwrap(), "the last of 8999");
    assert!(lines.iter().any(|line| line.contains("lines were left out here")), "{}", lines.len());
}

#[tokio::test]
async fn bytes_that_are_no_text_are_lines_all_the_same() {
    let started = Started::python(
        "import os, sys\nfor n in range(50): sys.stdout.buffer.write(os.urandom(5000))\nprint('\\nafter')",
    )
    .await;
    assert_eq!(started.gone().await, How::Exit(0));
    let lines = started.log.after(0);
    assert_eq!(lines.last().unwrap().plain, "after");
    for line in &lines {
        let plain = line.plain.chars().all(|char| char == '\t' || !char.is_control());
        assert!(plain, "{:?}", line.plain);
    }
}

#[tokio::test]
async fn it_goes_with_its_guard_and_without_its_handle() {
    let deaf = Started::python(DEAF).await;
    deaf.says("up").await;
    let guard = marked(&deaf.mark).into_iter().find(|(_, words)| words.contains("guard-of-program")).unwrap().0;
    kill_process(Pid::from_raw(guard).unwrap(), Signal::KILL).unwrap();
    assert_eq!(deaf.gone().await, How::Lost);

    let started = Started::python("import time\nprint('up', flush=True)\ntime.sleep(99)").await;
    started.says("up").await;
    let Started { program, mark, .. } = started;
    drop(program);
    nothing_left(&mark).await;
}

#[tokio::test]
async fn what_is_not_there_is_not_started() {
    let log = ProgramLog::new(Secrets::default());
    for (words, kind) in
        [("/nowhere/to/be/found", std::io::ErrorKind::NotFound), ("/etc/passwd", std::io::ErrorKind::PermissionDenied)]
    {
        let mark = uuid::Uuid::new_v4().to_string();
        let refused = Program::start(&command(&[words], &mark), log.clone()).await.err().expect("refused");
        let StartError::Program(error) = refused else { panic!("{refused}") };
        assert_eq!(error.kind(), kind);
        nothing_left(&mark).await;
    }
    assert!(log.after(0).is_empty());
}

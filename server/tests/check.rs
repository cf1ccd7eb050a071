//! `faultlab check` over a corpus of programs, right and wrong: each gets its verdicts, which stand in its own second line
//! and after it (`# fail: …`, `# skipped: …`; what is not named holds).

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "own/python.rs"]
mod python;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use model::own::{
    catalog::CheckId,
    report::{Report, Verdict},
};
use python::sdk;
use tempfile::TempDir;
use tokio::{process::Command, sync::Semaphore, task::JoinSet, time::timeout};

/// How many programs are checked at once: most of the time each of them waits.
const AT_ONCE: usize = 6;

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(400);

/// What all programs share.
const CHAT: &str = "chat.py";

fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs")
}

/// The verdicts that a program says it gets.
fn expected(text: &str) -> BTreeMap<&'static str, Verdict> {
    let mut verdicts: BTreeMap<_, _> = CheckId::ALL.iter().map(|id| (id.as_str(), Verdict::Pass)).collect();
    for (mark, verdict) in [("# fail:", Verdict::Fail), ("# skipped:", Verdict::Skipped)] {
        for name in text.lines().filter_map(|line| line.strip_prefix(mark)).flat_map(str::split_whitespace) {
            *verdicts.iter_mut().find(|(id, _)| **id == name).unwrap_or_else(|| panic!("no check {name}")).1 = verdict;
        }
    }
    verdicts
}

/// Checks a program, which is `main.py` in a folder of its own.
async fn checked(text: &str, sdk: &Path) -> (Report, TempDir, i32) {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("main.py"), text).unwrap();
    fs::copy(programs().join(CHAT), dir.path().join(CHAT)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_faultlab"));
    command.args([
        "check",
        "--seed",
        "7",
        "--timeout",
        "300",
        "--",
        "python3",
        "-m",
        "uvicorn",
        "main:app",
        "--port",
        "{port}",
    ]);
    command.current_dir(dir.path()).env("PYTHONPATH", sdk).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env_remove("GITHUB_ACTIONS").stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    let results = dir.path().join("faultlab-results/results.json");
    let json = fs::read_to_string(results).unwrap_or_else(|_| panic!("no results:\n{shown}{output:?}"));
    (serde_json::from_str(&json).unwrap(), dir, output.status.code().unwrap_or(-1))
}

/// What is not as it should be.
fn differences(report: &Report, expected: &BTreeMap<&'static str, Verdict>) -> Vec<String> {
    let other = report.checks.iter().filter(|check| check.verdict != expected[check.id.as_str()]);
    other.map(|check| format!("{} is {}: {}", check.id.as_str(), check.verdict.as_str(), check.saw)).collect()
}

#[tokio::test]
async fn every_program_of_the_corpus_gets_its_verdicts() {
    let Some(sdk) = sdk("dapr-newest") else { return };
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    let wanted = env::var("FAULTLAB_TEST_PROGRAM").unwrap_or_default();
    for entry in fs::read_dir(programs()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == CHAT || !name.ends_with(".py") || !name.contains(&wanted) {
            continue;
        }
        let (room, sdk, text) = (Arc::clone(&room), sdk.clone(), fs::read_to_string(&path).unwrap());
        running.spawn(async move {
            let _one_of_some = room.acquire().await.unwrap();
            let (report, _dir, _) = checked(&text, &sdk).await;
            let found = differences(&report, &expected(&text));
            (!found.is_empty()).then(|| format!("{name}:\n  {}", found.join("\n  ")))
        });
    }
    let mut wrong: Vec<String> = running.join_all().await.into_iter().flatten().collect();
    wrong.sort();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The program that the lesson's page prints, with the quote mended that keeps it from being parsed.
fn lessons_own() -> Option<String> {
    let Some(page) = env::var_os("FAULTLAB_LESSON") else {
        eprintln!("SKIPPED: FAULTLAB_LESSON names no file with the lesson's page");
        return None;
    };
    let page = fs::read_to_string(page).unwrap();
    let blocks = page.split("```python\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let program = blocks.max_by_key(|block| block.len()).expect("it prints a program");
    let mended = program.replace("'content' field')", "'content' field\")");
    assert_ne!(mended, program, "the quote is where it was");
    Some(mended)
}

#[tokio::test]
async fn the_lessons_own_program_gets_five_of_five_in_both_versions() {
    let Some(program) = lessons_own() else { return };
    for version in ["dapr-oldest", "dapr-newest"] {
        let Some(sdk) = sdk(version) else { return };
        let (report, dir, status) = checked(&program, &sdk).await;
        assert_eq!((report.score.lesson, status), ((5, 5), 0), "{report:#?}");
        let found: Vec<_> = report
            .checks
            .iter()
            .filter(|check| check.verdict == Verdict::Fail)
            .map(|check| check.id.as_str())
            .collect();
        for finding in ["load-failure", "outage-is-an-error", "event-follows-save", "delivery-accepted"] {
            assert!(found.contains(&finding), "{version}: {finding} is not among {found:?}");
        }
        let page = fs::read_to_string(dir.path().join("faultlab-results/report.html")).unwrap();
        assert!(
            page.contains("<svg") && !page.contains("<script") && !page.contains("http://"),
            "one file, with pictures"
        );
        assert_eq!(fs::read_to_string(dir.path().join("faultlab-results/.gitignore")).unwrap(), "*\n");
        let mut left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [CHAT, "faultlab-results", "main.py"], "nothing else is written there");
    }
}

#[tokio::test]
async fn a_program_that_does_not_start_is_told_by_the_status() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("main.py"), "x = \"a'\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_faultlab"));
    command.args(["check", "--", "python3", "main.py", "{port}"]).current_dir(dir.path()).stdin(Stdio::null());
    let output = timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let mut usage = Command::new(env!("CARGO_BIN_EXE_faultlab"));
    let output = usage.args(["check", "--", "uvicorn", "main:app"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("-p"), "{output:?}");
}

/// Writes without end, text and not, takes no notice of being asked to end, has a child that does the same, and never
/// listens. The child's process id is in the file `child`.
const NEVER_OPENS: &str = "import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
child = os.fork()
if child:
    with open('child.part', 'w') as file:
        file.write(str(child))
    os.rename('child.part', 'child')
while True:
    os.write(1, b'\\x00\\xff\\x1b[31m without end \\x80\\n')
";

/// Registers an actor, and ends in the middle of the first message.
const ENDS_IN_THE_MIDDLE: &str = "import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{\"entities\": [\"ChatAgent\"]}' if self.path == '/dapr/config' else b'{}'
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        print('no more', flush=True)
        os._exit(3)
http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
";

/// Checks a program that needs no SDK; the folder, the exit status and what was said.
async fn checked_bare(text: &str, seconds: &str) -> (TempDir, Option<i32>, String) {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("main.py"), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_faultlab"));
    command.args(["check", "--seed", "7", "--timeout", seconds, "--", "python3", "main.py", "{port}"]);
    command.current_dir(dir.path()).env_remove("GITHUB_ACTIONS").stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(Duration::from_secs(60), command.output()).await.expect("it ends").unwrap();
    (dir, output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test]
async fn a_program_that_writes_without_end_and_will_not_end_is_ended_with_its_children() {
    let (dir, status, said) = checked_bare(NEVER_OPENS, "3").await;
    let last = said.lines().rev().take(5).collect::<Vec<_>>().join("\n");
    assert_eq!(status, Some(4), "{last}");
    let child = fs::read_to_string(dir.path().join("child")).unwrap();
    assert!(!Path::new("/proc").join(&child).exists(), "its child {child} is left: {last}");
}

#[tokio::test]
async fn a_program_that_ends_in_the_middle_blocks_what_comes_after() {
    let (dir, status, said) = checked_bare(ENDS_IN_THE_MIDDLE, "60").await;
    assert_eq!(status, Some(1), "{said}");
    let json = fs::read_to_string(dir.path().join("faultlab-results/results.json")).unwrap();
    let report: Report = serde_json::from_str(&json).unwrap();
    let (first, rest) = report.checks.split_first().unwrap();
    assert_eq!(first.verdict, Verdict::Fail, "{first:?}");
    for check in rest {
        assert_eq!(check.verdict, Verdict::Skipped, "{check:?}");
        assert!(check.saw.contains("the program has ended by itself"), "{check:?}");
    }
    let log = fs::read_to_string(dir.path().join("faultlab-results/program.log")).unwrap();
    assert!(log.contains("no more"), "{log}");
}

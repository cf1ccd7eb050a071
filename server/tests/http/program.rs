//! The program as people start it: refused flags, and `kill -9` while messages are under way.

use std::{
    path::Path,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use model::message::{Message, keep_last};
use reqwest::{Client, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::Semaphore,
    time::timeout,
};

use crate::support::{PATIENCE, site};

const ACTORS: usize = 8;

/// The program as people start it, and the address that it says. Its log goes to `log`.
pub async fn spawn(site: &Path, data: &Path, log: Stdio) -> (Child, String) {
    started(Command::new(env!("CARGO_BIN_EXE_faultlab")), site, data, log).await
}

/// The same with so many file handles at most, and what `adjust` makes of its flags.
pub async fn spawn_with_few_handles(
    handles: usize,
    site: &Path,
    data: &Path,
    log: Stdio,
    adjust: impl FnOnce(&mut Command),
) -> (Child, String) {
    let mut shell = Command::new("sh");
    let limited = format!("ulimit -n {handles} && exec \"$0\" \"$@\"");
    shell.args(["-c", &limited, env!("CARGO_BIN_EXE_faultlab")]);
    adjust(&mut shell);
    started(shell, site, data, log).await
}

async fn started(mut command: Command, site: &Path, data: &Path, log: Stdio) -> (Child, String) {
    let mut child = command
        .args(["--addr", "127.0.0.1:0", "--app-addr", "127.0.0.1:0", "--data"])
        .arg(data)
        .arg("--site")
        .arg(site.join("site"))
        .env_remove("RUST_LOG")
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
    let origin = line.strip_prefix("Faultlab is ready: ").unwrap().to_owned();
    (child, origin)
}

/// Asks the program to end.
pub fn signal(child: &Child, signal: Signal) {
    let id = i32::try_from(child.id().expect("it runs")).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
}

/// Asks the program to end, as a supervisor does; how it has ended, within `limit`.
pub async fn terminate(child: &mut Child, limit: Duration) -> ExitStatus {
    signal(child, Signal::TERM);
    timeout(limit, child.wait()).await.expect("it ends in time").unwrap()
}

/// Sends one message after the other until nobody answers any more; what was acknowledged.
async fn chatter(client: Client, origin: String, actor: usize, acknowledged: Arc<Semaphore>) -> Vec<String> {
    let mut stored = Vec::new();
    for n in 0.. {
        let content = format!("message {n} of actor {actor}");
        let body = json!({"role": "user", "content": content});
        let sent = client.post(format!("{origin}/chat/actor{actor}")).json(&body).send().await;
        match sent {
            Ok(answer) if answer.status() == StatusCode::OK => {
                // The whole answer has to have come: a head alone acknowledges nothing.
                if answer.bytes().await.is_err() {
                    break;
                }
                stored.push(content);
                acknowledged.add_permits(1);
            }
            Ok(other) => panic!("refused with {}", other.status()),
            Err(_) => break,
        }
    }
    stored
}

fn history_after(contents: impl Iterator<Item = String>) -> Vec<Message> {
    let mut history = Vec::new();
    for content in contents {
        history.push(Message::user(content.clone()));
        history.push(Message::reply_to(&content));
        keep_last(&mut history);
    }
    history
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_message_survives_kill_9_and_no_turn_is_half() {
    let (site, data) = (site(), TempDir::new().unwrap());
    let client = Client::new();
    let (mut child, origin) = spawn(site.path(), data.path(), Stdio::null()).await;
    for actor in 0..ACTORS {
        let off = client.put(format!("{origin}/api/lab/actor{actor}/fault")).json(&json!({"on": false}));
        assert_eq!(off.send().await.unwrap().status(), StatusCode::OK);
    }
    let acknowledged = Arc::new(Semaphore::new(0));
    let talks: Vec<_> = (0..ACTORS)
        .map(|actor| tokio::spawn(chatter(client.clone(), origin.clone(), actor, acknowledged.clone())))
        .collect();
    // Killed in the middle of things: after 200 acknowledged messages, with eight more under way.
    let enough = timeout(PATIENCE, acknowledged.acquire_many(200)).await.unwrap().unwrap();
    enough.forget();
    child.kill().await.unwrap();
    let mut stored = Vec::new();
    for talk in talks {
        stored.push(talk.await.unwrap());
    }

    let (mut child, origin) = spawn(site.path(), data.path(), Stdio::null()).await;
    for (actor, contents) in stored.iter().enumerate() {
        let answer = client.get(format!("{origin}/chat/actor{actor}/history")).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let history: Vec<Message> = serde_json::from_value(answer["history"].clone()).unwrap();
        let acknowledged = history_after(contents.iter().cloned());
        // The one message that was under way is there whole or not at all.
        let under_way = format!("message {} of actor {actor}", contents.len());
        let with_it = history_after(contents.iter().cloned().chain([under_way]));
        assert!(history == acknowledged || history == with_it, "actor {actor}: {history:#?} after {contents:?}");
    }
    child.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_of_either_kind_ends_it_at_once_though_a_turn_does_not() {
    for (first, second) in [(Signal::TERM, Signal::TERM), (Signal::INT, Signal::TERM), (Signal::TERM, Signal::INT)] {
        let (site, data, client) = (site(), TempDir::new().unwrap(), Client::new());
        let (mut child, origin) = spawn(site.path(), data.path(), Stdio::piped()).await;
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        // An attempt that hangs for as long as a policy allows.
        let put = async |door: &str, body: Value| {
            let put = client.put(format!("{origin}/api/lab/user1/{door}")).json(&body).send().await.unwrap();
            assert_eq!(put.status(), StatusCode::OK, "{door}");
        };
        put("policy", json!({"attempts": 1, "attempt_timeout_ms": 6_800})).await;
        put("fault", json!({"on": true, "plan": [{"operation": "load", "kind": "hang"}]})).await;
        let message = json!({"role": "user", "content": "Hi"});
        let sent = tokio::spawn(client.post(format!("{origin}/chat/user1")).json(&message).send());
        let mut until = async |words: &str| {
            let found = async {
                while let Some(line) = log.next_line().await.unwrap() {
                    if line.contains(words) {
                        return;
                    }
                }
                panic!("the log ended before {words:?}");
            };
            timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("nothing is said of {words:?}"));
        };
        until("Processing message").await;
        signal(&child, first);
        until("Stopping").await;
        signal(&child, second);
        let ended = timeout(Duration::from_secs(5), child.wait()).await.expect("it ends at once").unwrap();
        assert_eq!(ended.code(), Some(1), "{first:?}, {second:?}");
        until("stopped at once").await;
        let answered = sent.await.unwrap().is_ok_and(|answer| answer.status() == StatusCode::OK);
        assert!(!answered, "the turn was under way");
    }
}

#[tokio::test]
async fn what_the_environment_says_in_no_text_ends_the_start_and_names_it() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let no_text = OsStr::from_bytes(b"sec\xffret");
    for (name, value, words) in [
        ("DAPR_API_TOKEN", no_text, "no UTF-8 text"),
        ("APP_API_TOKEN", no_text, "no UTF-8 text"),
        ("FAULTLAB_STORE", no_text, "no UTF-8 text"),
        ("DAPR_API_TOKEN", OsStr::new("sec\nret"), "no HTTP header can carry"),
        ("APP_API_TOKEN", OsStr::new("sec\u{7f}ret"), "no HTTP header can carry"),
    ] {
        let data = TempDir::new().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_faultlab"));
        command.args(["--addr", "127.0.0.1:0", "--app-addr", "127.0.0.1:0", "--data"]).arg(data.path());
        let ended = timeout(PATIENCE, command.env(name, value).kill_on_drop(true).output()).await;
        let ended = ended.expect("it does not start").unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert!(said.contains(name) && said.contains(words) && !said.contains("sec"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[tokio::test]
async fn a_wrong_flag_ends_the_start_with_one_line_and_a_status() {
    for (flags, word) in
        [(["--adr", "x"], "--adr"), (["--addr", "nowhere"], "nowhere"), (["--addr", "1.2.3.4:99999"], "99999")]
    {
        let ended = Command::new(env!("CARGO_BIN_EXE_faultlab")).args(flags).output().await.unwrap();
        let words = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{words}");
        assert!(words.contains(word) && words.contains("--help"), "{words}");
        assert_eq!(words.lines().count(), 1, "{words}");
    }
}

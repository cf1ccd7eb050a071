//! A program with Dapr's SDK for Python, in the course's version and the newest: from an empty folder to a stored message.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    programs::{faultlab, free_port},
    python::sdk,
    shell::Shell,
};

/// Where each version's packages are; none where they are not there.
fn sdks() -> Vec<PathBuf> {
    ["dapr-oldest", "dapr-newest"].into_iter().filter_map(sdk).collect()
}

/// What `faultlab new` makes.
fn starter(folder: &Path) {
    let made = Command::new(faultlab()).arg("new").arg(folder).output().unwrap();
    assert!(made.status.success(), "{made:?}");
}

async fn answer(request: reqwest::RequestBuilder) -> Value {
    let answer = request.timeout(Duration::from_secs(20)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

#[tokio::test]
async fn the_starter_runs_stores_and_hears_of_its_event_in_both_versions() {
    for sdk in sdks() {
        let (dir, port) = (tempfile::TempDir::new().unwrap(), free_port());
        let folder = dir.path().join("chat");
        starter(&folder);
        let said = port.to_string();
        let words = ["run", "-p", &said, "--", "python3", "-m", "uvicorn", "main:app", "--port", &said];
        let mut shell = Shell::start_with(&words, &folder, |command| {
            command.env("PYTHONPATH", &sdk);
        });
        shell.until("components/daca-pubsub.yaml: daca-pubsub (pubsub.redis) is mapped").await;
        let actor = shell.until("✓ ChatAgent").await;
        assert!(actor.contains("leaves memory after"), "{actor}");
        shell.until("POST /chat/{actor_id}").await;
        let (client, origin) = (Client::new(), format!("http://127.0.0.1:{port}"));
        let sent = json!({"role": "user", "content": "Hi there"});
        let reply = answer(client.post(format!("{origin}/chat/user1")).json(&sent)).await;
        assert_eq!(reply["response"]["content"], "Got your message: Hi there");
        shell.until("Processed message for history-user1: Hi there").await;
        shell.until("Received event").await;
        let history = answer(client.get(format!("{origin}/chat/user1/history"))).await;
        assert_eq!(history["history"].as_array().map(Vec::len), Some(2), "{history}");
        let (status, shown) = shell.interrupted().await;
        assert_eq!(status.code(), Some(0), "{shown}");
        assert!(shown.contains("Nothing is left running."), "{shown}");
    }
}

#[tokio::test]
async fn uvicorn_reloads_and_what_is_stored_is_still_there() {
    for sdk in sdks() {
        let (dir, port) = (tempfile::TempDir::new().unwrap(), free_port());
        let folder = dir.path().join("chat");
        starter(&folder);
        let said = port.to_string();
        let words = ["run", "-p", &said, "--", "python3", "-m", "uvicorn", "main:app", "--port", &said, "--reload"];
        let mut shell = Shell::start_with(&words, &folder, |command| {
            command.env("PYTHONPATH", &sdk);
        });
        shell.until("POST /chat/{actor_id}").await;
        let (client, url) = (Client::new(), format!("http://127.0.0.1:{port}/chat/user1"));
        answer(client.post(&url).json(&json!({"role": "user", "content": "before"}))).await;
        let main = folder.join("main.py");
        let changed = fs::read_to_string(&main).unwrap().replace("Got your message", "I heard");
        fs::write(&main, changed).unwrap();
        shell.until("program restarted").await;
        shell.until("POST /chat/{actor_id}").await;
        let reply = answer(client.post(&url).json(&json!({"role": "user", "content": "after"}))).await;
        assert_eq!(reply["response"]["content"], "I heard: after");
        let history = answer(client.get(format!("{url}/history"))).await;
        assert_eq!(history["history"].as_array().map(Vec::len), Some(4), "{history}");
        // One that does not parse any more is told, and the lab goes on.
        fs::write(&main, "x = \"a'\n").unwrap();
        shell.until("main.py:1 does not parse").await;
        assert_eq!(shell.interrupted().await.0.code(), Some(0));
    }
}

#[tokio::test]
async fn a_module_that_is_missing_is_told_with_the_python_that_lacks_it() {
    for sdk in sdks() {
        let (dir, port) = (tempfile::TempDir::new().unwrap(), free_port().to_string());
        fs::write(dir.path().join("main.py"), "import dapr_agents\n").unwrap();
        let words = ["run", "-p", &port, "--", "python3", "-m", "uvicorn", "main:app", "--port", &port];
        let mut shell = Shell::start_with(&words, dir.path(), |command| {
            command.env("PYTHONPATH", &sdk);
        });
        let line = shell.until("has no module dapr_agents.").await;
        assert!(line.contains("pip install dapr_agents"), "{line}");
        assert_eq!(shell.ended().await.0.code(), Some(4));

        let words = ["run", "-p", &port, "--", "python3", "-m", "uvicorn", "nowhere:app", "--port", &port];
        let mut shell = Shell::start_with(&words, dir.path(), |command| {
            command.env("PYTHONPATH", &sdk);
        });
        shell.until("uvicorn does not find nowhere.py.").await;
        assert_eq!(shell.ended().await.0.code(), Some(4));
    }
}

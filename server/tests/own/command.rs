//! `faultlab run` over an app: what is shown, what the app finds, and the end.

use std::fs;

use rustix::process::{Signal, kill_process};

use crate::{
    programs::{PATIENCE, SERVE, folder, free_port, nothing_left},
    shell::{Shell, http_port},
};

#[tokio::test]
async fn an_app_runs_and_ends_with_the_lab() {
    let (folder, port) = (folder(SERVE), free_port().to_string());
    let mut shell = Shell::start(&["run", "-p", &port, "--", "python3", "main.py", &port], folder.path());
    let sidecar = shell.until("sidecar").await;
    shell.until("started, pid").await;
    shell.until(&format!("[your_program] listening on {port}")).await;
    let actor = shell.until("actor").await;
    assert!(actor.contains("✓ ChatAgent") && actor.contains("leaves memory after 1m30s idle"), "{actor}");
    shell.until("POST /greet/{id}").await;
    // An actor is called through the sidecar, and its call is in the log.
    let url = format!("http://127.0.0.1:{}/v1.0/actors/ChatAgent/user1/method/Greet", http_port(&sidecar));
    let answer = reqwest::Client::new().put(url).body("{}").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    shell.until("[your_program] called /actors/ChatAgent/user1/method/Greet").await;
    let (status, shown) = shell.interrupted().await;
    assert_eq!(status.code(), Some(0), "{shown}");
    assert!(shown.contains("Ended: your program, by SIGTERM") && shown.contains("Nothing is left running."), "{shown}");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "nothing is written beside the learner's files: {left:?}");
}

const ENVIRONMENT: &str = r#"
import os, sys
from app import serve
for name in sorted(os.environ):
    if name.startswith(("APP_", "DAPR_", "PYTHONUNB")):
        print(name + "=" + os.environ[name])
print("key is", os.environ["MY_API_KEY"], "redis://me:hunter2@localhost")
serve(int(sys.argv[1]))
"#;

#[tokio::test]
async fn the_app_finds_what_dapr_run_gives_it_and_its_secrets_are_not_shown() {
    let (folder, port) = (folder(ENVIRONMENT), free_port().to_string());
    let words = ["run", "-a", "my-app", "-p", &port, "--profile-port", "7777", "--", "python3", "main.py", &port];
    let mut shell = Shell::start_with(&words, folder.path(), |command| {
        command.env("MY_API_KEY", "correct-horse-battery").env("APP_PROTOCOL", "mine").env("DAPR_HTTP_PORT", "1");
    });
    shell.until("--profile-port is ignored").await;
    let sidecar = shell.until("sidecar").await;
    shell.until("APP_CHANNEL_ADDRESS=127.0.0.1").await;
    shell.until("APP_ID=my-app").await;
    shell.until(&format!("APP_PORT={port}")).await;
    shell.until("APP_PROTOCOL=mine").await;
    shell.until("DAPR_GRPC_PORT=").await;
    shell.until(&format!("DAPR_HTTP_PORT={}", http_port(&sidecar))).await;
    shell.until("DAPR_METRICS_PORT=").await;
    shell.until("PYTHONUNBUFFERED=1").await;
    shell.until("key is *** redis://me:***@localhost").await;
    let (_, shown) = shell.interrupted().await;
    assert!(!shown.contains("battery"), "{shown}");
}

#[tokio::test]
async fn state_is_still_there_in_the_next_run_and_the_courses_components_need_no_redis() {
    let (folder, port) = (folder(SERVE), free_port().to_string());
    let components = folder.path().join("components");
    fs::create_dir(&components).unwrap();
    let store = "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: statestore, namespace: default}\n\
                 spec: {type: state.redis, version: v1, metadata: [{name: redisHost, value: \"redis-master:6379\"}, \
                 {name: actorStateStore, value: \"true\"}]}\n";
    fs::write(components.join("statestore.yaml"), store).unwrap();
    let data = tempfile::TempDir::new().unwrap();
    let client = reqwest::Client::new();
    for stored in [false, true] {
        let words = ["run", "-p", &port, "--", "python3", "main.py", &port];
        let mut shell = Shell::start_with(&words, folder.path(), |command| {
            command.env("FAULTLAB_DATA", data.path());
        });
        let sidecar = shell.until("sidecar").await;
        shell.until("components/statestore.yaml: statestore (state.redis) is mapped").await;
        shell.until("actor").await;
        let actor = format!("http://127.0.0.1:{}/v1.0/actors/ChatAgent/user1", http_port(&sidecar));
        let found = client.get(format!("{actor}/state/history")).send().await.unwrap();
        assert_eq!(found.status(), if stored { 200 } else { 204 });
        client.put(format!("{actor}/method/Greet")).send().await.unwrap();
        let write = serde_json::json!([{"operation": "upsert", "request": {"key": "history", "value": ["Hi"]}}]);
        let wrote = client.post(format!("{actor}/state")).json(&write).send().await.unwrap();
        assert_eq!(wrote.status(), 204);
        shell.interrupted().await;
    }
}

/// A folder with browser files, as the build lays them: enough for pages to be rendered.
fn site() -> tempfile::TempDir {
    let dir = tempfile::TempDir::new().unwrap();
    fs::create_dir_all(dir.path().join("site/pkg")).unwrap();
    fs::write(dir.path().join("hash.txt"), "js: j\nwasm: w\ncss: c\n").unwrap();
    fs::write(dir.path().join("site/pkg/app.c.css"), "body{}").unwrap();
    dir
}

#[tokio::test]
async fn the_page_is_out_of_the_programs_way_and_is_said() {
    let (folder, site, port) = (folder(SERVE), site(), free_port().to_string());
    let words = ["run", "-p", &port, "--", "python3", "main.py", &port];
    let mut shell = Shell::start_with(&words, folder.path(), |command| {
        command.env("FAULTLAB_SITE", site.path().join("site"));
    });
    let line = shell.until("✓ http://127.0.0.1:").await;
    assert!(line.contains("Ctrl-C ends both"), "{line}");
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
    let served: u16 = url.rsplit(':').next().unwrap().parse().unwrap();
    assert!(served >= 8080 && served.to_string() != port, "{url}");
    let page = reqwest::get(format!("{url}/lab/user1")).await.unwrap();
    assert_eq!(page.status(), 200);
    // What is sent from there is the program's to answer, however much it is.
    let (client, message) = (reqwest::Client::new(), serde_json::json!({"role": "user", "content": "Hi"}));
    for n in 0..120 {
        let answer = client.post(format!("{url}/chat/user1")).json(&message).send().await.unwrap();
        assert_eq!(answer.status(), 200, "message {n}");
    }
    shell.interrupted().await;
}

#[tokio::test]
async fn a_second_ctrl_c_ends_a_program_at_once_that_does_not_care() {
    let deaf = format!("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SERVE}");
    let (folder, port) = (folder(&deaf), free_port().to_string());
    let mut shell = Shell::start(&["run", "-p", &port, "--", "python3", "main.py", &port], folder.path());
    shell.until("actor").await;
    let began = std::time::Instant::now();
    shell.signal(Signal::INT);
    shell.signal(Signal::TERM);
    let (status, shown) = shell.ended().await;
    assert_eq!(status.code(), Some(0), "{shown}");
    assert!(shown.contains("by SIGKILL"), "{shown}");
    assert!(began.elapsed().as_secs_f64() < 4.5, "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_a_program_leaves_behind_that_ended_by_itself_need_not_be_waited_for() {
    // The child is asked to end when its parent has.
    let main = "import os, signal, time\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\nhere, there = os.pipe()\n\
                if os.fork() == 0:\n    signal.signal(signal.SIGTERM, lambda *_: print('stays', flush=True))\n    \
                os.write(there, b'.')\n    while True: time.sleep(9)\nos.read(here, 1)\nos._exit(1)\n";
    let (folder, port) = (folder(main), free_port().to_string());
    let mut shell = Shell::start(&["run", "-p", &port, "--", "python3", "main.py"], folder.path());
    shell.until("stays").await;
    let began = std::time::Instant::now();
    shell.signal(Signal::INT);
    shell.signal(Signal::TERM);
    let (_, shown) = shell.ended().await;
    assert!(began.elapsed().as_secs_f64() < 4.0, "{:?}: {shown}", began.elapsed());
    assert!(shown.contains("left running"), "{shown}");
}

#[tokio::test]
async fn nothing_is_left_when_the_lab_itself_is_killed() {
    let deaf = format!(
        "import os, signal, time\nfor s in (signal.SIGTERM, signal.SIGHUP): signal.signal(s, signal.SIG_IGN)\n\
         if os.fork() == 0:\n    os.setsid()\n    while True: time.sleep(9)\n{SERVE}"
    );
    let (folder, port) = (folder(&deaf), free_port().to_string());
    let mut shell = Shell::start(&["run", "-p", &port, "--", "python3", "main.py", &port], folder.path());
    shell.until("actor").await;
    let mark = shell.mark().to_owned();
    kill_process(shell.pid(), Signal::KILL).unwrap();
    drop(shell);
    tokio::time::timeout(PATIENCE, nothing_left(&mark)).await.expect("nothing is left");
}

#[tokio::test]
async fn a_program_that_ends_later_ends_the_lab_with_its_last_frame() {
    let main = "import os, sys, threading\nfrom app import serve\n\ndef fail():\n    sys.stdin = open('go')\n    sys.stdin.read()\n    \
                raise RuntimeError('the model is gone')\n\nthreading.Thread(target=serve, args=(int(sys.argv[1]),), daemon=True).start()\n\
                fail()\n";
    let (folder, port) = (folder(main), free_port().to_string());
    let go = folder.path().join("go");
    let made = std::process::Command::new("mkfifo").arg(&go).status().unwrap();
    assert!(made.success());
    let mut shell = Shell::start(&["run", "-p", &port, "--", "python3", "main.py", &port], folder.path());
    shell.until("POST /greet/{id}").await;
    // It goes on when somebody has written there.
    fs::write(&go, "go").unwrap();
    shell.until("Your program ended with status 1.").await;
    let line = shell.until("RuntimeError: the model is gone Raised at main.py:7").await;
    assert!(line.contains("raise RuntimeError"), "{line}");
    let (status, _) = shell.ended().await;
    assert_eq!(status.code(), Some(1));
}

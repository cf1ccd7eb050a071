//! A program whose code is replaced behind its open port, as `uvicorn --reload` does.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{
    programs::{folder, free_port},
    shell::{Shell, http_port},
};

/// Keeps the port open and has a child serve it, another one after each SIGUSR1.
const RELOADS: &str = r#"
import os, signal, socket, sys
from http.server import ThreadingHTTPServer
from app import Handler

listening = socket.socket()
listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listening.bind(("127.0.0.1", int(sys.argv[1])))
listening.listen(64)

def work():
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        server.socket = listening
        server.daemon_threads = True
        server.serve_forever()
    return pid

child = work()
print("reloader", os.getpid(), flush=True)

def reload(*_):
    global child
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    child = work()

signal.signal(signal.SIGUSR1, reload)
while True:
    signal.pause()
"#;

/// Takes its time over each event.
const SUBSCRIBES: &str = "import time\n\n\
    def take(self):\n    body = self.rfile.read(int(self.headers['content-length']))\n    \
    print('event', json.loads(body)['data'], flush=True)\n    time.sleep(0.3)\n    self.answer(200, {})\n\n\
    Handler.do_POST = take\n";

#[tokio::test]
async fn what_was_published_before_a_restart_is_delivered_after_it() {
    let main =
        RELOADS.replace("from app import Handler", &format!("import json\nfrom app import Handler\n{SUBSCRIBES}"));
    let (folder, port) = (folder(&main), free_port().to_string());
    let words = ["run", "-p", &port, "--app-max-concurrency", "1", "--", "python3", "main.py", &port];
    let mut shell = Shell::start(&words, folder.path());
    let http = http_port(&shell.until("sidecar").await);
    let line = shell.until("reloader").await;
    let reloader: i32 = line.rsplit(' ').next().unwrap().parse().unwrap();
    shell.until("POST /greet/{id}").await;
    let client = reqwest::Client::new();
    for n in 0..10 {
        let url = format!("http://127.0.0.1:{http}/v1.0/publish/daca-pubsub/user-chat");
        assert!(client.post(url).json(&format!("n{n}.")).send().await.unwrap().status().is_success());
    }
    shell.until("event").await;
    kill_process(Pid::from_raw(reloader).unwrap(), Signal::USR1).unwrap();
    shell.until("✓ ChatAgent").await;
    let (_, shown) = shell.interrupted().await;
    // One may have been in the hands of the process that was killed.
    let taken = (0..10).filter(|n| shown.contains(&format!("event n{n}."))).count();
    assert!(taken >= 9, "{shown}");
}

/// How many actors the sidecar has in memory.
async fn in_memory(http: u16) -> u64 {
    let answer = reqwest::get(format!("http://127.0.0.1:{http}/v1.0/metadata")).await.unwrap();
    let metadata: Value = answer.json().await.unwrap();
    let counts = metadata["actorRuntime"]["activeActors"].as_array().cloned().unwrap_or_default();
    counts.iter().filter_map(|count| count["count"].as_u64()).sum()
}

#[tokio::test]
async fn a_restart_behind_the_port_is_seen_and_the_actors_in_memory_are_forgotten() {
    let (folder, port) = (folder(RELOADS), free_port().to_string());
    let mut shell = Shell::start(&["run", "-p", &port, "--", "python3", "main.py", &port], folder.path());
    let http = http_port(&shell.until("sidecar").await);
    let line = shell.until("reloader").await;
    let reloader: i32 = line.rsplit(' ').next().unwrap().parse().unwrap();
    shell.until("POST /greet/{id}").await;
    for _ in 0..3 {
        let url = format!("http://127.0.0.1:{http}/v1.0/actors/ChatAgent/user1/method/Greet");
        let answer = reqwest::Client::new().put(url).send().await.unwrap();
        assert_eq!(answer.status(), 200, "at the same port");
        assert_eq!(in_memory(http).await, 1);
        kill_process(Pid::from_raw(reloader).unwrap(), Signal::USR1).unwrap();
        shell.until("program restarted").await;
        shell.until("✓ ChatAgent").await;
        assert_eq!(in_memory(http).await, 0);
        shell.until("POST /greet/{id}").await;
    }
    assert_eq!(shell.interrupted().await.0.code(), Some(0));
}

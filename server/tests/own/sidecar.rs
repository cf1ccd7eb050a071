//! `faultlab sidecar`: a program that somebody else starts, in a debugger for instance.

use std::process::Stdio;

use rustix::process::Signal;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::{
    programs::{PATIENCE, SERVE, folder, free_port},
    shell::{Shell, http_port},
};

/// Answers nothing that it is told of the end of an actor.
const HANGS: &str = "import sys, threading\nimport app\n\n\
                     def hang(self):\n    print('told', flush=True)\n    threading.Event().wait()\n\n\
                     app.Handler.do_DELETE = hang\napp.serve(int(sys.argv[1]))\n";

#[tokio::test]
async fn a_second_ctrl_c_leaves_actors_alone_that_do_not_end_and_says_so() {
    let (folder, port) = (folder(HANGS), free_port().to_string());
    let mut shell = Shell::start(&["sidecar", "-p", &port], folder.path());
    let http = http_port(&shell.until("sidecar").await);
    let mut program = start(folder.path(), &port);
    shell.until("POST /greet/{id}").await;
    let url = format!("http://127.0.0.1:{http}/v1.0/actors/ChatAgent/user1/method/Greet");
    assert_eq!(reqwest::Client::new().put(url).send().await.unwrap().status(), 200);
    shell.signal(Signal::INT);
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    while lines.next_line().await.unwrap().as_deref() != Some("told") {}
    shell.signal(Signal::INT);
    let (status, shown) = shell.ended().await;
    assert_eq!(status.code(), Some(0), "{shown}");
    assert!(shown.contains("Ended at once: your program was not told"), "{shown}");
    program.kill().await.unwrap();
}

fn start(folder: &std::path::Path, port: &str) -> Child {
    let mut command = Command::new("python3");
    command.args(["-u", "main.py", port]).current_dir(folder).stdout(Stdio::piped()).kill_on_drop(true);
    command.spawn().unwrap()
}

#[tokio::test]
async fn it_waits_for_the_program_sees_it_restart_and_tells_its_actors_at_the_end() {
    let (folder, port) = (folder(SERVE), free_port().to_string());
    let mut shell = Shell::start(&["sidecar", "-p", &port], folder.path());
    let line = shell.until("sidecar").await;
    assert!(line.contains(&format!("it is waited for on port {port}")), "{line}");
    let http = http_port(&line);
    let mut first = start(folder.path(), &port);
    shell.until("✓ ChatAgent").await;
    shell.until("POST /greet/{id}").await;
    first.kill().await.unwrap();
    let mut second = start(folder.path(), &port);
    shell.until("program restarted").await;
    shell.until("✓ ChatAgent").await;
    let url = format!("http://127.0.0.1:{http}/v1.0/actors/ChatAgent/user1/method/Greet");
    assert_eq!(reqwest::Client::new().put(url).send().await.unwrap().status(), 200);
    let (status, _) = shell.interrupted().await;
    assert_eq!(status.code(), Some(0));
    let mut lines = BufReader::new(second.stdout.take().unwrap()).lines();
    let told = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line == "deactivated /actors/ChatAgent/user1" {
                return;
            }
        }
        panic!("it was not told");
    };
    timeout(PATIENCE, told).await.expect("its actors are deactivated");
    assert!(second.try_wait().unwrap().is_none(), "the program itself lives on");
    second.kill().await.unwrap();
}

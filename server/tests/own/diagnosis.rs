//! Starts that go wrong: each is told in one line with what to do.

use std::net::TcpListener;

use crate::{
    programs::{SERVE, folder, free_port},
    shell::Shell,
};

#[tokio::test]
async fn a_program_that_does_not_parse_is_named_with_its_line() {
    let (folder, port) = (folder("x = \"a'\n"), free_port().to_string());
    let mut shell = Shell::start(&["run", "-p", &port, "--", "python3", "main.py"], folder.path());
    let line = shell.until("main.py:1 does not parse").await;
    assert!(line.contains("A string has to end with the quote that it begins with"), "{line}");
    shell.until(&format!("Your program ended with status 1 before it opened port {port}.")).await;
    assert_eq!(shell.ended().await.0.code(), Some(4));
}

#[tokio::test]
async fn a_program_that_ends_before_it_listens_is_no_server() {
    let (folder, port) = (folder("print('done')\n"), free_port().to_string());
    let mut shell = Shell::start(&["run", "-p", &port, "--", "python3", "main.py"], folder.path());
    shell.until("[your_program] done").await;
    let line = shell.until("ended with status 0 before it opened port").await;
    assert!(line.contains("is that the server's command?"), "{line}");
    assert_eq!(shell.ended().await.0.code(), Some(4));
}

#[tokio::test]
async fn a_program_that_listens_elsewhere_is_told_both_ways_out_and_still_waited_for() {
    let (folder, port, other) = (folder(SERVE), free_port().to_string(), free_port().to_string());
    let mut shell = Shell::start(&["run", "-p", &port, "--", "python3", "main.py", &other], folder.path());
    let line = shell.until(&format!("Your program listens on {other}, you said {port}.")).await;
    assert!(line.contains(&format!("Say -p {other}")), "{line}");
    shell.until(&format!("Still waiting for port {port}.")).await;
    let (status, shown) = shell.interrupted().await;
    assert_eq!(status.code(), Some(0));
    assert!(shown.contains("Nothing is left running."), "{shown}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_with_who_has_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = folder(SERVE);
    let mut shell = Shell::start(&["run", "-p", &port, "--", "python3", "main.py", &port], folder.path());
    let line = shell.until(&format!("Port {port} is taken")).await;
    assert!(line.contains(&format!("pid {}", std::process::id())), "{line}");
    assert_eq!(shell.ended().await.0.code(), Some(4));
}

#[tokio::test]
async fn a_program_without_actors_or_with_others_is_told_so() {
    for (kind, said) in [("none", "No actor is registered"), ("HelloAgent", "registers HelloAgent, and no ChatAgent")] {
        let (folder, port) = (folder(SERVE), free_port().to_string());
        let words = ["run", "-p", &port, "--", "python3", "main.py", &port];
        let mut shell = Shell::start_with(&words, folder.path(), |command| {
            command.env("KIND", kind);
        });
        let line = shell.until(said).await;
        assert!(line.contains("register_actor"), "{line}");
        assert_eq!(shell.interrupted().await.0.code(), Some(0));
    }
}

#[tokio::test]
async fn the_wrong_environment_is_told_with_the_right_one() {
    let folder = folder("import nothing_that_is_there\n");
    let port = free_port().to_string();
    let shell = Shell::start(&["run", "-p", &port, "--", "no-such-server", "main:app"], folder.path());
    let (status, shown) = shell.ended().await;
    assert_eq!(status.code(), Some(4), "{shown}");
    assert!(shown.contains("no-such-server was not found. Activate the environment"), "{shown}");

    let mut shell = Shell::start(&["run", "-p", &port, "--", "python3", "main.py"], folder.path());
    let line = shell.until("has no module nothing_that_is_there.").await;
    assert!(line.contains("-m pip install nothing_that_is_there"), "{line}");
    assert_eq!(shell.ended().await.0.code(), Some(4));
}

#[tokio::test]
async fn more_than_one_worker_is_told_before_anything_goes_wrong() {
    let (folder, port) = (folder(SERVE), free_port().to_string());
    let words = ["run", "-p", &port, "--", "python3", "main.py", &port, "--workers", "4"];
    let mut shell = Shell::start(&words, folder.path());
    shell.until("--workers asks for 4 processes").await;
    shell.interrupted().await;
}

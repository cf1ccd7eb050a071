//! What ends a start: each with one clear line, and nothing overwritten.

use std::{fs, net::TcpListener, path::Path};

use server::start;
use tempfile::TempDir;

use crate::support::{Lab, config, site};

async fn refusal(data: &Path, change: impl FnOnce(&mut server::Config)) -> String {
    let site = site();
    let mut config = config(site.path(), data);
    change(&mut config);
    match start(config).await {
        Ok(running) => {
            running.stop().await;
            panic!("it started");
        }
        Err(error) => format!("{error:#}"),
    }
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_flag_that_changes_it() {
    let data = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap();
    let port = addr.port().to_string();
    let words = refusal(data.path(), |config| config.addr = addr).await;
    assert!(words.contains(&port) && words.contains("--addr") && !words.contains('\n'), "{words}");
    let words = refusal(data.path(), |config| config.app_addr = addr).await;
    assert!(words.contains(&port) && words.contains("--app-addr"), "{words}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "not a folder").unwrap();
    let words = refusal(&file.join("data"), |_| {}).await;
    assert!(words.contains("file/data") && words.contains("--data"), "{words}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "not a folder");
}

#[tokio::test]
async fn missing_browser_files_are_named_with_the_command_that_builds_them() {
    let data = TempDir::new().unwrap();
    let words = refusal(data.path(), |config| config.site = Some("/nowhere/site".into())).await;
    assert!(words.contains("/nowhere/site") && words.contains("cargo xtask build"), "{words}");
}

#[tokio::test]
async fn a_corrupt_database_stops_the_start_and_is_left_as_it_is() {
    let data = TempDir::new().unwrap();
    let file = data.path().join("faultlab.db");
    fs::write(&file, "this was a database once").unwrap();
    let words = refusal(data.path(), |_| {}).await;
    assert!(words.contains("faultlab.db") && words.contains("overwritten"), "{words}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "this was a database once");
}

#[tokio::test]
async fn somebody_else_s_database_stops_the_start_and_is_left_as_it_is() {
    let data = TempDir::new().unwrap();
    let file = data.path().join("faultlab.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("create table recipes (name text)").unwrap();
    let before = fs::read(&file).unwrap();
    let words = refusal(data.path(), |_| {}).await;
    assert!(words.contains("faultlab.db"), "{words}");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn a_store_that_is_not_known_is_refused_by_name() {
    let data = TempDir::new().unwrap();
    let words = refusal(data.path(), |config| config.store = Some("mongodb://localhost".into())).await;
    assert!(words.contains("mongodb") && words.contains("sqlite:"), "{words}");
}

#[tokio::test]
async fn a_restart_keeps_the_history() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    lab.switch_off("user1").await;
    lab.say("user1", "Hi there").await;
    let before = lab.get_json("/chat/user1/history").await;
    lab.stop().await;
    let lab = Lab::start(data.path()).await;
    assert_eq!(lab.get_json("/chat/user1/history").await, before);
    lab.stop().await;
}

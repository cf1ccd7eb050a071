//! What stands in the store itself.

use std::process::Command;

use model::{error::ErrorCode, timeline::Step};
use tempfile::TempDir;

use crate::support::{Bench, both, user1};

const HISTORY: &str = "daca-ai-app||ChatAgent||user1||history-user1";

#[tokio::test]
async fn history_and_answered_ids_are_stored_under_keys_of_their_own() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    bench.send_as("Hi", "id-1").await.unwrap();
    let expected = [
        (
            "daca-ai-app||ChatAgent||user1||answered-user1".to_owned(),
            r#"[{"id":"id-1","reply":"OuAj2s_PAAiVbTpaD2dHMg"}]"#.to_owned(),
        ),
        (
            HISTORY.to_owned(),
            r#"[{"role":"user","content":"Hi"},{"role":"assistant","content":"Got your message: Hi"}]"#.to_owned(),
        ),
    ];
    assert_eq!(bench.rows(), expected);
    bench.stop().await;
}

#[tokio::test]
async fn the_command_that_is_shown_prints_the_value_that_is_shown() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    bench.send("it's 5 $ (five)").await.unwrap();
    let stored = bench.backend().compare_with_store(&user1()).await.unwrap();
    assert_eq!(stored.key, HISTORY);
    assert!(stored.etag.is_some());
    let output = Command::new("sh").args(["-c", &stored.command]).output().unwrap();
    assert!(output.status.success(), "{}: {}", stored.command, String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), stored.value.unwrap());
    bench.until(|step| matches!(step, Step::StoreRead { .. })).await;
    bench.stop().await;
}

#[tokio::test]
async fn a_key_that_was_taken_away_is_an_empty_history() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    bench.send("gone").await.unwrap();
    let connection = rusqlite::Connection::open(&bench.store).unwrap();
    connection.execute("DELETE FROM state", []).unwrap();
    assert_eq!(bench.history().await, []);
    bench.send("next").await.unwrap();
    assert_eq!(bench.history().await, both("next"));
    bench.stop().await;
}

#[tokio::test]
async fn a_value_of_another_form_is_named_and_never_overwritten_but_by_a_reset() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    bench.switch_off();
    bench.send("one").await.unwrap();
    let connection = rusqlite::Connection::open(&bench.store).unwrap();
    let value = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, r#"{"a":1}"#);
    connection.execute("UPDATE state SET value = ?1 WHERE key = ?2", [&value, HISTORY]).unwrap();
    let rows = bench.rows();
    let error = bench.send("two").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::TurnFailed);
    assert!(error.message.contains("history-user1 is not a list of messages"), "{error}");
    let attempts = bench.events().iter().filter(|event| matches!(event.step, Step::AttemptFailed { .. })).count();
    assert_eq!(attempts, 1, "a retry cannot mend it");
    assert_eq!(bench.rows(), rows);
    assert!(bench.backend().panels(&user1()).await.history.unwrap_err().message.contains("history-user1"));
    bench.backend().reset(&user1()).await.unwrap();
    assert_eq!(bench.history().await, []);
    bench.stop().await;
}

//! What makes no sense: one line that says what to do, and a status of its own.

use std::process::Stdio;

use tokio::{process::Command, time::timeout};

use crate::programs::{PATIENCE, faultlab};

async fn refused(words: &[&str], folder: &std::path::Path) -> (Option<i32>, String) {
    let mut command = Command::new(faultlab());
    command.args(words).current_dir(folder).env("FAULTLAB_DATA", folder.join("data"));
    let ended = timeout(PATIENCE, command.stdin(Stdio::null()).kill_on_drop(true).output()).await;
    let ended = ended.expect("it does not start").unwrap();
    (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
}

#[tokio::test]
async fn wrong_usage_of_a_command_has_one_line_and_status_3() {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("broken.yaml"), "kind: Component\nmetadata: [1, 2\n").unwrap();
    for (words, said) in [
        (&["run"][..], "faultlab run -p 8000 -- uvicorn"),
        (&["run", "-p", "8000"], "say which program"),
        (&["run", "--", "true"], "with -p"),
        (&["run", "-p", "none", "--", "true"], "none"),
        (&["run", "-p", "1", "--nothing", "--", "true"], "--nothing"),
        (&["run", "-p", "1", "-d", "nowhere", "--", "true"], "nowhere"),
        (&["run", "-p", "1", "-d", ".", "--", "true"], "broken.yaml:"),
        (&["run", "-p", "1", "-c", "none.yaml", "--", "true"], "none.yaml"),
        (&["run", "-f", "nowhere.yaml"], "-f"),
        (&["sidecar"], "faultlab sidecar -p 8000"),
        (&["new"], "DIR"),
        (&["new", "."], "not empty"),
        (&["rnu"], "rnu"),
    ] {
        let (status, words_said) = refused(words, folder.path()).await;
        assert_eq!(status, Some(3), "{words:?}: {words_said}");
        assert!(words_said.contains(said), "{words:?}: {words_said}");
        assert_eq!(words_said.lines().count(), 1, "{words:?}: {words_said}");
    }
}

#[tokio::test]
async fn help_names_the_commands_and_the_flags_of_dapr_run() {
    let folder = tempfile::TempDir::new().unwrap();
    for (words, named) in [
        (&["--help"][..], &["run", "sidecar", "new", "--addr", "--data"][..]),
        (&["run", "--help"], &["--app-port", "--resources-path", "--real-stores", "Accepted and ignored"]),
        (&["--version"], &["faultlab "]),
    ] {
        let ended = Command::new(faultlab()).args(words).current_dir(folder.path()).output().await.unwrap();
        assert_eq!(ended.status.code(), Some(0));
        let said = String::from_utf8(ended.stdout).unwrap();
        for name in named {
            assert!(said.contains(name), "{words:?} does not name {name}: {said}");
        }
    }
}

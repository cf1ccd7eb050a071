//! One SQLite file in the hands of the embedded sidecar, then of daprd's `state.sqlite`, then of the first again.

use std::path::Path;

use crate::runtime::{Lab, Runtime, Setup, Store};
use crate::support::{App, delete, upsert};

async fn on_file(runtime: Runtime, file: &Path) -> Lab {
    let store = Store::File(file.to_owned());
    runtime.with(App::echo(), Setup { store, ..Setup::default() }).await
}

/// Writes one value over each API.
async fn write(lab: &Lab, who: &str) {
    lab.invoke("a", "Do", "").await.unwrap();
    let bytes = format!("{who} \u{0}\u{1} é");
    let operations = vec![upsert(&format!("bytes-of-{who}"), &bytes), upsert("shared", who), upsert("gone", who)];
    lab.change_state("a", operations).await.unwrap();
    lab.change_state("a", vec![delete("gone")]).await.unwrap();
    let json = serde_json::json!([
        {"operation": "upsert", "request": {"key": format!("json-of-{who}"), "value": {"who": who, "n": [1, null], "s": "<&>"}}},
    ]);
    let url = lab.url("/v1.0/actors/Counter/a/state");
    let answer = lab.http.put(url).json(&json).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

/// Checks what each of them wrote, and that the last one's shared value counts.
async fn check(lab: &Lab, writers: &[&str]) {
    for who in writers {
        let bytes = lab.get_state("a", &format!("bytes-of-{who}")).await.unwrap();
        assert_eq!(bytes, format!("{who} \u{0}\u{1} é").as_bytes());
        let url = lab.url(&format!("/v1.0/actors/Counter/a/state/json-of-{who}"));
        let json = lab.http.get(url).send().await.unwrap().text().await.unwrap();
        assert_eq!(json, format!(r#"{{"n":[1,null],"s":"\u003c\u0026\u003e","who":"{who}"}}"#), "as Go writes JSON");
    }
    assert_eq!(lab.get_state("a", "shared").await.unwrap(), writers.last().unwrap().as_bytes());
    assert_eq!(lab.get_state("a", "gone").await.unwrap(), b"");
}

#[tokio::test]
async fn a_file_goes_from_the_embedded_sidecar_to_daprd_and_back_without_loss() {
    let Some((daprd, _place)) = Runtime::daprd().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let order = [(Runtime::Embedded, "first"), (daprd, "second"), (Runtime::Embedded, "third"), (daprd, "fourth")];
    let mut writers = Vec::new();
    for (runtime, who) in order {
        let lab = on_file(runtime, &file).await;
        if !writers.is_empty() {
            check(&lab, &writers).await;
        }
        write(&lab, who).await;
        writers.push(who);
        check(&lab, &writers).await;
        lab.shutdown().await;
    }
}

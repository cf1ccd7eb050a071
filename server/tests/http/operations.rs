//! What whoever operates the lab looks at.

use std::{collections::BTreeSet, fs, path::Path};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::support::Lab;

async fn metrics(lab: &Lab) -> String {
    let response = lab.get("/metrics").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4");
    response.text().await.unwrap()
}

/// The value of a series, `name{labels}`.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is not there: {text}")).parse().unwrap()
}

#[tokio::test]
async fn a_turn_through_a_failure_is_counted_with_its_attempts() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let before = metrics(&lab).await;
    assert_eq!(value(&before, r#"faultlab_turns_total{outcome="completed"}"#), 0.0, "the first is seen as a rise");
    assert_eq!(lab.say("user1", "Hi there").await.0, StatusCode::OK);
    let (status, _) =
        lab.put_json("/api/lab/user1/fault", json!({"on": true, "plan": [{"operation": "save", "attempts": 3}]})).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) =
        lab.put_json("/api/lab/user1/policy", json!({"attempts": 2, "delay_ms": 1, "backoff": "constant"})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(lab.say("user1", "Not stored").await.0, StatusCode::SERVICE_UNAVAILABLE);
    let after = metrics(&lab).await;
    for (series, counted) in [
        (r#"faultlab_turns_total{outcome="completed"}"#, 1.0),
        (r#"faultlab_turns_total{outcome="failed"}"#, 1.0),
        (r#"faultlab_turn_seconds_count{outcome="completed"}"#, 1.0),
        (r#"faultlab_attempts_total{cause="simulated_actor",end="failed",operation="load"}"#, 1.0),
        (r#"faultlab_attempts_total{cause="simulated_actor",end="failed",operation="save"}"#, 2.0),
        (r#"faultlab_attempts_total{cause="none",end="succeeded",operation="load"}"#, 2.0),
        (r#"faultlab_attempts_total{cause="none",end="succeeded",operation="save"}"#, 1.0),
        (r#"faultlab_recoveries_total{operation="load"}"#, 1.0),
        ("faultlab_labs", 1.0),
        ("faultlab_streams", 0.0),
    ] {
        assert_eq!(value(&after, series), counted, "{series}: {after}");
    }
    assert!(value(&after, r#"faultlab_turn_seconds_sum{outcome="completed"}"#) >= 1.0, "it waited for a second");
    assert!(value(&after, "faultlab_labs_bytes") < value(&after, "faultlab_labs_limit_bytes"));
    assert!(after.contains(concat!(
        "faultlab_build_info{commit=\"unknown\",version=\"",
        env!("CARGO_PKG_VERSION"),
        "\"} 1"
    )));
    lab.stop().await;
}

#[tokio::test]
async fn streams_and_how_late_their_events_are_is_told() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let mut frames = lab.follow("/events/user1", None).await;
    assert_eq!(value(&metrics(&lab).await, "faultlab_streams"), 1.0);
    lab.switch_off("user1").await;
    frames.until("fault_changed").await;
    assert_eq!(value(&metrics(&lab).await, "faultlab_timeline_lag_seconds_count"), 1.0);
    drop(frames);
    // The stream ends when the lab finds that its reader has gone: at the next event that goes out.
    while value(&metrics(&lab).await, "faultlab_streams") > 0.0 {
        lab.switch_off("user1").await;
    }
    lab.stop().await;
}

#[tokio::test]
async fn it_is_ready_as_long_as_its_sidecar_answers_and_alive_without_it() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    for path in ["/livez", "/readyz"] {
        let response = lab.get(path).await;
        assert_eq!((response.status(), response.text().await.unwrap().as_str()), (StatusCode::OK, "ok"), "{path}");
    }
    let addr = lab.origin.trim_start_matches("http://").parse().unwrap();
    assert_eq!(server::health::ask(addr).await, Ok(()));
    lab.stop().await;

    // Takes connections, and says nothing on them.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = silent.local_addr().unwrap().to_string();
    let lab = Lab::start_with(data.path(), |config| config.dapr.dapr_grpc_endpoint = Some(endpoint)).await;
    assert_eq!(lab.get("/livez").await.status(), StatusCode::OK);
    let ready = lab.get("/readyz").await;
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready.text().await.unwrap().contains("the sidecar does not answer"));
    let addr = lab.origin.trim_start_matches("http://").parse().unwrap();
    let words = server::health::ask(addr).await.unwrap_err();
    assert!(words.contains("is not ready (503") && words.contains("sidecar"), "{words}");
    lab.stop().await;
}

/// The names of metrics in a text: ours, and those of the process.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|char: char| !char.is_ascii_alphanumeric() && char != '_');
    let words = words.filter(|word| word.starts_with("faultlab_") || word.starts_with("process_"));
    words.map(str::to_owned).collect()
}

/// The queries of a dashboard's panels.
fn queries(dashboard: &Value) -> Vec<&str> {
    let panels = dashboard["panels"].as_array().unwrap();
    panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array())
        .flatten()
        .map(|target| target["expr"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_dashboard_and_the_operators_page_name_what_is_served() {
    let data = TempDir::new().unwrap();
    let lab = Lab::start(data.path()).await;
    let text = metrics(&lab).await;
    let series: BTreeSet<String> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(['{', ' ']).next().unwrap().to_owned())
        .collect();
    let families: BTreeSet<String> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next().map(str::to_owned)).collect();

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let dashboard: Value =
        serde_json::from_slice(&fs::read(root.join("deploy/grafana-dashboard.json")).unwrap()).unwrap();
    let queries = queries(&dashboard);
    assert!(queries.len() >= 8, "{queries:?}");
    for query in queries {
        let named = names(query);
        assert!(!named.is_empty() && named.is_subset(&series), "{query}: {named:?}");
    }
    let page = fs::read_to_string(root.join("docs/operating.md")).unwrap();
    let explained: BTreeSet<String> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| names(line.split('|').nth(1).unwrap()))
        .collect();
    let ours: BTreeSet<String> = families.into_iter().filter(|name| name.starts_with("faultlab_")).collect();
    assert_eq!(explained, ours, "each of them is explained, and no other");
    lab.stop().await;
}

//! The scenarios on real Dapr: a real outage of Redis among them.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::rig::Rig;

#[tokio::test]
async fn every_scenario_of_the_lab_on_daprd_ends_as_its_file_says() {
    let Some(rig) = Rig::start().await else { return };
    let (_, scenarios) = rig.get("/api/scenarios").await;
    let offered = scenarios.as_array().unwrap().iter().filter(|scenario| scenario["missing"] == Value::Null);
    let names: Vec<_> = offered.map(|scenario| scenario["name"].as_str().unwrap().to_owned()).collect();
    assert!(names.iter().any(|name| name == "redis-outage") && !names.iter().any(|name| name == "both-retry"));
    // A minute of idling is a minute here: the embedded sidecar's tests have one that idles sooner.
    for name in names.iter().filter(|name| *name != "after-idling") {
        let url = rig.url("/api/lab/user1/scenario");
        let answer = reqwest::Client::new().post(url).json(&json!({ "name": name })).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{name}");
        let report: Value = answer.json().await.unwrap();
        assert_eq!(report["differences"], json!([]), "{name}: {report:#}\n{:#?}", rig.log("user1").await);
    }
}

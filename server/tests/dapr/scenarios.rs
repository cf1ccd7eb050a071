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
    // That one is run below, where actors idle for a short time: a daprd would cancel the longer turns of the others.
    for name in names.iter().filter(|name| *name != "after-idling") {
        ends_as_told(&rig, name).await;
    }
}

#[tokio::test]
async fn an_actor_that_daprd_took_out_of_memory_comes_back() {
    let Some(rig) = Rig::start_with(&["--actor-idle", "3"]).await else { return };
    let (_, config) = rig.get("/dapr/config").await;
    assert_eq!(config["actorIdleTimeout"], "3s");
    ends_as_told(&rig, "after-idling").await;
    let (_, timeline) = rig.get("/api/lab/user1/timeline").await;
    let told = |kind: &str| timeline["events"].as_array().unwrap().iter().filter(|event| event["type"] == kind).count();
    // The reset before it finds the actor in memory, or brings it there.
    assert_eq!((told("deactivated"), told("activated")), (1, 1));
}

async fn ends_as_told(rig: &Rig, name: &str) {
    let url = rig.url("/api/lab/user1/scenario");
    let answer = rig.client.post(url).json(&json!({ "name": name })).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{name}");
    let report: Value = answer.json().await.unwrap();
    assert_eq!(report["differences"], json!([]), "{name}: {report:#}\n{:#?}", rig.log("user1").await);
}

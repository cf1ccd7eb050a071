//! A lab with a wire to Redis: the switch's third layer, shared by all its actors. Nobody answers behind the wire here:
//! what it does to a real Redis is shown on a real daprd.

use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::Lab;

async fn wired(data: &TempDir) -> Lab {
    Lab::start_with(data.path(), |config| {
        config.wire = Some("127.0.0.1:0".parse().unwrap());
        config.store = Some("redis://127.0.0.1:1".to_owned());
        config.dapr.dapr_grpc_port = Some(1);
    })
    .await
}

/// A fault on the wire as the lab tells it.
fn on_the_wire(kind: &str) -> Value {
    json!({"kind": kind, "span": "until_off", "layer": "wire"})
}

async fn set(lab: &Lab, actor: &str, setting: Value) -> Value {
    let (status, fault) = lab.put_json(&format!("/api/lab/{actor}/fault"), setting).await;
    assert_eq!(status, StatusCode::OK, "{fault}");
    fault
}

async fn arm(lab: &Lab, actor: &str, kind: &str) -> Value {
    set(lab, actor, json!({"on": true, "plan": [{"kind": kind, "layer": "wire"}]})).await
}

async fn put(lab: &Lab, fault: Value) {
    let (status, told) = lab.put_json("/api/wire", json!({ "fault": fault })).await;
    assert_eq!(status, StatusCode::OK, "{told}");
}

/// What the wire does.
async fn wire(lab: &Lab) -> Value {
    lab.get_json("/api/wire").await.1["fault"].clone()
}

/// How many attempts the first fault of a lab is still going to meet: null while the wire does what it says.
async fn left(lab: &Lab, actor: &str) -> Value {
    lab.get_json(&format!("/api/lab/{actor}/fault")).await.1["counts"][0]["left"].clone()
}

/// The kinds of an actor's events, the last `n`.
async fn told(lab: &Lab, actor: &str, n: usize) -> Vec<String> {
    let (_, timeline) = lab.get_json(&format!("/api/lab/{actor}/timeline")).await;
    let events = timeline["events"].as_array().unwrap();
    events.iter().skip(events.len() - n).map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_plan_with_a_fault_on_the_wire_sets_it_and_takes_it_back() {
    let data = TempDir::new().unwrap();
    let lab = wired(&data).await;
    assert_eq!(lab.get_json("/api/lab/user1").await.1["layers"], json!(["actor", "wire"]));
    let armed = arm(&lab, "user1", "refuse").await;
    assert_eq!(armed["plan"], json!([on_the_wire("refuse")]), "it reads as it was written, with what was left out");
    assert_eq!(armed["counts"], json!([{"left": null, "met": 0}]));
    assert_eq!(wire(&lab).await, on_the_wire("refuse"), "one type for both");
    assert_eq!(told(&lab, "user1", 2).await, ["fault_changed", "wire_changed"]);

    let both = json!([{"operation": "save"}, {"kind": "delay", "ms": 30, "layer": "wire"}]);
    let armed = set(&lab, "user1", json!({"on": true, "plan": both})).await;
    assert_eq!((&armed["counts"][0]["left"], &armed["counts"][1]["left"]), (&json!(1), &json!(null)));
    assert_eq!(wire(&lab).await["ms"], 30);
    set(&lab, "user1", json!({"on": true, "plan": [{"operation": "save"}]})).await;
    assert_eq!(wire(&lab).await, Value::Null, "the plan has no fault there any more");

    for end in ["off", "on again", "off"] {
        let on = set(&lab, "user1", json!({"on": true, "plan": [{"kind": "stall", "layer": "wire"}]})).await;
        assert_eq!((on["on"].clone(), wire(&lab).await), (json!(true), on_the_wire("stall")), "{end}");
        set(&lab, "user1", json!({"on": false})).await;
        assert_eq!(wire(&lab).await, Value::Null, "{end}");
    }
    set(&lab, "user1", json!({"on": true})).await;
    assert_eq!(wire(&lab).await, on_the_wire("stall"), "the plan is kept while the switch is off");
    lab.stop().await;
}

#[tokio::test]
async fn who_sets_the_wire_last_decides_and_the_other_switch_says_so() {
    let data = TempDir::new().unwrap();
    let lab = wired(&data).await;
    arm(&lab, "anna", "refuse").await;
    arm(&lab, "berta", "cut").await;
    assert_eq!(wire(&lab).await, on_the_wire("cut"));
    assert_eq!((left(&lab, "anna").await, left(&lab, "berta").await), (json!(0), Value::Null));
    assert_eq!(told(&lab, "anna", 2).await, ["fault_changed", "wire_changed"], "her page is told at once");
    set(&lab, "anna", json!({"on": false})).await;
    assert_eq!(wire(&lab).await, on_the_wire("cut"), "it is not hers to take away");

    put(&lab, json!({"kind": "delay", "ms": 5})).await;
    assert_eq!(left(&lab, "berta").await, 0);
    put(&lab, Value::Null).await;
    let again = lab.client.post(format!("{}/api/lab/berta/fault/arm", lab.origin)).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!((wire(&lab).await, left(&lab, "berta").await), (on_the_wire("cut"), Value::Null));

    // Set to the same by hand it is not hers either.
    put(&lab, json!({"kind": "cut", "layer": "wire"})).await;
    assert_eq!(left(&lab, "berta").await, 0);
    set(&lab, "berta", json!({"on": false})).await;
    assert_eq!(wire(&lab).await, on_the_wire("cut"));
    lab.stop().await;
}

#[tokio::test]
async fn a_plan_that_could_outlast_a_turn_on_the_wire_is_refused_and_sets_nothing() {
    let data = TempDir::new().unwrap();
    let lab = wired(&data).await;
    let worst = json!({"on": true, "plan": [{"kind": "stall", "layer": "wire"}]});
    let (status, _) = lab.put_json("/api/lab/user1/policy", json!({"attempts": 6, "delay_ms": 0})).await;
    assert_eq!(status, StatusCode::OK);
    let (status, body) = lab.put_json("/api/lab/user1/fault", worst).await;
    assert_eq!((status, &body["error"]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("plan")), "{body}");
    assert!(body["error"]["message"].as_str().unwrap().contains("40.8 s"), "{body}");
    assert_eq!(wire(&lab).await, Value::Null, "what is refused sets nothing");
    lab.stop().await;
}

#[tokio::test]
async fn a_wire_that_lets_nothing_pass_is_predicted_whoever_has_set_it() {
    let data = TempDir::new().unwrap();
    let lab = wired(&data).await;
    let predicted = async || lab.get_json("/api/lab/user1/prediction").await;
    let (status, _) = predicted().await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "a sidecar that is away is nobody's plan");
    put(&lab, json!({"kind": "stall"})).await;
    let (status, prediction) = predicted().await;
    assert_eq!((status, &prediction["outcome"]), (StatusCode::OK, &json!("not_stored")), "{prediction}");
    // The lesson's first load fails in the actor; the other two leave it.
    let sentence = "All 3 load attempts fail, in 15.6 s. Nothing is stored.";
    assert_eq!((&prediction["sentence"], &prediction["max_ms"]), (&json!(sentence), &json!(15_600)), "{prediction}");
    arm(&lab, "user1", "refuse").await;
    let (_, prediction) = predicted().await;
    let hit = &prediction["steps"][0]["hit"]["end"];
    assert_eq!(hit, &json!({"layer": "wire", "hangs": false}), "{prediction}");
    lab.stop().await;
}

#[tokio::test]
async fn a_reset_ends_the_outage_that_the_lab_itself_has_made_before_it_needs_the_store() {
    let data = TempDir::new().unwrap();
    let lab = wired(&data).await;
    let reset = async |actor: &str| {
        let post = lab.client.post(format!("{}/api/lab/{actor}/reset", lab.origin));
        // Nobody answers behind the wire, nor in front of it.
        assert_eq!(post.send().await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    };
    arm(&lab, "user1", "refuse").await;
    reset("user2").await;
    assert_eq!(wire(&lab).await, on_the_wire("refuse"), "another lab's outage stays");
    reset("user1").await;
    assert_eq!(wire(&lab).await, Value::Null);
    assert_eq!(lab.get_json("/api/lab/user1/fault").await.1["on"], false);
    lab.stop().await;
}

#[tokio::test]
async fn the_wire_takes_no_setting_that_is_none() {
    let data = TempDir::new().unwrap();
    let lab = wired(&data).await;
    for (fault, field, words) in [
        (json!({}), "fault.kind", "refuse, stall, delay or cut"),
        (json!({"kind": "melt"}), "fault.kind", "refuse, stall, delay or cut"),
        (json!({"kind": "hang"}), "fault.kind", "refuse, stall, delay or cut"),
        (json!({"kind": "delay"}), "fault.ms", "missing"),
        (json!({"kind": "delay", "ms": 10_001}), "fault.ms", "1 to 10000"),
        (json!({"kind": "refuse", "ms": 5}), "fault.ms", "the kind delay only"),
        (json!({"kind": "refuse", "layer": "actor"}), "fault.layer", "wire, or left out"),
        (json!({"kind": "refuse", "operation": "load"}), "fault.operation", "Leave it away"),
        (json!({"kind": "refuse", "span": "next"}), "fault.span", "until_off"),
        (json!({"kind": "refuse", "mood": "bad"}), "fault.mood", "unknown field"),
    ] {
        let (status, body) = lab.put_json("/api/wire", json!({ "fault": fault })).await;
        let error = &body["error"];
        assert_eq!((status, &error["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{body}");
        assert!(error["message"].as_str().unwrap().contains(words), "{body}");
    }
    let (status, body) = lab.put_json("/api/wire", json!({})).await;
    assert_eq!((status, &body["error"]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("fault")), "{body}");
    let two = json!({"on": true, "plan": [{"kind": "cut", "layer": "wire"}, {"kind": "stall", "layer": "wire"}]});
    let (status, body) = lab.put_json("/api/lab/user1/fault", two).await;
    assert_eq!(
        (status, &body["error"]["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("plan[1].layer")),
        "{body}"
    );
    let store = json!({"on": true, "plan": [{"operation": "load", "layer": "store"}]});
    let (_, body) = lab.put_json("/api/lab/user1/fault", store).await;
    let error = &body["error"];
    assert_eq!(error["field"], "plan[0].layer");
    assert!(error["message"].as_str().unwrap().contains("Use actor or wire"), "{body}");
    assert_eq!(wire(&lab).await, Value::Null);
    lab.stop().await;
}

#[tokio::test]
async fn the_page_offers_the_wire_in_the_switch_where_there_is_one_alone() {
    let (data, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let lab = wired(&data).await;
    let page = async |lab: &Lab| lab.get("/").await.text().await.unwrap();
    assert!(page(&lab).await.contains("on the wire to Redis, for every actor"));
    let form = |body: &'static str| {
        let post = lab.client.post(format!("{}/api/set_fault", lab.origin));
        let post = post.header("content-type", "application/x-www-form-urlencoded").header("origin", &lab.origin);
        post.body(body).send()
    };
    // What the kind has no use for is in the fields all the same.
    let fields = "actor=user1&on=on&plan[0][operation]=load&plan[0][kind]=hang&plan[0][span]=first&plan[0][attempts]=3\
                  &plan[0][layer]=wire&plan[0][wire]=delay&plan[0][ms]=40";
    assert_eq!(form(fields).await.unwrap().status(), StatusCode::OK);
    assert_eq!(wire(&lab).await["ms"], 40);
    assert!(page(&lab).await.contains("the wire to Redis delays 40 ms, for every actor"), "the switch says it");
    assert_eq!(form("actor=user1&plan[0][layer]=wire&plan[0][wire]=cut").await.unwrap().status(), StatusCode::OK);
    assert_eq!(wire(&lab).await, Value::Null, "the switch is off");
    let refused = form("actor=user1&on=on&plan[0][layer]=wire&plan[0][wire]=melt").await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().await.unwrap().contains("plan[0].wire"));
    lab.stop().await;
    let lab = Lab::start(other.path()).await;
    let page = page(&lab).await;
    assert!(page.contains("in the store, behind the sidecar") && !page.contains("on the wire to Redis"));
    lab.stop().await;
}

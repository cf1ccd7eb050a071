//! Files at the start, and policies that are switched while the sidecar runs.

use std::time::Duration;

use serde_json::json;
use sidecar::observation::RetryEnd;
use sidecar::{ResiliencySet, Resources, StartError};

use crate::rig::{DOWN, Fate, Log, Rig, around_store, policies};
use crate::support::{App, DEADLINE, Lab, PUBSUB, STORE, upsert};

fn set(text: &str) -> ResiliencySet {
    ResiliencySet::from_documents([("resiliency.yaml", text)]).unwrap()
}

async fn listed(lab: &Lab) -> serde_json::Value {
    let answer = lab.http.get(lab.url("/v1.0/metadata")).send().await.unwrap();
    answer.json::<serde_json::Value>().await.unwrap()["resiliencies"].clone()
}

#[tokio::test]
async fn policies_are_switched_on_and_off_while_the_sidecar_runs() {
    let rig = Rig::new([Fate::Fails(DOWN), Fate::Fails(DOWN), Fate::Fails(DOWN)]);
    let lab = rig.lab(&[]).await;
    lab.get_state("a", "k").await.unwrap_err();
    assert_eq!(listed(&lab).await, json!(null));

    let switch = lab.sidecar.resiliency().clone();
    switch.set(Some(set(&around_store("duration: 5ms, maxRetries: 3", "")))).unwrap();
    assert_eq!(listed(&lab).await, json!([{"name": "store-retries"}]));
    assert_eq!(switch.store_policy("statestore").attempts(), Some(4));
    lab.get_state("a", "k").await.unwrap();
    assert_eq!(rig.arrived(), 4);

    lab.sidecar.set_resiliency(None).unwrap();
    assert_eq!(listed(&lab).await, json!(null));
    rig.fail(Some(DOWN));
    lab.get_state("a", "k").await.unwrap_err();
    assert_eq!(rig.arrived(), 5);
}

#[tokio::test]
async fn switching_off_ends_the_wait_of_a_retry_with_the_last_error() {
    let log = Log::listen();
    let rig = Rig::new([Fate::Fails(DOWN)]);
    let lab = rig.lab(&[&around_store("duration: 1h", "")]).await;
    let call = lab.change_state("a", vec![upsert("k", "v")]);
    let switched = async {
        rig.until_waiting().await;
        lab.sidecar.set_resiliency(None).unwrap();
    };
    let (outcome, ()) = tokio::time::timeout(DEADLINE, async { tokio::join!(call, switched) }).await.unwrap();
    assert_eq!(outcome.unwrap_err().message(), format!("error saving actor transaction state: {DOWN}"));
    assert_eq!(rig.arrived(), 1);
    assert_eq!(rig.ends(), [(1, RetryEnd::PolicyReplaced)]);
    let line = "Operation component[statestore] output is not retried any more: its policy is no longer in force";
    assert!(!log.with(line).is_empty());
}

#[tokio::test]
async fn an_attempt_under_way_goes_on_but_is_the_last_under_the_old_policies() {
    let gate = sidecar::faults::Gate::closed();
    let rig = Rig::new([Fate::Hangs(gate.clone())]);
    let lab = rig.lab(&[&around_store("duration: 5ms", "")]).await;
    let call = lab.get_state("a", "k");
    let switched = async {
        rig.until("the call is at the store", |rig| rig.arrived() == 1).await;
        lab.sidecar.set_resiliency(Some(set(&around_store("duration: 1h", "")))).unwrap();
        gate.open();
    };
    let (outcome, ()) = tokio::time::timeout(DEADLINE, async { tokio::join!(call, switched) }).await.unwrap();
    outcome.unwrap();
    assert_eq!(rig.ends(), [(1, RetryEnd::Succeeded)]);
}

#[tokio::test]
async fn a_circuit_breaker_begins_anew_with_other_policies() {
    let fuse = policies(
        "fused",
        "  policies: {circuitBreakers: {anew: {timeout: 1h, trip: totalFailures > 0}}}\n  targets: {components: \
         {statestore: {outbound: {circuitBreaker: anew}}}}",
    );
    let rig = Rig::new([Fate::Fails(DOWN)]);
    let lab = rig.lab(&[&fuse]).await;
    lab.get_state("a", "k").await.unwrap_err();
    assert!(lab.get_state("a", "k").await.unwrap_err().message().ends_with("circuit breaker is open"));
    lab.sidecar.set_resiliency(Some(set(&fuse))).unwrap();
    lab.get_state("a", "k").await.unwrap();
}

#[tokio::test]
async fn policies_that_are_refused_leave_the_old_ones_in_force() {
    let rig = Rig::new([Fate::Fails(DOWN)]);
    let lab = rig.lab(&[&around_store("duration: 5ms, maxRetries: 3", "")]).await;
    // Valid as a whole, but not for this app: its policy is another app's.
    let scoped = ResiliencySet::from_documents([
        ("a.yaml", policies("a", "  policies: {retries: {q: {}}}\nscopes: [other]")),
        ("b.yaml", policies("b", "  targets: {components: {statestore: {outbound: {retry: q}}}}")),
    ]);
    let error = lab.sidecar.set_resiliency(Some(scoped.unwrap())).unwrap_err();
    assert_eq!(error.file, "b.yaml");
    assert!(error.problem.contains("spec.targets.components.statestore.outbound.retry: there is no policy \"q\""));
    lab.get_state("a", "k").await.unwrap();
    assert_eq!(rig.arrived(), 2);
}

#[tokio::test]
async fn a_file_in_the_resources_folder_is_in_force_from_the_start_and_a_bad_one_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("resiliency.yaml");
    std::fs::write(&file, around_store("duration: 5ms, maxRetries: 1", "")).unwrap();
    let resources = Resources::from_dir(folder.path()).unwrap();
    assert_eq!(resources.resiliency().names().collect::<Vec<_>>(), ["store-retries"]);

    std::fs::write(&file, around_store("duration: soon", "")).unwrap();
    let error = Resources::from_dir(folder.path()).unwrap_err();
    assert_eq!(error.file, file.display().to_string());
    assert!(error.problem.starts_with("spec.policies.retries.again.duration: "), "{error}");
}

#[tokio::test]
async fn a_file_whose_policies_are_another_apps_ends_the_start() {
    let scoped = policies("a", "  policies: {retries: {q: {}}}\nscopes: [other]");
    let user = policies("b", "  targets: {components: {statestore: {outbound: {retry: q}}}}");
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let started = Lab::in_folder(App::echo(), &[STORE, PUBSUB, &scoped, &user], folder, |_| {}).await;
    assert!(matches!(started, Err(StartError::Resource(_))));
}

#[tokio::test]
async fn targets_without_an_effect_are_said_to_have_none() {
    let log = Log::listen();
    let rig = Rig::new([]);
    let file = policies(
        "void",
        "  policies: {retries: {DaprBuiltInActorNotFoundRetries: {maxRetries: 9}, r: {initialInterval: 2s}}}\n  \
         targets: {apps: {neighbour: {retry: r}}, components: {nostore: {outbound: {retry: r}}}}",
    );
    rig.lab(&[&file]).await;
    for line in [
        "spec.targets.apps.neighbour has no effect: calls of other apps have Dapr's built-in retries alone here",
        "spec.targets.components.nostore has no effect: there is no component of that name",
        "spec.policies.retries.r.initialInterval is no field of a Resiliency resource: it has no effect",
        "Attempted to override protected policy DaprBuiltInActorNotFoundRetries which is not allowed. Ignoring provided \
         policy and using default.",
    ] {
        let lines = log.with(line);
        assert!(lines.len() == 1 && lines[0].starts_with("WARN "), "{line}: {lines:?}");
    }
}

#[tokio::test]
async fn the_end_of_the_sidecar_ends_retries_without_end() {
    let rig = Rig::new([]);
    let lab = rig.lab(&[&around_store("duration: 1h", "")]).await;
    rig.fail(Some(DOWN));
    let client = lab.grpc.clone();
    let call = tokio::spawn(async move {
        let mut client = client;
        let request = dapr::dapr::proto::runtime::v1::GetActorStateRequest {
            actor_type: crate::support::TYPE.into(),
            actor_id: "a".into(),
            key: "k".into(),
        };
        client.get_actor_state(request).await
    });
    rig.until_waiting().await;
    tokio::time::timeout(Duration::from_secs(10), lab.sidecar.shutdown()).await.expect("it ends");
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.message(), "error getting actor state: context canceled");
    assert_eq!(rig.ends(), [(1, RetryEnd::Closed)]);
}

//! Every scenario, run on a real sidecar, ends as its file says.

use std::time::Duration;

use model::{
    actor_id::ActorId,
    error::ErrorCode,
    fault::FaultSetting,
    policy::RetryPolicy,
    scenario::{self, Need},
    sidecar_retries::SidecarRetriesSetting,
    timeline::Step,
};
use sidecar::Ports;
use tempfile::tempdir;

use crate::support::{Bench, user1};

/// A lab whose actors idle briefly: the scenario that waits for it is about what comes after.
async fn bench(data: &tempfile::TempDir) -> Bench {
    Bench::start_with(data.path(), |settings| settings.idle_timeout = Duration::from_secs(1), Ports::default()).await
}

#[tokio::test]
async fn every_scenario_of_the_embedded_lab_ends_as_its_file_says() {
    let data = tempdir().unwrap();
    let bench = bench(&data).await;
    let there = bench.backend().needs_met();
    assert_eq!(there, [Need::StoreLayer]);
    for scenario in scenario::all().iter().filter(|scenario| scenario.missing(&there).is_none()) {
        let report = bench.backend().run_scenario(user1(), &scenario.name).await.unwrap();
        assert!(report.as_told(), "{}: {:#?}\n{:#?}", scenario.name, report.differences, bench.log());
        assert_eq!(bench.backend().scenario_report(&user1()), Some(report));
        assert_eq!(bench.backend().policy(&user1()), RetryPolicy::LESSON, "{}", scenario.name);
        assert!(!bench.backend().fault(&user1()).on, "{}", scenario.name);
    }
    bench.stop().await;
}

#[tokio::test]
async fn an_ending_that_is_not_as_told_is_reported() {
    let data = tempdir().unwrap();
    let bench = bench(&data).await;
    let running = tokio::spawn(bench.backend().run_scenario(user1(), "outage-ends"));
    bench.until(|step| matches!(step, model::timeline::Step::RetryScheduled { .. })).await;
    // Somebody meddles: another message gets in.
    bench.send("Me too").await.unwrap();
    let report = running.await.unwrap().unwrap();
    assert!(!report.as_told());
    assert_eq!(report.differences[0], "turns: 2, and not 1");
    bench.stop().await;
}

#[tokio::test]
async fn one_scenario_runs_at_a_time_and_what_cannot_run_says_why() {
    let data = tempdir().unwrap();
    let bench = bench(&data).await;
    let running = tokio::spawn(bench.backend().run_scenario(user1(), "lesson"));
    bench.until(|step| matches!(step, model::timeline::Step::RetryScheduled { .. })).await;
    let busy = bench.backend().run_scenario(user1(), "lesson").await.unwrap_err();
    assert_eq!(busy.code, ErrorCode::Busy);
    assert!(running.await.unwrap().unwrap().as_told());
    bench.backend().set_fault(&user1(), FaultSetting::OFF).unwrap();
    bench.send("Still mine").await.unwrap();
    let outage = bench.backend().run_scenario(user1(), "redis-outage").await.unwrap_err();
    assert!(outage.message.contains("--dapr"), "{outage}");
    let unknown = bench.backend().run_scenario(user1(), "rain").await.unwrap_err();
    assert!(unknown.message.contains("slow-store"), "{unknown}");
    assert_eq!(bench.history().await.len(), 4, "what is refused changes nothing");
    bench.stop().await;
}

#[tokio::test]
async fn scenarios_of_two_labs_do_not_disturb_each_other_and_what_was_set_before_is_put_back() {
    let data = tempdir().unwrap();
    let bench = bench(&data).await;
    let (backend, other) = (bench.backend(), "other".parse::<ActorId>().unwrap());
    let retries = |on| backend.set_sidecar_retries(SidecarRetriesSetting { on });
    retries(true).unwrap();
    // Found otherwise than untouched, it is put to rest for the scenario, which runs alone.
    let running = tokio::spawn(backend.clone().run_scenario(user1(), "save-fails-twice"));
    bench.until(|step| matches!(step, Step::RetryScheduled { .. })).await;
    assert_eq!(backend.sidecar_retries().on, Some(false));
    let busy = backend.clone().run_scenario(other.clone(), "both-retry").await.unwrap_err();
    assert_eq!(busy.code, ErrorCode::Busy);
    assert!(busy.message.contains("user1") && busy.message.contains("save-fails-twice"), "{busy}");
    assert_eq!(retries(true).unwrap_err().code, ErrorCode::Busy);
    assert!(running.await.unwrap().unwrap().as_told());
    assert_eq!(backend.sidecar_retries().on, Some(true));

    retries(false).unwrap();
    let (first, second) = tokio::join!(
        backend.clone().run_scenario(other, "save-fails-twice"),
        backend.clone().run_scenario(user1(), "five-at-once")
    );
    assert!(first.unwrap().as_told() && second.unwrap().as_told(), "what sets nothing of it runs beside others");
    assert_eq!(backend.sidecar_retries().on, Some(false));
    bench.stop().await;
}

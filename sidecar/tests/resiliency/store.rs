//! `targets.components.<store>.outbound`: around reads and writes of the actor state store.

use std::time::Duration;

use sidecar::faults::Gate;
use sidecar::observation::{Actor, AttemptOutcome, RetryEnd, RetryStep, RetryTarget, StateOperation};
use tonic::Code;

use crate::rig::{DOWN, Fate, Log, Rig, around_store, policies};
use crate::support::{App, Lab, STORE, TYPE, upsert};

fn store_named(name: &str) -> String {
    STORE.replace("name: statestore", &format!("name: {name}"))
}

#[tokio::test]
async fn without_a_file_a_failure_is_the_callers_at_once_and_nothing_is_told() {
    let rig = Rig::new([Fate::Fails(DOWN)]);
    let lab = rig.lab(&[]).await;
    let error = lab.get_state("a", "k").await.unwrap_err();
    assert_eq!(error.message(), format!("error getting actor state: {DOWN}"));
    assert_eq!((rig.arrived(), rig.events().len()), (1, 0));
}

#[tokio::test]
async fn a_write_succeeds_when_the_store_is_back_and_the_log_says_so_in_daprs_words() {
    let log = Log::listen();
    let rig = Rig::new([Fate::Fails(DOWN), Fate::Fails("still down")]);
    let file = policies(
        "recovering",
        "  policies: {retries: {again: {duration: 20ms, maxRetries: 3}}}\n  targets: {components: {recovering: \
         {outbound: {retry: again}}}}",
    );
    let documents = [&store_named("recovering"), file.as_str()];
    let lab = Lab::with(App::echo(), &documents, |config| rig.plug(config)).await;
    lab.invoke("a", "Do", "").await.unwrap();
    lab.change_state("a", vec![upsert("k", "v")]).await.unwrap();
    assert_eq!(rig.arrived(), 3, "each attempt is a call to the store");
    assert_eq!(rig.calls(), [Err(DOWN.into()), Err("still down".into()), Ok(())]);
    assert_eq!(lab.get_state("a", "k").await.unwrap(), b"v");

    assert_eq!(log.with("Loading Resiliency configuration: recovering").len(), 1);
    let lines = log.with("operation component[recovering] output");
    assert_eq!(
        lines,
        [
            "WARN Error processing operation component[recovering] output. Retrying in 20ms…",
            "DEBUG Error for operation component[recovering] output was: the store is down",
            "INFO Recovered processing operation component[recovering] output after 3 attempts",
        ],
        "only the first failure is told"
    );
}

#[tokio::test]
async fn every_attempt_and_wait_is_told_to_whoever_started_the_sidecar() {
    let rig = Rig::new([Fate::Fails(DOWN)]);
    let lab = rig.lab(&[&around_store("duration: 10ms, maxRetries: 3", "")]).await;
    lab.change_state("a", vec![upsert("k1", "v"), upsert("k2", "v")]).await.unwrap();
    let events = rig.events();
    assert!(events.iter().all(|event| event.operation == events[0].operation));
    match &*events[0].target {
        RetryTarget::Store(call) => {
            assert_eq!((call.component.as_str(), call.operation), ("statestore", StateOperation::Transaction));
            assert_eq!(call.actor(), Some(&Actor::new(TYPE, "a")));
            assert_eq!(call.key_names().collect::<Vec<_>>(), ["k1", "k2"]);
        }
        other => panic!("{other:?}"),
    }
    let delay = Duration::from_millis(10);
    let took =
        |step: &RetryStep| matches!(step, RetryStep::AttemptEnded { took, .. } if *took < Duration::from_secs(5));
    let steps = rig.steps();
    assert_eq!(steps[0], RetryStep::AttemptStarted { number: 1 });
    assert!(took(&steps[1]) && took(&steps[4]));
    assert_eq!(steps[2], RetryStep::Waiting { next: 2, delay });
    assert_eq!(steps[3], RetryStep::AttemptStarted { number: 2 });
    assert_eq!(rig.outcomes(), [AttemptOutcome::Failed(DOWN.into()), AttemptOutcome::Succeeded]);
    assert_eq!(steps[5], RetryStep::Ended { attempts: 2, end: RetryEnd::Succeeded });
    assert_eq!(steps.len(), 6);
}

#[tokio::test]
async fn retries_run_out_and_the_caller_gets_the_last_error() {
    let rig = Rig::new([Fate::Fails("first"), Fate::Fails("second"), Fate::Fails("third")]);
    let lab = rig.lab(&[&around_store("duration: 5ms, maxRetries: 2", "")]).await;
    let error = lab.get_state("a", "k").await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Internal, "error getting actor state: third"));
    assert_eq!(rig.arrived(), 3);
    assert_eq!(rig.ends(), [(3, RetryEnd::Exhausted)]);
}

#[tokio::test]
async fn what_the_sidecar_itself_refuses_never_comes_to_the_policy() {
    let rig = Rig::new([]);
    let lab = rig.lab(&[&around_store("duration: 5ms", "")]).await;
    let error = lab.change_state("never", vec![upsert("k", "v")]).await.unwrap_err();
    assert_eq!(error.message(), "actor instance is missing");
    let error = lab.change_state("a", vec![upsert("", "v")]).await.unwrap_err();
    assert_eq!(error.message(), "error saving actor transaction state: missing key");
    assert_eq!((rig.arrived(), rig.events().len()), (0, 0));
}

#[tokio::test]
async fn exponential_waits_grow() {
    let rig = Rig::new([Fate::Fails(DOWN), Fate::Fails(DOWN)]);
    let lab = rig.lab(&[&around_store("policy: exponential, maxInterval: 600ms, maxRetries: 3", "")]).await;
    lab.get_state("a", "k").await.unwrap();
    let waits = rig.waits();
    let within = |wait: Duration, least: u64, most: u64| (least..=most).contains(&(wait.as_millis() as u64));
    assert_eq!(waits.len(), 2);
    assert!(within(waits[0], 250, 750) && within(waits[1], 300, 900), "{waits:?}");
}

#[tokio::test]
async fn a_write_whose_attempt_timed_out_is_dropped_and_never_late() {
    let gate = Gate::closed();
    let rig = Rig::new([Fate::Hangs(gate.clone())]);
    let file = policies(
        "limit",
        "  policies: {timeouts: {short: 50ms}}\n  targets: {components: {statestore: {outbound: {timeout: short}}}}",
    );
    let lab = rig.lab(&[&file]).await;
    let error = lab.change_state("a", vec![upsert("k", "late")]).await.unwrap_err();
    assert_eq!(error.message(), "error saving actor transaction state: context deadline exceeded");
    assert_eq!(rig.calls(), [Err("context deadline exceeded".to_owned())]);
    assert_eq!(rig.outcomes(), [AttemptOutcome::TimedOut]);
    assert_eq!(rig.ends(), [(1, RetryEnd::NotRetried)]);
    gate.open();
    // From here on the disk may take its time.
    lab.sidecar.set_resiliency(None).unwrap();
    // Writes are done one after the other: behind this one the other could only come later still.
    lab.change_state("a", vec![upsert("other", "v")]).await.unwrap();
    assert_eq!(lab.get_state("a", "k").await.unwrap(), b"");
}

#[tokio::test]
async fn each_attempt_has_the_whole_time_out() {
    let gate = Gate::closed();
    let rig = Rig::new([Fate::Hangs(gate.clone()), Fate::Hangs(gate.clone())]);
    let file = policies(
        "limit",
        "  policies: {timeouts: {short: 1s}, retries: {again: {duration: 10ms, maxRetries: 5}}}\n  targets: \
         {components: {statestore: {outbound: {timeout: short, retry: again}}}}",
    );
    let lab = rig.lab(&[&file]).await;
    lab.change_state("a", vec![upsert("k", "v")]).await.unwrap();
    let late = AttemptOutcome::TimedOut;
    assert_eq!(rig.outcomes(), [late.clone(), late, AttemptOutcome::Succeeded]);
    assert_eq!(lab.get_state("a", "k").await.unwrap(), b"v");
}

#[tokio::test]
async fn retries_without_end_end_when_the_caller_leaves() {
    let rig = Rig::new([]);
    let lab = rig.lab(&[&around_store("duration: 10ms", "")]).await;
    rig.fail(Some(DOWN));
    {
        let call = lab.get_state("a", "k");
        tokio::select! {
            outcome = call => panic!("{outcome:?}"),
            () = rig.until("twenty attempts", |rig| rig.arrived() >= 20) => {}
        }
    }
    rig.until("the operation ends", |rig| !rig.ends().is_empty()).await;
    let (attempts, end) = rig.ends()[0];
    assert_eq!(end, RetryEnd::CallerLeft);
    assert!(attempts >= 20);
    rig.fail(None);
    lab.get_state("a", "k").await.unwrap();
    assert_eq!(rig.arrived(), attempts as usize + 1, "nobody calls the store any more but the new caller");
}

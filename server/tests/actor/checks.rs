//! The five checks over a real lab, and its reset.

use model::{fault::FaultStatus, lesson::checks::CheckState, operation::Operation, timeline::Step};
use tempfile::TempDir;

use crate::support::{Bench, user1};

fn passed(bench: &Bench) -> Vec<u8> {
    let checks = bench.backend().checks(&user1());
    checks.iter().filter(|check| check.state == CheckState::Passed).map(|check| check.number).collect()
}

#[tokio::test]
async fn each_check_passes_with_its_evidence_and_not_before() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    assert!(passed(&bench).is_empty());
    bench.send("one").await.unwrap();
    assert_eq!(passed(&bench), [1, 3]);
    bench.history().await;
    assert_eq!(passed(&bench), [1, 2, 3]);
    bench.backend().compare_with_store(&user1()).await.unwrap();
    assert_eq!(passed(&bench), [1, 2, 3, 4]);
    bench.backend().arm_fault(&user1());
    bench.send("two").await.unwrap();
    bench.send("three").await.unwrap();
    assert_eq!(passed(&bench), [1, 2, 3, 4]);
    bench.history().await;
    assert_eq!(passed(&bench), [1, 2, 3, 4, 5]);
    for number in 1..=5 {
        bench.until(|step| *step == Step::CheckPassed { check: number }).await;
    }
    let recorded = bench.events().iter().filter(|event| matches!(event.step, Step::CheckPassed { .. })).count();
    assert_eq!(recorded, 5, "each once");
    bench.stop().await;
}

#[tokio::test]
async fn a_reset_puts_everything_back_to_how_it_was_found() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    bench.switch(Operation::Save, 2);
    bench.send_as("one", "id-1").await.unwrap();
    bench.backend().compare_with_store(&user1()).await.unwrap();
    bench.until(|step| matches!(step, Step::EventDelivered { .. })).await;
    let last = bench.lab.timelines().snapshot(&user1()).last;
    assert!(!passed(&bench).is_empty());

    bench.backend().reset(&user1()).await.unwrap();
    assert!(bench.rows().is_empty());
    assert!(passed(&bench).is_empty());
    assert_eq!(bench.backend().fault(&user1()), FaultStatus::lesson());
    let timeline = bench.lab.timelines().snapshot(&user1());
    assert_eq!(timeline.events[0].step, Step::LabReset);
    assert!(timeline.last.seq > last.seq && timeline.last.epoch == last.epoch, "numbers go on");
    let panels = bench.backend().panels(&user1()).await;
    assert_eq!((panels.history.unwrap(), panels.before), (vec![], vec![]));

    bench.send_as("one", "id-1").await.unwrap();
    assert_eq!(model::timeline::turns(&bench.events())[0].number, 1, "turns are counted anew");
    assert_eq!(passed(&bench), [1, 3], "and the message is not taken for a repeat");
    bench.stop().await;
}

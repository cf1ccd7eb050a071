//! Out of memory and back; and looking, which is neither.

use std::time::Duration;

use model::{message::Message, operation::Operation, timeline::Step};
use tempfile::TempDir;

use crate::support::{Bench, both, user1};

#[tokio::test]
async fn an_idle_actor_leaves_memory_and_its_next_activation_arms_the_failure_again() {
    let data = TempDir::new().unwrap();
    let idle = Duration::from_millis(400);
    let bench = Bench::start_with(data.path(), |settings| settings.idle_timeout = idle, Default::default()).await;
    bench.send("one").await.unwrap();
    assert_eq!(bench.backend().fault(&user1()).counts[0].left, Some(0));
    bench.until(|step| *step == Step::Deactivated).await;
    bench.send("two").await.unwrap();
    let fired = bench.events().iter().filter(|event| matches!(event.step, Step::FaultFired { .. })).count();
    assert_eq!(fired, 2, "once for each activation");
    assert_eq!(bench.history().await, [both("one"), both("two")].concat());
    bench.stop().await;
}

#[tokio::test]
async fn looking_uses_up_no_failure_and_activates_nobody() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    let snapshot = bench.backend().snapshot(&user1()).await;
    assert_eq!(snapshot.panels.history.unwrap(), []);
    assert_eq!(snapshot.panels.stored.unwrap().value, None);
    assert!(bench.events().is_empty());
    assert_eq!(bench.history().await, [], "asking the actor activates it and uses up nothing either");
    assert_eq!(bench.backend().fault(&user1()).counts[0].left, Some(1));
    bench.send("one").await.unwrap();
    assert!(bench.log().contains(&"Retry 1 for history load: Simulated state store failure".to_owned()));
    bench.stop().await;
}

#[tokio::test]
async fn arming_again_brings_a_second_recovery_without_a_deactivation() {
    let data = TempDir::new().unwrap();
    let bench = Bench::start(data.path()).await;
    bench.send("one").await.unwrap();
    assert_eq!(bench.backend().arm_fault(&user1()).counts[0].left, Some(1));
    assert_eq!(bench.send("two").await.unwrap(), Message::reply_to("two"));
    let recovered =
        |event: &&model::timeline::Event| matches!(event.step, Step::Recovered { operation: Operation::Load, .. });
    assert_eq!(bench.events().iter().filter(recovered).count(), 2);
    bench.stop().await;
}

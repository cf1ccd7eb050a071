//! A save that got no answer in time, and is carried out all the same while the next turn reads.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use app::{error::ErrorCode, policy::RetryPolicy};
use sidecar::{Ports, StoreCall, StoreFault, StoreOperation};
use tempfile::TempDir;
use tokio::{
    sync::Semaphore,
    time::{Duration, sleep, timeout},
};

use crate::support::{Bench, PATIENCE, both, user1};

/// Holds up the next reading of the answered messages, once it is asked to.
struct Held {
    next: AtomicBool,
    reached: Semaphore,
    go: Semaphore,
}

#[derive(Clone)]
struct Gate(Arc<Held>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Held { next: AtomicBool::new(false), reached: Semaphore::new(0), go: Semaphore::new(0) }))
    }
}

#[async_trait::async_trait]
impl StoreFault for Gate {
    async fn before(&self, call: &StoreCall) -> Result<(), String> {
        let answered =
            call.operation == StoreOperation::Get && call.keys.iter().any(|key| key.starts_with("answered-"));
        if answered && self.0.next.swap(false, Ordering::SeqCst) {
            self.0.reached.add_permits(1);
            self.0.go.acquire().await.unwrap().forget();
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_save_that_is_carried_out_while_the_next_turn_reads_is_read_whole_and_loses_nothing() {
    let (data, gate) = (TempDir::new().unwrap(), Gate::default());
    let hasty = RetryPolicy { attempts: 1, attempt_timeout_ms: 300, ..RetryPolicy::LESSON };
    let ports = Ports { fault: Some(Arc::new(gate.clone())), ..Ports::default() };
    let bench = Bench::start_with(data.path(), |settings| settings.policy = hasty, ports).await;
    bench.switch_off();
    bench.send("before").await.unwrap();

    // Another writer keeps the store from committing, and nothing from being read.
    let other = rusqlite::Connection::open(&bench.store).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(bench.send_as("late", "id-late").await.unwrap_err().code, ErrorCode::OutcomeUnknown);
    bench.backend().set_policy(&user1(), RetryPolicy { attempt_timeout_ms: 6_800, ..hasty }).unwrap();

    gate.0.next.store(true, Ordering::SeqCst);
    let late_is_stored = async {
        timeout(PATIENCE, gate.0.reached.acquire()).await.expect("the next turn reads").unwrap().forget();
        other.execute_batch("ROLLBACK").unwrap();
        let stored =
            || bench.rows().iter().any(|(key, value)| key.ends_with("history-user1") && value.contains("late"));
        let until = async {
            while !stored() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, until).await.expect("the save is carried out late");
        gate.0.go.add_permits(1);
    };
    let (after, ()) = tokio::join!(bench.send_as("after", "id-after"), late_is_stored);
    after.unwrap();

    bench.send_as("late", "id-late").await.unwrap();
    let due = [both("before"), both("late"), both("after")].concat();
    assert_eq!(bench.history().await, due[1..], "what is acknowledged is stored, once and in order");
    bench.stop().await;
}

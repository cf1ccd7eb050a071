//! A save that nobody waits for any more, and that is carried out all the same while the next turn reads: its caller gave
//! it up, or died.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use model::{error::ErrorCode, policy::RetryPolicy};
use rusqlite::Connection;
use sidecar::{
    Ports,
    faults::{Fault, FaultPlan, Gate},
    observation::{Event, EventKind, Observer, StateCall, StateOperation},
};
use tempfile::TempDir;
use tokio::{
    sync::Semaphore,
    time::{Duration, sleep, timeout},
};

use crate::support::{Bench, PATIENCE, both, user1};

/// Holds up the next reading of the answered messages, once it is asked to, and tells when the history beside them has
/// been read.
struct Shared {
    answered_next: AtomicBool,
    history_next: AtomicBool,
    reached: Semaphore,
    go: Gate,
}

#[derive(Clone)]
struct Held(Arc<Shared>);

impl Default for Held {
    fn default() -> Self {
        Self(Arc::new(Shared {
            answered_next: AtomicBool::new(false),
            history_next: AtomicBool::new(false),
            reached: Semaphore::new(0),
            go: Gate::closed(),
        }))
    }
}

fn reads(call: &StateCall, what: &str) -> bool {
    call.operation == StateOperation::Get && call.key_names().any(|key| key.starts_with(what))
}

impl FaultPlan for Held {
    fn state_call(&self, call: &StateCall) -> Option<Fault> {
        let holds = reads(call, "answered-") && self.0.answered_next.swap(false, Ordering::SeqCst);
        holds.then(|| {
            self.0.reached.add_permits(1);
            Fault::hold(&self.0.go)
        })
    }
}

impl Observer for Held {
    fn observed(&self, event: &Event) {
        let EventKind::StateCallEnded { call, .. } = &event.kind else { return };
        if reads(call, "history-") && self.0.history_next.swap(false, Ordering::SeqCst) {
            self.0.reached.add_permits(1);
        }
    }
}

impl Held {
    fn ports(&self) -> Ports {
        Ports { faults: Some(Arc::new(self.clone())), observers: vec![Arc::new(self.clone())] }
    }

    fn hold_next(&self) {
        self.0.answered_next.store(true, Ordering::SeqCst);
        self.0.history_next.store(true, Ordering::SeqCst);
    }

    /// Waits until a turn has read the history and is about to read the answered messages.
    async fn between_the_two(&self) {
        timeout(PATIENCE, self.0.reached.acquire_many(2)).await.expect("the next turn reads").unwrap().forget();
    }

    fn let_go(&self) {
        self.0.go.open();
    }
}

#[tokio::test]
async fn a_save_that_is_carried_out_while_the_next_turn_reads_is_read_whole_and_loses_nothing() {
    let (data, gate) = (TempDir::new().unwrap(), Held::default());
    let hasty = RetryPolicy { attempts: 1, attempt_timeout_ms: 300, ..RetryPolicy::LESSON };
    let bench = Bench::start_with(data.path(), |settings| settings.policy = hasty, gate.ports()).await;
    bench.switch_off();
    bench.send("before").await.unwrap();

    // Another writer keeps the store from committing, and nothing from being read.
    let other = Connection::open(&bench.store).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(bench.send_as("late", "id-late").await.unwrap_err().code, ErrorCode::OutcomeUnknown);
    bench.backend().set_policy(&user1(), RetryPolicy { attempt_timeout_ms: 6_800, ..hasty }).unwrap();

    gate.hold_next();
    let late_is_stored = async {
        gate.between_the_two().await;
        other.execute_batch("ROLLBACK").unwrap();
        let stored =
            || bench.rows().iter().any(|(key, value)| key.ends_with("history-user1") && value.contains("late"));
        let until = async {
            while !stored() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, until).await.expect("the save is carried out late");
        gate.let_go();
    };
    let (after, ()) = tokio::join!(bench.send_as("after", "id-after"), late_is_stored);
    after.unwrap();

    bench.send_as("late", "id-late").await.unwrap();
    let due = [both("before"), both("late"), both("after")].concat();
    assert_eq!(bench.history().await, due[1..], "what is acknowledged is stored, once and in order");
    bench.stop().await;
}

/// What the store held at some moment, kept beside it.
struct Moment(PathBuf);

impl Moment {
    fn keep(store: &Path, name: &str) -> Self {
        let kept = Self(store.with_file_name(name));
        kept.run(store, "CREATE TABLE kept.state AS SELECT * FROM main.state");
        kept
    }

    /// Makes the store hold this, in one transaction.
    fn put_back(&self, store: &Path) {
        self.run(store, "DELETE FROM main.state; INSERT INTO main.state SELECT * FROM kept.state");
    }

    fn run(&self, store: &Path, change: &str) {
        let connection = Connection::open(store).unwrap();
        connection.execute("ATTACH ?1 AS kept", [self.0.to_str().unwrap()]).unwrap();
        connection.execute_batch(&format!("BEGIN IMMEDIATE; {change}; COMMIT")).unwrap();
    }
}

#[tokio::test]
async fn the_save_of_a_process_that_died_is_read_whole_by_the_next_and_loses_nothing() {
    let (data, gate) = (TempDir::new().unwrap(), Held::default());
    let bench = Bench::start(data.path()).await;
    bench.switch_off();
    bench.send("before").await.unwrap();
    let without = Moment::keep(&bench.store, "without.db");
    bench.send_as("late", "id-late").await.unwrap();
    let with = Moment::keep(&bench.store, "with.db");
    bench.stop().await;

    // The next process knows of no save that may still come, and the store carries it out when it likes.
    let bench = Bench::start_with(data.path(), |_| {}, gate.ports()).await;
    without.put_back(&bench.store);
    bench.switch_off();
    gate.hold_next();
    let carried_out = async {
        gate.between_the_two().await;
        with.put_back(&bench.store);
        gate.let_go();
    };
    let (after, ()) = tokio::join!(bench.send_as("after", "id-after"), carried_out);
    after.unwrap();

    bench.send_as("late", "id-late").await.unwrap();
    let due = [both("before"), both("late"), both("after")].concat();
    assert_eq!(bench.history().await, due[1..], "what is acknowledged is stored, once and in order");
    bench.stop().await;
}

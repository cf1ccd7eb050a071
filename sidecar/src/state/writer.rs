//! The one thread that writes to the SQLite file.
//!
//! A commit costs a flush to the disk, and that is what a save waits for. So transactions that
//! are waiting when the thread looks are put into one SQL transaction, each behind a savepoint of
//! its own: they share the flush, and one that fails takes no other with it. A reply is sent only
//! after the commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::{Operation, Tables, Value};

/// How many transactions share a commit at most: a bound on how long the first one waits.
const GROUP_LIMIT: usize = 256;

struct Job {
    operations: Vec<Operation>,
    reply: oneshot::Sender<Result<(), String>>,
}

/// How much was written, for the tests that ask whether commits are grouped.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) commits: AtomicU64,
    pub(super) transactions: AtomicU64,
}

/// The handle of the writing thread.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<thread::JoinHandle<()>>,
    #[cfg_attr(not(test), expect(dead_code, reason = "read by the grouping test"))]
    pub(super) counters: Arc<Counters>,
}

impl Writer {
    /// Takes the connection to a thread of its own.
    pub(super) fn spawn(connection: Connection, tables: Tables) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel();
        let counters = Arc::new(Counters::default());
        let counted = Arc::clone(&counters);
        let thread = thread::Builder::new()
            .name("state-writer".into())
            .spawn(move || run(connection, &tables, &waiting, &counted))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), counters })
    }

    /// Queues a transaction; the receiver is answered after the commit that holds it. Dropping
    /// the receiver before the thread has come to it takes the transaction back.
    pub(super) fn submit(&self, operations: Vec<Operation>) -> oneshot::Receiver<Result<(), String>> {
        let (reply, answer) = oneshot::channel();
        if let Some(jobs) = &self.jobs {
            // A failed send drops the reply, which the receiver sees as a closed store.
            let _ = jobs.send(Job { operations, reply });
        }
        answer
    }

    /// Finishes what is queued and ends the thread. Blocks until then.
    pub(super) fn close(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the state store's writing thread ended in a panic");
        }
    }
}

fn run(mut connection: Connection, tables: &Tables, jobs: &mpsc::Receiver<Job>, counters: &Counters) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        while group.len() < GROUP_LIMIT
            && let Ok(job) = jobs.try_recv()
        {
            group.push(job);
        }
        // A caller that left while its write was waiting no longer knows of it: a write that
        // still happened could land behind a newer one.
        group.retain(|job| !job.reply.is_closed());
        if !group.is_empty() {
            commit(&mut connection, tables, group, counters);
        }
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!("closing the state store: {error}");
    }
}

/// Writes a group in one commit and answers each of its jobs.
fn commit(connection: &mut Connection, tables: &Tables, group: Vec<Job>, counters: &Counters) {
    let outcome = apply(connection, tables, &group);
    if outcome.is_ok() {
        counters.commits.fetch_add(1, Ordering::Relaxed);
        counters.transactions.fetch_add(group.len() as u64, Ordering::Relaxed);
    }
    match outcome {
        Ok(outcomes) => {
            for (job, outcome) in group.into_iter().zip(outcomes) {
                let _ = job.reply.send(outcome);
            }
        }
        Err(error) => {
            let text = error.to_string();
            for job in group {
                let _ = job.reply.send(Err(text.clone()));
            }
        }
    }
}

/// # Errors
/// When the whole group failed: nothing of it is in the file.
fn apply(connection: &mut Connection, tables: &Tables, group: &[Job]) -> rusqlite::Result<Vec<Result<(), String>>> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut outcomes = Vec::with_capacity(group.len());
    for job in group {
        let savepoint = transaction.savepoint()?;
        match write_all(&savepoint, tables, &job.operations) {
            Ok(()) => {
                savepoint.commit()?;
                outcomes.push(Ok(()));
            }
            Err(error) => {
                // A full disk and the like roll the whole SQL transaction back by themselves;
                // then there is nothing left to save of the group.
                if savepoint.is_autocommit() {
                    return Err(error);
                }
                savepoint.finish()?;
                outcomes.push(Err(error.to_string()));
            }
        }
    }
    transaction.commit()?;
    Ok(outcomes)
}

fn write_all(connection: &Connection, tables: &Tables, operations: &[Operation]) -> rusqlite::Result<()> {
    let table = &tables.state;
    for operation in operations {
        match operation {
            Operation::Upsert(key, value) => {
                let (text, is_binary) = match value {
                    Value::Binary(data) => (BASE64.encode(data), true),
                    Value::Json(text) => (text.clone(), false),
                };
                connection
                    .prepare_cached(&format!(
                        "INSERT OR REPLACE INTO {table}
                           (key, value, is_binary, etag, update_time, expiration_time)
                         VALUES (?1, ?2, ?3, ?4, CURRENT_TIMESTAMP, NULL)"
                    ))?
                    .execute((key, text, is_binary, uuid::Uuid::new_v4().to_string()))?;
            }
            Operation::Delete(key) => {
                connection.prepare_cached(&format!("DELETE FROM {table} WHERE key = ?1"))?.execute([key])?;
            }
        }
    }
    Ok(())
}

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
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::Tables;
use crate::state::{Condition, Operation, Put, Value, Wanted, WriteError};

/// How many transactions share a commit at most: a bound on how long the first one waits.
const GROUP_LIMIT: usize = 256;

/// How often expired values are removed, if anything is written: daprd's default.
const SWEEP: Duration = Duration::from_secs(60 * 60);

/// What a transaction came to.
type Written = Result<(), WriteError>;

/// Why one came to nothing.
enum Refused {
    Sql(rusqlite::Error),
    /// A condition did not hold.
    Mismatch,
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

struct Job {
    operations: Vec<Operation>,
    reply: oneshot::Sender<Written>,
}

/// How much was written: whether commits are grouped shows in the two numbers.
#[derive(Debug, Default)]
struct Counters {
    commits: AtomicU64,
    transactions: AtomicU64,
}

/// The handle of the writing thread.
#[derive(Debug)]
pub(super) struct Writer {
    /// `None` once it ends.
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<thread::JoinHandle<()>>,
    counters: Arc<Counters>,
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
    pub(super) fn submit(&self, operations: Vec<Operation>) -> oneshot::Receiver<Written> {
        let (reply, answer) = oneshot::channel();
        if let Some(jobs) = &self.jobs {
            // A failed send drops the reply, which the receiver sees as a closed store.
            let _ = jobs.send(Job { operations, reply });
        }
        answer
    }
}

/// Finishes what is queued and ends the thread. Blocks until then: whoever opens the file next must not meet it.
impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the state store's writing thread ended in a panic");
        }
        tracing::debug!(
            "{} transactions were written in {} commits",
            self.counters.transactions.load(Ordering::Relaxed),
            self.counters.commits.load(Ordering::Relaxed)
        );
    }
}

fn run(mut connection: Connection, tables: &Tables, jobs: &mpsc::Receiver<Job>, counters: &Counters) {
    sweep(&connection, tables);
    let mut swept = Instant::now();
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
        if swept.elapsed() >= SWEEP {
            sweep(&connection, tables);
            swept = Instant::now();
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
                let _ = job.reply.send(Err(WriteError::Failed(text.clone())));
            }
        }
    }
}

/// # Errors
/// When the whole group failed: nothing of it is in the file.
fn apply(connection: &mut Connection, tables: &Tables, group: &[Job]) -> rusqlite::Result<Vec<Written>> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut outcomes = Vec::with_capacity(group.len());
    for job in group {
        let savepoint = transaction.savepoint()?;
        match write_all(&savepoint, tables, &job.operations) {
            Ok(()) => {
                savepoint.commit()?;
                outcomes.push(Ok(()));
            }
            Err(Refused::Mismatch) => {
                savepoint.finish()?;
                outcomes.push(Err(WriteError::EtagMismatch(String::new())));
            }
            Err(Refused::Sql(error)) => {
                // A full disk and the like roll the whole SQL transaction back by themselves;
                // then there is nothing left to save of the group.
                if savepoint.is_autocommit() {
                    return Err(error);
                }
                savepoint.finish()?;
                outcomes.push(Err(WriteError::Failed(error.to_string())));
            }
        }
    }
    transaction.commit()?;
    Ok(outcomes)
}

fn write_all(connection: &Connection, tables: &Tables, operations: &[Operation]) -> Result<(), Refused> {
    for Operation { key, put, when } in operations {
        let written = match put {
            Some(put) => upsert(connection, &tables.state, key, put, when)?,
            None => delete(connection, &tables.state, key, when)?,
        };
        if written == 0 && !matches!(when.wanted(), Wanted::Anything) {
            return Err(Refused::Mismatch);
        }
    }
    Ok(())
}

/// What a row has to be, so that a condition on it can hold: one that has expired is none.
const ALIVE: &str = "(expiration_time IS NULL OR expiration_time > CURRENT_TIMESTAMP)";

fn delete(connection: &Connection, table: &str, key: &str, when: &Condition) -> rusqlite::Result<usize> {
    match when.wanted() {
        Wanted::Is(etag) => connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE key = ?1 AND etag = ?2 AND {ALIVE}"))?
            .execute([key, etag]),
        Wanted::Anything | Wanted::Absent => {
            connection.prepare_cached(&format!("DELETE FROM {table} WHERE key = ?1"))?.execute([key])
        }
    }
}

/// Writes one value, if the condition holds; without seconds it does not expire. Returns how many were written.
fn upsert(connection: &Connection, table: &str, key: &str, put: &Put, when: &Condition) -> rusqlite::Result<usize> {
    let (text, is_binary) = match &put.value {
        Value::Binary(data) => (BASE64.encode(data), true),
        Value::Json(text) => (text.clone(), false),
    };
    let etag = uuid::Uuid::new_v4().to_string();
    // What is put together with NULL is NULL.
    let expires = "DATETIME(CURRENT_TIMESTAMP, '+' || ?5 || ' seconds')";
    if let Wanted::Is(old) = when.wanted() {
        return connection
            .prepare_cached(&format!(
                "UPDATE {table} SET value = ?2, is_binary = ?3, etag = ?4, update_time = CURRENT_TIMESTAMP,
                   expiration_time = {expires}
                 WHERE key = ?1 AND etag = ?6 AND {ALIVE}"
            ))?
            .execute((key, text, is_binary, etag, put.seconds, old));
    }
    let only = match when.wanted() {
        Wanted::Absent => {
            format!("WHERE NOT {}", ALIVE.replace("expiration_time", &format!("{table}.expiration_time")))
        }
        _ => String::new(),
    };
    connection
        .prepare_cached(&format!(
            // Not `INSERT OR REPLACE`: that takes the row out and puts another in, which writes more pages.
            "INSERT INTO {table}
               (key, value, is_binary, etag, update_time, expiration_time)
             VALUES (?1, ?2, ?3, ?4, CURRENT_TIMESTAMP, {expires})
             ON CONFLICT (key) DO UPDATE SET
               value = excluded.value, is_binary = excluded.is_binary, etag = excluded.etag,
               update_time = excluded.update_time, expiration_time = excluded.expiration_time {only}"
        ))?
        .execute((key, text, is_binary, etag, put.seconds))
}

/// Removes the values that have expired: nobody reads them, but they take room.
fn sweep(connection: &Connection, tables: &Tables) {
    let delete = format!("DELETE FROM {} WHERE expiration_time <= CURRENT_TIMESTAMP", tables.state);
    if let Err(error) = connection.execute(&delete, []) {
        tracing::warn!("values that have expired stay in the state store: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::super::layout;
    use super::*;

    type Answer = oneshot::Receiver<Written>;

    /// A store file and the jobs that wait for its writer.
    struct Waiting {
        folder: tempfile::TempDir,
        connection: Connection,
        jobs: mpsc::Sender<Job>,
        queue: mpsc::Receiver<Job>,
    }

    impl Waiting {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("folder");
            let mut connection = Connection::open(folder.path().join("s.db")).expect("opens");
            layout::create(&mut connection, &Tables::default()).expect("layout");
            let (jobs, queue) = mpsc::channel();
            Self { folder, connection, jobs, queue }
        }

        fn submit(&self, keys: &[&str]) -> Answer {
            let upsert = |key: &&str| Operation::upsert((*key).into(), Value::Binary(b"v".to_vec()));
            let operations = keys.iter().map(upsert).collect();
            let (reply, answer) = oneshot::channel();
            self.jobs.send(Job { operations, reply }).expect("queued");
            answer
        }

        /// Lets the writer at it; returns the keys in the file and the number of commits.
        fn write(self) -> (Vec<String>, u64) {
            drop(self.jobs);
            let counters = Counters::default();
            run(self.connection, &Tables::default(), &self.queue, &counters);
            let keys = Connection::open(self.folder.path().join("s.db"))
                .and_then(|file| {
                    file.prepare("SELECT key FROM state ORDER BY key")?.query_map([], |row| row.get(0))?.collect()
                })
                .expect("reads");
            (keys, counters.commits.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn transactions_that_wait_together_share_a_commit() {
        let waiting = Waiting::new();
        let names: Vec<String> = (0..20).map(|n| format!("k{n:02}")).collect();
        let answers: Vec<_> = names.iter().map(|name| waiting.submit(&[name])).collect();
        let (keys, commits) = waiting.write();
        assert_eq!((keys, commits), (names, 1));
        for answer in answers {
            assert_eq!(answer.blocking_recv(), Ok(Ok(())));
        }
    }

    #[test]
    fn one_that_fails_takes_no_other_of_its_group_with_it() {
        let waiting = Waiting::new();
        waiting
            .connection
            .execute_batch(
                "CREATE TRIGGER refuse BEFORE INSERT ON state WHEN NEW.key = 'bad'
                 BEGIN SELECT RAISE(ABORT, 'refused'); END",
            )
            .expect("trigger");
        let first = waiting.submit(&["a"]);
        let half = waiting.submit(&["half", "bad"]);
        let last = waiting.submit(&["z"]);
        let (keys, commits) = waiting.write();
        assert_eq!((keys, commits), (vec!["a".to_owned(), "z".to_owned()], 1));
        assert_eq!(first.blocking_recv(), Ok(Ok(())));
        assert_eq!(half.blocking_recv(), Ok(Err(WriteError::Failed("refused".into()))));
        assert_eq!(last.blocking_recv(), Ok(Ok(())));
    }

    #[test]
    fn a_group_that_cannot_be_committed_is_reported_to_each_of_its_callers() {
        let waiting = Waiting::new();
        // A deferred foreign key is checked by the commit itself.
        waiting
            .connection
            .execute_batch(
                "PRAGMA foreign_keys = ON;
                 CREATE TABLE parent (id TEXT PRIMARY KEY);
                 CREATE TABLE child (id TEXT REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
                 CREATE TRIGGER orphan AFTER INSERT ON state WHEN NEW.key = 'bad'
                 BEGIN INSERT INTO child VALUES (NEW.key); END",
            )
            .expect("trigger");
        let answers = [waiting.submit(&["a"]), waiting.submit(&["bad"])];
        let (keys, commits) = waiting.write();
        assert_eq!((keys, commits), (vec![], 0));
        for answer in answers {
            assert!(answer.blocking_recv().expect("answered").is_err());
        }
    }

    #[test]
    fn a_write_whose_caller_left_while_it_waited_never_happens() {
        let waiting = Waiting::new();
        let stays = waiting.submit(&["stays"]);
        drop(waiting.submit(&["left"]));
        let (keys, _) = waiting.write();
        assert_eq!(keys, ["stays"]);
        assert_eq!(stays.blocking_recv(), Ok(Ok(())));
    }
}

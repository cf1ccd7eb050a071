//! Writes to a SQLite file what a turn writes, and does nothing else: what the store alone costs. One line of JSON.
//!
//! `cargo xtask bench` runs it.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Parser;
use rusqlite::{Connection, TransactionBehavior};
use serde_json::json;

/// How large the two values of a `ChatAgent` are in the store after some turns, in bytes.
const HISTORY: usize = 400;
const ANSWERED: usize = 4_600;

/// Where to write, and for how long.
#[derive(Parser)]
struct Options {
    /// A folder that is there; the file in it is made.
    #[arg(long)]
    folder: PathBuf,
    /// How many actors are written in turn.
    #[arg(long, default_value_t = 50)]
    actors: usize,
    /// How long to measure.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

fn main() -> anyhow::Result<()> {
    let Options { folder, actors, seconds } = Options::parse();
    let mut file = Connection::open(folder.join("commit.db"))?;
    // As the embedded sidecar has it: a commit returns when the disk has it.
    file.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    file.pragma_update(None, "synchronous", "FULL")?;
    file.execute_batch("CREATE TABLE state (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)")?;
    let mut took = Vec::new();
    let began = Instant::now();
    for n in 0_usize.. {
        // Never the same twice: SQLite does not write what is there already.
        let value = |size: usize| format!("{n:08}").repeat(size / 8);
        let (history, answered) = (value(HISTORY), value(ANSWERED));
        let at = Instant::now();
        if at.duration_since(began) >= Duration::from_secs(seconds) {
            break;
        }
        let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut write = transaction.prepare_cached(
                "INSERT INTO state VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            )?;
            write.execute((format!("history-bench-{}", n % actors), &history))?;
            write.execute((format!("answered-bench-{}", n % actors), &answered))?;
        }
        transaction.commit()?;
        took.push(at.elapsed());
    }
    let per_second = took.len() as f64 / began.elapsed().as_secs_f64();
    took.sort_unstable();
    // As a rank: the smallest time that so many of a hundred commits did not exceed.
    let percentile = |percent: usize| took[(took.len() * percent).div_ceil(100) - 1].as_secs_f64() * 1e3;
    println!(
        "{}",
        json!({"messages": took.len(), "per_second": per_second, "p50_ms": percentile(50), "p99_ms": percentile(99)})
    );
    Ok(())
}

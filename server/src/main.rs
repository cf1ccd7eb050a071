//! The `faultlab` program.

use std::{
    io::{IsTerminal, Write, stderr, stdout},
    process::ExitCode,
};

use clap::Parser;
use mimalloc::MiMalloc;
use server::{Config, start};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::{
    EnvFilter,
    fmt::{format::Writer, time::FormatTime},
};

/// A turn is many small pieces that one thread makes and another frees, for which glibc's allocator takes locks: with
/// this one 64 clients at once get a quarter more turns. Without huge pages (`no_thp`), which would hold 17 MB more.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Wall clock with milliseconds in this machine's time zone, as the page shows it.
struct Clock;

impl FormatTime for Clock {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        write!(writer, "{}", jiff::ZonedDateTime::now().strftime("%H:%M:%S%.3f"))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Config::try_parse() {
        Ok(config) => config,
        Err(refused) if refused.use_stderr() => {
            let words = refused.to_string();
            let reason = words.lines().next().unwrap_or_default().trim_start_matches("error: ");
            eprintln!("faultlab: {reason}; faultlab --help lists the flags");
            return ExitCode::from(2);
        }
        // --help and --version.
        Err(asked) => asked.exit(),
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_timer(Clock)
        .with_target(false)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .init();
    match run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("faultlab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> anyhow::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    let running = start(config).await?;
    // Whoever reads the output of a pipe may be gone; the lab serves all the same.
    let _ = writeln!(stdout(), "Faultlab is ready: http://{}", running.addr);
    let _ = stdout().flush();
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminated.recv() => {}
    }
    tracing::info!("Stopping: running turns end first; press Ctrl-C again to stop at once");
    tokio::select! {
        () = running.stop() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            anyhow::bail!("stopped at once, with turns still running")
        }
    }
}

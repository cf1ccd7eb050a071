//! The `faultlab` program.

use std::{
    fmt,
    io::{Write, stderr, stdout},
    process::ExitCode,
};

use clap::Parser;
use mimalloc::MiMalloc;
use server::{Config, start};
use tokio::signal::unix::{SignalKind, signal};

/// A turn is many small pieces that one thread makes and another frees, for which glibc's allocator takes locks: with
/// this one 64 clients at once get a quarter more turns. Without huge pages (`no_thp`), which would hold 17 MB more.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Config::try_parse() {
        Ok(config) => config,
        Err(refused) if refused.use_stderr() => {
            let words = refused.to_string();
            let reason = words.lines().next().unwrap_or_default().trim_start_matches("error: ");
            say(&mut stderr(), format_args!("faultlab: {reason}; faultlab --help lists the flags"));
            return ExitCode::from(2);
        }
        // --help and --version.
        Err(asked) => asked.exit(),
    };
    let _log = logging::start(logging::filter_of_environment());
    match run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&mut stderr(), format_args!("faultlab: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> anyhow::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    let running = start(config).await?;
    say(&mut stdout(), format_args!("Faultlab is ready: http://{}", running.addr));
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

/// Writes a line. Whoever reads the output may be gone; the lab serves all the same.
fn say(to: &mut impl Write, words: fmt::Arguments<'_>) {
    let _ = writeln!(to, "{words}").and_then(|()| to.flush());
}

//! The `faultlab` program.

use std::{
    fmt,
    io::{self, Write, stderr, stdout},
    process::ExitCode,
};

use mimalloc::MiMalloc;
use server::{Config, start};
use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
};

/// A turn is many small pieces that one thread makes and another frees, for which glibc's allocator takes locks: with
/// this one 64 clients at once get a quarter more turns. Without huge pages (`no_thp`), which would hold 17 MB more.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let config = match Config::read() {
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
    let ended = Runtime::new().map_err(anyhow::Error::from).and_then(|runtime| {
        let ended = runtime.block_on(run(config));
        // What is still at work, which is nothing after an orderly end, is not waited for.
        runtime.shutdown_background();
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&mut stderr(), format_args!("faultlab: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let running = tokio::select! {
        started = start(config) => started?,
        () = signals.next() => anyhow::bail!("asked to end before it had started"),
    };
    say(&mut stdout(), format_args!("Faultlab is ready: http://{}", running.addr));
    signals.next().await;
    tracing::info!("Stopping: running turns end first; press Ctrl-C again to stop at once");
    tokio::select! {
        () = running.stop() => Ok(()),
        () = signals.next() => anyhow::bail!("stopped at once, with turns still running"),
    }
}

/// SIGTERM and Ctrl-C, again and again.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Writes a line. Whoever reads the output may be gone; the lab serves all the same.
fn say(to: &mut impl Write, words: fmt::Arguments<'_>) {
    let _ = writeln!(to, "{words}").and_then(|()| to.flush());
}

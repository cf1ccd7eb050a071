//! The `faultlab` program.

use std::{
    env, fmt,
    io::{Write, stderr, stdout},
    process::ExitCode,
};

use logging::EnvFilter;
use mimalloc::MiMalloc;
use server::{
    Config, check,
    command_line::{self, Asked, Refused},
    health,
    own::{self, Settings, Status, starter},
    program::guard,
    signals::Signals,
    start,
};
use tokio::runtime::Runtime;

/// A turn is many small pieces that one thread makes and another frees, for which glibc's allocator takes locks: with
/// this one 64 clients at once get a quarter more turns. Without huge pages (`no_thp`), which would hold 17 MB more.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match command_line::read() {
        Ok(Asked::Lab(config)) => ended(logging::filter_of_environment(), lab(*config)),
        Ok(Asked::Run(settings)) => ended(filter_or(&settings.log_filter), own_program(*settings)),
        Ok(Asked::Check(settings)) => ended(filter_or("off"), own_check(*settings)),
        Ok(Asked::New(folder)) => match starter::make(&folder) {
            Ok(words) => {
                say(&mut stdout(), format_args!("{words}"));
                ExitCode::SUCCESS
            }
            Err(error) => failed(format_args!("{error:#}"), Status::Usage as u8),
        },
        Ok(Asked::Health(addr)) => ended(EnvFilter::new("off"), async move {
            health::ask(addr).await.map_err(anyhow::Error::msg)?;
            say(&mut stdout(), format_args!("ready"));
            Ok(ExitCode::SUCCESS)
        }),
        Ok(Asked::Completions(shell)) => {
            command_line::completions(shell, &mut stdout());
            ExitCode::SUCCESS
        }
        Ok(Asked::Manual(folder)) => match command_line::manual(&folder) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(format_args!("{error:#}"), Status::Usage as u8),
        },
        Ok(Asked::Guard(words)) => guard::run(&words),
        Err(Refused::Usage(words, status)) => failed(words, status),
        Err(Refused::Help(asked)) => asked.exit(),
    }
}

/// What `RUST_LOG` says; this where it is not set.
fn filter_or(usual: &str) -> EnvFilter {
    match env::var_os("RUST_LOG") {
        Some(_) => logging::filter_of_environment(),
        None => EnvFilter::new(usual),
    }
}

/// Runs something to its end; an error of it is the last line.
fn ended(filter: EnvFilter, what: impl Future<Output = anyhow::Result<ExitCode>>) -> ExitCode {
    let _log = logging::start(filter);
    let ended = Runtime::new().map_err(anyhow::Error::from).and_then(|runtime| {
        let ended = runtime.block_on(what);
        // What is still at work, which is nothing after an orderly end, is not waited for.
        runtime.shutdown_background();
        ended
    });
    ended.unwrap_or_else(|error| failed(format_args!("{error:#}"), 1))
}

async fn lab(config: Config) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let running = tokio::select! {
        started = start(config) => started?,
        () = signals.next() => anyhow::bail!("asked to end before it had started"),
    };
    say(&mut stdout(), format_args!("Faultlab is ready: http://{}", running.addr));
    signals.next().await;
    tracing::info!("Stopping: running turns end first; press Ctrl-C again to stop at once");
    tokio::select! {
        () = running.stop() => Ok(ExitCode::SUCCESS),
        () = signals.next() => anyhow::bail!("stopped at once, with turns still running"),
    }
}

async fn own_program(settings: Settings) -> anyhow::Result<ExitCode> {
    match own::run(settings).await {
        Ok(status) => Ok(ExitCode::from(status as u8)),
        Err(error) => Ok(failed(format_args!("{error:#}"), Status::Usage as u8)),
    }
}

async fn own_check(settings: check::Settings) -> anyhow::Result<ExitCode> {
    match check::run(settings).await {
        Ok(status) => Ok(ExitCode::from(status)),
        Err(error) => Ok(failed(format_args!("{error:#}"), Status::Usage as u8)),
    }
}

/// Says why it ends, as its last line.
fn failed(words: impl fmt::Display, status: u8) -> ExitCode {
    say(&mut stderr(), format_args!("faultlab: {words}"));
    ExitCode::from(status)
}

/// Writes a line. Whoever reads the output may be gone; the lab serves all the same.
fn say(to: &mut impl Write, words: fmt::Arguments<'_>) {
    let _ = writeln!(to, "{words}").and_then(|()| to.flush());
}

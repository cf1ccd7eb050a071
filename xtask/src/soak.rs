//! The long random run: the real program under faults, deactivations and `kill -9`, checked by a model. The same run is
//! part of `cargo xtask test` for some seconds.
use crate::{
    group::{Asked, task},
    paths,
    progress::{self, BUILD_LIMIT},
};
use anyhow::{Result, bail};
use clap::Args;
use std::{process::Command, time::Duration};

/// The test that it is; it does nothing unless it is asked for.
const TEST: &str = "for_a_long_time_nothing_acknowledged_is_lost_whatever_fails_or_dies";

/// How long the last turns, and the check, may take after the run itself.
const AFTER: Duration = Duration::from_secs(10 * 60);

/// How long, and which run.
#[derive(Args)]
pub(crate) struct Options {
    /// How long it lasts.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    seconds: u64,
    /// The seed of an earlier run, which printed it: the same choices again. When they meet is up to the machine.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

/// Builds and runs it, and prints what it came to.
///
/// # Errors
/// When it does not compile, or when something was lost, doubled or half: the words above say what, and name the seed.
pub(crate) fn run(options: &Options) -> Result<()> {
    progress::run("Building the long run", BUILD_LIMIT, test().arg("--no-run"))?;
    let asked = Asked::listen()?;
    let mut command = test();
    command.args(["--", "--ignored", "--exact", "--nocapture", TEST]);
    command.env("FAULTLAB_SOAK_SECONDS", options.seconds.to_string());
    if let Some(seed) = options.seed {
        command.env("FAULTLAB_SOAK_SEED", seed.to_string());
    }
    let limit = Duration::from_secs(options.seconds) + AFTER;
    let what = format!("Running for {} s", options.seconds);
    let mut ran = false;
    let status = progress::during(&what, || {
        task::to_its_end(&mut command, limit, &asked, |line| ran |= line.starts_with("test result: ok. 1 passed"))
    })?;
    if !status.success() || !ran {
        bail!("the long run failed; what it says stands above");
    }
    Ok(())
}

fn test() -> Command {
    let mut cargo = paths::cargo();
    cargo.args(["test", "--locked", "--package", "server", "--test", "soak"]);
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_run_is_there_by_its_name() {
        let file = std::fs::read_to_string(paths::root().join("server/tests/soak/main.rs")).unwrap();
        assert!(file.contains(&format!("async fn {TEST}()")));
    }
}

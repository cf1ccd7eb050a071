//! Starting `faultlab` on real Dapr: Redis, `faultlab` with its wire in front of Redis, placement, `daprd`.
//!
//! The order is what the programs ask for: `daprd` ends when it cannot reach its state store, which it reaches through
//! the wire; and it takes up the actors when the application answers.
use crate::{
    group::{Group, Logs, Role},
    paths::{self, Profile},
    real::{self, Given, Placement, Redis, Sidecar, ports::Ports, programs::Programs, resources},
    run,
};
use anyhow::{Result, bail};
use std::{env, ffi::OsString, time::Duration};

/// What [`everything`] sets by itself.
const OWN_FLAGS: [&str; 3] = ["--app-addr", "--wire", "--store"];

/// How long `faultlab` may take to serve.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Starts everything and ends when a person asks for it. `redis` is one that is there already.
///
/// # Errors
/// When a program is missing, cannot be started, does not get ready or ends by itself.
pub(crate) fn everything(profile: Profile, redis: Option<&str>, flags: &[OsString]) -> Result<()> {
    if let Some(flag) = OWN_FLAGS.iter().find(|flag| value_of(flags, flag).is_some()) {
        bail!("{flag} cannot be given with --dapr, which sets it by itself");
    }
    let programs = Programs::get()?;
    let mut group = Group::new(Logs::Shown)?;
    let mut ports = Ports::default();
    let folder = paths::target().join("dapr");

    let redis = match redis {
        Some(address) => Redis::at(address)?,
        None => Redis::start(&mut group, &mut ports, Some(&folder.join("data")))?,
    };
    let placement = Placement::start(&mut group, &mut ports, &programs)?;
    let sidecar = Sidecar::choose(&mut ports)?;
    let app_port = ports.known("faultlab's app channel", 8001)?;
    let wire = format!("127.0.0.1:{}", ports.free()?);
    // In a run of its own nobody but its daprd may call the actor past the turn lock, as with the embedded sidecar.
    let token = uuid::Uuid::new_v4().to_string();

    let mut faultlab = run::command(profile, flags);
    real::clean(&mut faultlab);
    faultlab.env("DAPR_GRPC_PORT", sidecar.grpc.to_string()).env("DAPR_HTTP_PORT", sidecar.http.to_string());
    faultlab.env("APP_API_TOKEN", &token).env("FAULTLAB_APP_ADDR", format!("127.0.0.1:{app_port}"));
    faultlab.env("FAULTLAB_WIRE", &wire).env("FAULTLAB_STORE", format!("redis://{}", redis.address));
    let addr = match value_of(flags, "--addr").or_else(|| env::var("FAULTLAB_ADDR").ok()) {
        Some(addr) => addr,
        None => format!("127.0.0.1:{}", ports.known("the lab's page", 8000)?),
    };
    faultlab.env("FAULTLAB_ADDR", &addr);
    group.start("faultlab", Role::App, &mut faultlab)?;
    let app = format!("127.0.0.1:{app_port}");
    group.wait(&format!("faultlab's wire to Redis on {wire}"), START_LIMIT, || real::listens(&wire))?;
    group.wait(&format!("faultlab's app channel on {app}"), START_LIMIT, || real::listens(&app))?;

    placement.wait(&mut group)?;
    let components = folder.join("components");
    let addresses = resources::Addresses { state: &wire, others: &redis.address };
    resources::write(&paths::root().join("components/redis"), &components, &addresses)?;
    let given = Given { app_port, placement: &placement, resources: &components, token: Some(&token) };
    sidecar.start(&mut group, &mut ports, &programs, &given)?;
    sidecar.wait_for_actors(&mut group)?;
    let at = if addr.ends_with(":0") {
        "the address that faultlab has printed".to_owned()
    } else {
        format!("http://{addr}")
    };
    eprintln!("• All is ready: open {at}. Ctrl-C ends all of it.");
    group.run()
}

/// The value of a flag, written `--flag VALUE` or `--flag=VALUE`.
fn value_of(flags: &[OsString], flag: &str) -> Option<String> {
    let mut flags = flags.iter().map(|given| given.to_string_lossy());
    while let Some(given) = flags.next() {
        match given.strip_prefix(flag) {
            Some("") => return Some(flags.next().unwrap_or_default().into_owned()),
            Some(rest) if rest.starts_with('=') => return Some(rest[1..].to_owned()),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_a_flag_is_found_in_both_ways_of_writing_it() {
        let flags = ["--data", "x", "--addr=1.2.3.4:5", "--app-addr", "b"].map(OsString::from);
        assert_eq!(value_of(&flags, "--addr").as_deref(), Some("1.2.3.4:5"));
        assert_eq!(value_of(&flags, "--app-addr").as_deref(), Some("b"));
        assert_eq!(value_of(&flags, "--wire"), None);
    }

    #[test]
    fn what_a_run_on_dapr_sets_by_itself_is_refused() {
        let error = everything(Profile::Debug, None, &["--wire=127.0.0.1:0".into()]).unwrap_err().to_string();
        assert_eq!(error, "--wire cannot be given with --dapr, which sets it by itself");
    }
}

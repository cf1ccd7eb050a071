//! One program, measured.
use super::{
    depth::{Depth, Streams},
    subject::{Places, Subject, example},
};
use crate::{
    group::{Group, Logs, Role},
    paths, progress,
    real::{self, Given, Placement, Redis, Sidecar, ports::Ports, programs::Programs, resources},
    site,
};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// How long a program may take to serve its first page.
const PAGE_LIMIT: Duration = Duration::from_secs(60);

/// Actors that the messages go to.
const ACTORS: u32 = 50;

/// What was measured of one program.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) name: &'static str,
    /// One message under way at a time.
    pub(super) one_client: Load,
    /// Eight at a time.
    pub(super) eight_clients: Load,
    /// Resident memory of the program before the first message, in MB; where the system tells.
    pub(super) idle_mb: Option<f64>,
    /// The same after the last.
    pub(super) loaded_mb: Option<f64>,
    /// Resident memory of its daprd after the last message, in MB.
    pub(super) daprd_mb: Option<f64>,
    /// From the start of the process to the end of its first page, in milliseconds; to within 5.
    pub(super) first_page_ms: f64,
    /// What more is measured of the lab on its embedded sidecar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) depth: Option<Depth>,
}

/// What the load generator tells.
#[derive(Serialize, Deserialize)]
pub(super) struct Load {
    pub(super) messages: u64,
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

/// Starts the program with all it needs, each afresh, measures it and ends all.
pub(super) fn one(subject: &Subject, dapr: Option<&Programs>, seconds: u64) -> Result<Row> {
    eprintln!("\n== {}", subject.name());
    let folder = paths::target().join("bench").join(subject.slug());
    // The lesson's program has been put into its folder before.
    let data = folder.join("data");
    site::remove_folder(&data)?;
    fs::create_dir_all(&data)?;
    let mut group = Group::new(Logs::Kept(folder.clone()))?;
    let mut ports = Ports::default();
    let dapr = dapr.filter(|_| subject.is_on_dapr());

    let public = ports.free()?;
    let app = if subject.has_one_port() { public } else { ports.free()? };
    let wire = if subject.has_wire() { Some(format!("127.0.0.1:{}", ports.free()?)) } else { None };
    let mut places = Places { public, app, sidecar: None, redis: None, wire, folder: data };
    let mut support = None;
    if let Some(programs) = dapr {
        let redis = Redis::start(&mut group, &mut ports, None)?;
        let placement = Placement::start(&mut group, &mut ports, programs)?;
        placement.wait(&mut group)?;
        let sidecar = Sidecar::choose(&mut ports)?;
        places.sidecar = Some((sidecar.http, sidecar.grpc));
        places.redis = Some(redis.address);
        support = Some((programs, placement, sidecar));
    }

    let start_daprd = |group: &mut Group, ports: &mut Ports| -> Result<Option<u32>> {
        let Some((programs, placement, sidecar)) = &support else { return Ok(None) };
        let components = folder.join("components");
        let redis = places.redis.as_deref().unwrap_or_default();
        let addresses = resources::Addresses { state: places.wire.as_deref().unwrap_or(redis), others: redis };
        resources::write(&paths::root().join("components/redis"), &components, &addresses)?;
        let given = Given { app_port: app, placement, resources: &components, token: None };
        let id = sidecar.start(group, ports, programs, &given)?;
        sidecar.wait_for_calls(group)?;
        Ok(Some(id))
    };
    // The lesson's program ends when its sidecar is not there; a sidecar behind the wire ends when the wire is not.
    let mut daprd = if subject.has_wire() { None } else { start_daprd(&mut group, &mut ports)? };

    let url = format!("http://127.0.0.1:{public}");
    let started = Instant::now();
    let id = group.start("app", Role::App, &mut subject.command(&places))?;
    let page = format!("{url}{}", subject.page());
    group.wait("the first page", PAGE_LIMIT, || real::get(&page).is_ok())?;
    let first_page_ms = started.elapsed().as_secs_f64() * 1e3;
    if subject.has_wire() {
        daprd = start_daprd(&mut group, &mut ports)?;
    }
    if let Some((_, _, sidecar)) = &support {
        sidecar.wait_for_actors(&mut group)?;
    }

    let idle_mb = resident_mb(id);
    let streams = subject.is_measured_in_depth().then(|| Streams::measure(&url, id, seconds)).transpose()?;
    let one_client = load(subject, &url, 1, ACTORS, seconds)?;
    let eight_clients = load(subject, &url, 8, ACTORS, seconds)?;
    let loaded_mb = resident_mb(id);
    let row = Row {
        name: subject.name(),
        one_client,
        eight_clients,
        idle_mb,
        loaded_mb,
        daprd_mb: daprd.and_then(resident_mb),
        first_page_ms,
        depth: streams.map(|streams| streams.and_all(subject, &url, id, &folder, seconds)).transpose()?,
    };
    group.end();
    Ok(row)
}

/// Runs the load generator.
pub(super) fn load(subject: &Subject, url: &str, clients: u32, actors: u32, seconds: u64) -> Result<Load> {
    let mut command = Command::new(example("load"));
    command.args(["--url", url, "--clients", &clients.to_string(), "--actors", &actors.to_string()]);
    command.args(["--seconds", &seconds.to_string()]).stderr(Stdio::inherit());
    if subject.has_switch() {
        command.arg("--switch-off");
    }
    progress::during(&format!("Sending messages, {clients} at a time"), || {
        let output = command.output().context("the load generator cannot be started")?;
        if !output.status.success() {
            bail!("{} could not be measured; what it printed is in target/bench/{}", subject.name(), subject.slug());
        }
        serde_json::from_slice(&output.stdout).context("the load generator's line cannot be read")
    })
}

/// The resident memory of a process in MB (10⁶ bytes), where `/proc` tells it.
pub(super) fn resident_mb(id: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_some_memory_and_no_process_has_none() {
        assert!(resident_mb(std::process::id()).is_some_and(|mb| mb > 0.5));
        assert_eq!(resident_mb(u32::MAX), None);
    }
}

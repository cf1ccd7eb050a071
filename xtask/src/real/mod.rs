//! Real Dapr on this machine: Redis, placement and `daprd`; how each is started, and when it is ready.
//!
//! # Layout
//! - [`Redis`], [`Placement`], [`Sidecar`]: one program each; [`Given`]: what `daprd` is told
//! - [`programs`]: where they are; [`ports`]: ports on this machine
//! - [`resources`]: the component files, with the addresses of this run
pub(crate) mod ports;
pub(crate) mod programs;
pub(crate) mod resources;

use crate::{
    group::{Group, Role},
    paths,
};
use anyhow::{Context, Result, bail};
use ports::Ports;
use programs::Programs;
use std::{
    fs,
    io::{Read, Write},
    net::{TcpStream, ToSocketAddrs},
    path::Path,
    process::Command,
    time::Duration,
};

/// The app id that the actor's keys in the store begin with; `app::actor_id::APP_ID` is the same.
const APP_ID: &str = "daca-ai-app";

/// The actor type that the application has to host before it is of use.
const ACTOR_TYPE: &str = "ChatAgent";

/// How long each program may take to be ready. daprd connects to placement only after the app answers.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// How long one look at a port may take.
const LOOK_LIMIT: Duration = Duration::from_millis(500);

/// A Redis that answers.
pub(crate) struct Redis {
    /// Where it is, as `HOST:PORT`.
    pub(crate) address: String,
}

impl Redis {
    /// Starts one that keeps what it is given in `data`, or in memory only.
    ///
    /// # Errors
    /// When there is no `redis-server` or it does not get ready.
    pub(crate) fn start(group: &mut Group, ports: &mut Ports, data: Option<&Path>) -> Result<Self> {
        let port = ports.known("Redis", 6379)?;
        let mut command = paths::command("redis-server");
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        match data {
            Some(folder) => {
                fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
                command.arg("--dir").arg(folder).args(["--appendonly", "yes"]);
            }
            None => {
                command.args(["--appendonly", "no"]);
            }
        }
        group.start("redis", Role::Support, &mut command)?;
        let address = format!("127.0.0.1:{port}");
        group.wait(&format!("Redis on {address}"), READY_LIMIT, || redis_answers(&address))?;
        Ok(Self { address })
    }

    /// Takes one that is already there.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) fn at(address: &str) -> Result<Self> {
        let address = address.trim_start_matches("redis://").to_owned();
        if !address.contains(':') {
            bail!("--redis {address} names no port: give HOST:PORT, as 127.0.0.1:6379");
        }
        if !redis_answers(&address) {
            bail!("no Redis answers on {address}: start it, or leave --redis away to have one started");
        }
        Ok(Self { address })
    }
}

/// Whether a Redis there answers `PING`; one that asks for a password answers too, and could not be used.
fn redis_answers(address: &str) -> bool {
    let pong = || -> std::io::Result<bool> {
        let mut stream = connect(address)?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(&answer == b"+PONG")
    };
    pong().unwrap_or(false)
}

/// Whether something listens there.
pub(crate) fn listens(address: &str) -> bool {
    connect(address).is_ok()
}

fn connect(address: &str) -> std::io::Result<TcpStream> {
    let mut error = std::io::ErrorKind::NotFound.into();
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, LOOK_LIMIT) {
            Ok(stream) => {
                stream.set_read_timeout(Some(LOOK_LIMIT))?;
                return Ok(stream);
            }
            Err(reason) => error = reason,
        }
    }
    Err(error)
}

/// A placement service.
pub(crate) struct Placement {
    address: String,
    health: u16,
}

impl Placement {
    /// Starts one, and does not yet wait for it: the application can start meanwhile.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(group: &mut Group, ports: &mut Ports, programs: &Programs) -> Result<Self> {
        let (port, health) = (ports.known("placement", 50005)?, ports.free()?);
        let raft = format!("faultlab=127.0.0.1:{}", ports.free()?);
        let mut command = Command::new(&programs.placement);
        command.args(["--port", &port.to_string(), "--listen-address", "127.0.0.1"]);
        command.args(["--healthz-port", &health.to_string(), "--healthz-listen-address", "127.0.0.1"]);
        command.args(["--enable-metrics=false", "--id", "faultlab", "--initial-cluster", &raft]);
        group.start("placement", Role::Support, &mut command)?;
        Ok(Self { address: format!("127.0.0.1:{port}"), health })
    }

    /// Waits until it is ready.
    ///
    /// # Errors
    /// When it does not get ready.
    pub(crate) fn wait(&self, group: &mut Group) -> Result<()> {
        let url = format!("http://127.0.0.1:{}/healthz", self.health);
        group.wait(&format!("placement on {}", self.address), READY_LIMIT, || get(&url).is_ok())
    }
}

/// `daprd`'s own ports, chosen before it is started: the application is told them first.
pub(crate) struct Sidecar {
    /// Its HTTP API's port.
    pub(crate) http: u16,
    /// Its gRPC API's port.
    pub(crate) grpc: u16,
}

impl Sidecar {
    /// Chooses the ports.
    ///
    /// # Errors
    /// When none is free.
    pub(crate) fn choose(ports: &mut Ports) -> Result<Self> {
        Ok(Self { http: ports.known("daprd's HTTP API", 3500)?, grpc: ports.known("daprd's gRPC API", 50001)? })
    }

    /// Starts it in front of the application, which may come later; the result is its process id.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(
        &self,
        group: &mut Group,
        ports: &mut Ports,
        programs: &Programs,
        given: &Given<'_>,
    ) -> Result<u32> {
        let mut command = Command::new(&programs.daprd);
        command.current_dir(paths::root());
        command.args(["--mode", "standalone", "--app-id", APP_ID, "--app-protocol", "http"]);
        command.args(["--app-port", &given.app_port.to_string(), "--app-channel-address", "127.0.0.1"]);
        command.args(["--dapr-http-port", &self.http.to_string(), "--dapr-grpc-port", &self.grpc.to_string()]);
        command.args(["--dapr-listen-addresses", "127.0.0.1", "--enable-metrics=false"]);
        command.args(["--dapr-internal-grpc-port", &ports.free()?.to_string()]);
        command.args(["--dapr-internal-grpc-listen-address", "127.0.0.1"]);
        command.args(["--placement-host-address", &given.placement.address]);
        command.arg("--resources-path").arg(given.resources);
        clean(&mut command);
        if let Some(token) = given.token {
            command.env("APP_API_TOKEN", token);
        }
        group.start("daprd", Role::Support, &mut command)
    }

    /// Waits until the application can call it; it need not have found the application yet.
    ///
    /// # Errors
    /// When that does not come about.
    pub(crate) fn wait_for_calls(&self, group: &mut Group) -> Result<()> {
        let url = format!("http://127.0.0.1:{}/v1.0/healthz/outbound", self.http);
        group.wait(&format!("daprd on 127.0.0.1:{} (HTTP)", self.http), READY_LIMIT, || get(&url).is_ok())
    }

    /// Waits until it hosts the application's actors.
    ///
    /// # Errors
    /// When that does not come about.
    pub(crate) fn wait_for_actors(&self, group: &mut Group) -> Result<()> {
        let what = format!("daprd on 127.0.0.1:{} (HTTP) and :{} (gRPC) to host {ACTOR_TYPE}", self.http, self.grpc);
        let url = format!("http://127.0.0.1:{}/v1.0/metadata", self.http);
        group.wait(&what, READY_LIMIT, || get(&url).is_ok_and(|metadata| hosts_the_actor(&metadata)))
    }
}

/// What `daprd` is told.
pub(crate) struct Given<'a> {
    /// Where the application answers on loopback.
    pub(crate) app_port: u16,
    /// Who places the actors.
    pub(crate) placement: &'a Placement,
    /// The folder with the component files.
    pub(crate) resources: &'a Path,
    /// What the application asks of its sidecar.
    pub(crate) token: Option<&'a str>,
}

/// Takes away what another run of Dapr has left in the environment: it would win over what is set here.
pub(crate) fn clean(command: &mut Command) {
    for name in ["DAPR_API_TOKEN", "APP_API_TOKEN", "DAPR_GRPC_ENDPOINT", "DAPR_HTTP_ENDPOINT"] {
        command.env_remove(name);
    }
}

/// Whether `GET /v1.0/metadata` says that calls to the actor arrive.
fn hosts_the_actor(metadata: &str) -> bool {
    let Ok(metadata) = serde_json::from_str::<serde_json::Value>(metadata) else { return false };
    let runtime = &metadata["actorRuntime"];
    let types = runtime["activeActors"].as_array().into_iter().flatten();
    runtime["hostReady"] == true && types.into_iter().any(|actors| actors["type"] == ACTOR_TYPE)
}

/// What is at a URL; an error for any status but success.
pub(crate) fn get(url: &str) -> Result<String> {
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(2)));
    let agent = ureq::Agent::new_with_config(config.build());
    Ok(agent.get(url).call()?.body_mut().read_to_string()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sidecar_is_ready_when_it_hosts_the_actor_and_placement_knows() {
        let metadata = |ready: bool, kind: &str| {
            format!(r#"{{"actorRuntime":{{"hostReady":{ready},"activeActors":[{{"type":"{kind}"}}]}}}}"#)
        };
        assert!(hosts_the_actor(&metadata(true, ACTOR_TYPE)));
        assert!(!hosts_the_actor(&metadata(false, ACTOR_TYPE)));
        assert!(!hosts_the_actor(&metadata(true, "Other")));
        assert!(!hosts_the_actor(r#"{"actorRuntime":{"runtimeStatus":"INITIALIZING"}}"#));
        assert!(!hosts_the_actor("not JSON"));
    }

    #[test]
    fn a_redis_that_is_not_there_is_named() {
        let error = Redis::at("127.0.0.1:1").err().unwrap().to_string();
        assert!(error.starts_with("no Redis answers on 127.0.0.1:1: start it"), "{error}");
        assert!(Redis::at("localhost").err().unwrap().to_string().contains("give HOST:PORT"));
    }
}

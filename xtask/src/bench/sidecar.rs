//! The sidecar alone, beside daprd: calls of an actor that does nothing, calls that save a value, and memory.
//!
//! Both with Redis, so that what differs is theirs; and the sidecar with SQLite, which has a value on disk before it
//! answers.
use super::{file, measure::resident_mb, subject::example};
use crate::{
    group::{Group, Logs, Role},
    paths::{self, Profile},
    progress::{self, BUILD_LIMIT},
    real::{self, Given, Placement, Redis, Sidecar, ports::Ports, programs::Programs, resources},
    site, tools,
};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdout, Command, Stdio},
};

/// How often the sidecar does what daprd does, at least, in each row.
const GOAL: f64 = 2.5;

/// What was measured of one of the two.
#[derive(Serialize)]
struct Column {
    name: &'static str,
    loads: Vec<Load>,
    /// Resident memory before the first call, in MB; where the system tells.
    idle_mb: Option<f64>,
    /// The same with [`Active`] actors.
    active_mb: Option<f64>,
    active: usize,
}

/// One load, as the example prints it.
#[derive(Serialize, Deserialize)]
struct Load {
    method: String,
    clients: u32,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

#[derive(Deserialize)]
struct Active {
    active: usize,
}

/// Measures both, one after the other, and prints them side by side.
///
/// # Errors
/// When something cannot be built, started or measured.
pub(super) fn all(seconds: u64) -> Result<()> {
    tools::need(&tools::OF_DAPR)?;
    let mut cargo = paths::cargo();
    paths::without_flags_of_development(&mut cargo);
    cargo.args(["build", "--release", "--locked", "--package", "sidecar", "--bin", "sidecar", "--example", "bench"]);
    progress::run("Building the sidecar and what calls it", BUILD_LIMIT, &mut cargo)?;
    let programs = Programs::get()?;
    let columns = [
        one(Subject::Sidecar(Store::Sqlite), seconds)?,
        one(Subject::Sidecar(Store::Redis), seconds)?,
        one(Subject::Daprd(&programs), seconds)?,
    ];
    println!("\n{}", table(&columns));
    println!("The same figures: {}", file::put("sidecar", &columns)?.display());
    Ok(())
}

/// Where a value is saved.
#[derive(Clone, Copy)]
enum Store {
    Sqlite,
    Redis,
}

/// What is measured.
#[derive(Clone, Copy)]
enum Subject<'a> {
    Sidecar(Store),
    /// With Redis.
    Daprd(&'a Programs),
}

impl Subject<'_> {
    fn name(self) -> &'static str {
        match self {
            Self::Sidecar(Store::Sqlite) => "sidecar + SQLite",
            Self::Sidecar(Store::Redis) => "sidecar + Redis",
            Self::Daprd(_) => "daprd + Redis",
        }
    }
}

fn one(subject: Subject<'_>, seconds: u64) -> Result<Column> {
    let name = subject.name();
    eprintln!("\n== {name}");
    let folder = paths::target().join("bench").join(name.replace(" + ", "-"));
    site::remove_folder(&folder)?;
    fs::create_dir_all(&folder)?;
    let mut group = Group::new(Logs::Kept(folder.clone()))?;
    let mut ports = Ports::default();
    let app_port = ports.free()?;
    let sidecar = Sidecar::choose(&mut ports)?;
    let mut app = App::start(app_port, sidecar.grpc, seconds)?;
    let components = match subject {
        Subject::Sidecar(Store::Sqlite) => paths::root().join("components/local"),
        Subject::Sidecar(Store::Redis) | Subject::Daprd(_) => {
            let redis = Redis::start(&mut group, &mut ports, None)?;
            let components = folder.join("components");
            let addresses = resources::Addresses { state: &redis.address, others: &redis.address };
            resources::write(&paths::root().join("components/redis"), &components, &addresses)?;
            components
        }
    };
    let id = match subject {
        Subject::Daprd(programs) => {
            let placement = Placement::start(&mut group, &mut ports, programs)?;
            placement.wait(&mut group)?;
            let given = Given { app_port, placement: &placement, resources: &components, token: None };
            sidecar.start(&mut group, &mut ports, programs, &given)?
        }
        Subject::Sidecar(_) => {
            let mut command = Command::new(paths::program("sidecar", Profile::Release));
            command.current_dir(&folder).args(["--app-id", "bench", "--app-port", &app_port.to_string()]);
            command.args(["--dapr-http-port", &sidecar.http.to_string()]);
            command.args(["--dapr-grpc-port", &sidecar.grpc.to_string()]);
            command.arg("--resources-path").arg(components);
            real::clean(&mut command);
            group.start("sidecar", Role::Support, &mut command)?
        }
    };
    sidecar.wait_for_actors(&mut group)?;
    let idle_mb = resident_mb(id);
    let loads = progress::during("Calling actors", || app.loads())?;
    let active = progress::during("Making many actors active", || app.active())?;
    let column = Column { name, loads, idle_mb, active_mb: resident_mb(id), active };
    drop(app);
    group.end();
    Ok(column)
}

/// The example: the app, and its callers.
struct App {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl App {
    fn start(app_port: u16, grpc_port: u16, seconds: u64) -> Result<Self> {
        let mut command = Command::new(example("bench"));
        command.args(["--app-port", &app_port.to_string(), "--grpc-port", &grpc_port.to_string()]);
        command.args(["--seconds", &seconds.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("the app cannot start")?;
        let stdout = child.stdout.take().context("its output is read")?;
        Ok(Self { child, lines: BufReader::new(stdout).lines() })
    }

    fn line(&mut self) -> Result<String> {
        match self.lines.next() {
            Some(line) => Ok(line?),
            None => bail!("the app ended before it had measured; what it said stands above"),
        }
    }

    fn loads(&mut self) -> Result<Vec<Load>> {
        self.child.stdin.as_mut().context("it waits for a line")?.write_all(b"go\n")?;
        Ok(serde_json::from_str(&self.line()?)?)
    }

    fn active(&mut self) -> Result<usize> {
        let Active { active } = serde_json::from_str(&self.line()?)?;
        Ok(active)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // It ends with its input; one that does not is ended.
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One line for each load, and the memory below. The goal is held against the last one but one: the same store.
fn table(columns: &[Column; 3]) -> String {
    let [_, same, daprd] = columns;
    let across = |cell: &dyn Fn(&Column) -> String| columns.iter().map(cell).collect::<String>();
    let mut lines = vec![
        format!("{:<22}{}", "", across(&|column| format!("   {:>26}", column.name))),
        format!("{:<22}{}     {}", "", "      calls/s  p50 ms  p99 ms".repeat(columns.len()), "times"),
    ];
    for (row, load) in daprd.loads.iter().enumerate() {
        let times = same.loads[row].per_second / load.per_second;
        let mark = if times < GOAL { "  below the goal" } else { "" };
        let figures = across(&|column| {
            let Load { per_second, p50_ms, p99_ms, .. } = &column.loads[row];
            format!("   {per_second:>10.0} {p50_ms:>7.2} {p99_ms:>7.2}")
        });
        lines.push(format!(
            "{:<22}{figures}    {times:>6.2}{mark}",
            format!("{}, {} at once", load.method, load.clients)
        ));
    }
    let mut row = |name: String, of: fn(&Column) -> Option<f64>| {
        let cell = |mb: Option<f64>| mb.map_or_else(|| "–".to_owned(), |mb| format!("{mb:.1} MB"));
        lines.push(format!("{name:<22}{}", across(&|column| format!("   {:>26}", cell(of(column))))));
    };
    row("resident, idle".into(), |column| column.idle_mb);
    row(format!("resident, {} actors", daprd.active), |column| column.active_mb);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_the_goal_is_marked() {
        let column = |name, per_second| Column {
            name,
            loads: vec![Load { method: "Null".into(), clients: 32, per_second, p50_ms: 0.5, p99_ms: 2.0 }],
            idle_mb: Some(16.04),
            active_mb: None,
            active: 20_000,
        };
        let good = table(&[column("sqlite", 100.0), column("own", 2500.0), column("daprd", 1000.0)]);
        assert!(good.contains("Null, 32 at once") && good.contains("2.50") && !good.contains("below"), "{good}");
        assert!(good.contains("16.0 MB") && good.contains("20000 actors"), "{good}");
        assert!(
            table(&[column("sqlite", 9000.0), column("own", 2400.0), column("daprd", 1000.0)])
                .contains("2.40  below the goal")
        );
    }
}

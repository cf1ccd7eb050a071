//! The programs that are measured.
use crate::{
    paths::{self, Profile},
    real, site,
};
use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A program that answers the lesson's `POST /chat/{actor_id}`.
pub(super) enum Subject {
    /// `faultlab` with the sidecar that is built in.
    Embedded,
    /// `faultlab` on daprd and Redis.
    OnDapr,
    /// The same with the wire between daprd and Redis, as `cargo xtask run --dapr` has it.
    OnDaprBehindWire,
    /// The lesson's own program on daprd and Redis.
    Lesson(Lesson),
    /// An actor that makes the same calls to daprd in a turn and does nothing else: the limit for the same work.
    SameCalls,
    /// An actor that does nothing: the limit for any actor.
    Idle,
}

/// Where a program has to listen, and what it finds.
pub(super) struct Places {
    /// Where messages come in; for the lesson's program the app channel too.
    pub(super) public: u16,
    /// Where the sidecar reaches the application.
    pub(super) app: u16,
    /// daprd's HTTP and gRPC ports, if there is a daprd.
    pub(super) sidecar: Option<(u16, u16)>,
    /// Redis, if there is one.
    pub(super) redis: Option<String>,
    /// The wire's address, if the program is to open it.
    pub(super) wire: Option<String>,
    /// A folder for what is written.
    pub(super) folder: PathBuf,
}

impl Subject {
    /// For people.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Embedded => "faultlab, embedded sidecar",
            Self::OnDapr => "faultlab, daprd + Redis",
            Self::OnDaprBehindWire => "faultlab, daprd + wire + Redis",
            Self::Lesson(_) => "lesson's Python, daprd + Redis",
            Self::SameCalls => "the same Dapr calls only",
            Self::Idle => "an actor that does nothing",
        }
    }

    /// For a folder.
    pub(super) fn slug(&self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::OnDapr => "dapr",
            Self::OnDaprBehindWire => "wire",
            Self::Lesson(_) => "lesson",
            Self::SameCalls => "same-calls",
            Self::Idle => "idle",
        }
    }

    /// Whether it runs on daprd and Redis.
    pub(super) fn is_on_dapr(&self) -> bool {
        !matches!(self, Self::Embedded)
    }

    /// Whether it opens the wire.
    pub(super) fn has_wire(&self) -> bool {
        matches!(self, Self::OnDaprBehindWire)
    }

    /// Whether messages and the sidecar's calls come in at one port.
    pub(super) fn has_one_port(&self) -> bool {
        matches!(self, Self::Lesson(_))
    }

    /// Whether it has the lab's switch, which has to be off: a simulated failure costs a second.
    pub(super) fn has_switch(&self) -> bool {
        matches!(self, Self::Embedded | Self::OnDapr | Self::OnDaprBehindWire)
    }

    /// Whether more is measured than messages.
    pub(super) fn is_measured_in_depth(&self) -> bool {
        matches!(self, Self::Embedded)
    }

    /// The path of its first page.
    pub(super) fn page(&self) -> &'static str {
        if matches!(self, Self::Lesson(_)) { "/docs" } else { "/" }
    }

    /// How it is started.
    pub(super) fn command(&self, places: &Places) -> Command {
        let local = |port: u16| format!("127.0.0.1:{port}");
        let mut command = match self {
            Self::Lesson(lesson) => {
                let mut command = Command::new(&lesson.python);
                command.current_dir(&lesson.folder).args(["-m", "uvicorn", "main:app", "--host", "127.0.0.1"]);
                command.args(["--port", &places.public.to_string()]);
                command
            }
            Self::SameCalls | Self::Idle => {
                let mut command = Command::new(example("idle_actor"));
                command.args(["--addr", &local(places.public), "--app-addr", &local(places.app)]);
                if matches!(self, Self::SameCalls) {
                    command.arg("--same-calls");
                }
                command
            }
            Self::Embedded | Self::OnDapr | Self::OnDaprBehindWire => {
                let mut command = Command::new(paths::program("faultlab", Profile::Release));
                command.current_dir(paths::root()).args(["--addr", &local(places.public)]);
                command.args(["--app-addr", &local(places.app)]).arg("--data").arg(&places.folder);
                command.arg("--site").arg(bench_folder().join("site"));
                if let Some(redis) = &places.redis {
                    command.arg("--store").arg(format!("redis://{redis}"));
                }
                if let Some(wire) = &places.wire {
                    command.arg("--wire").arg(wire);
                }
                command
            }
        };
        real::clean(&mut command);
        command.env_remove("DAPR_GRPC_PORT").env_remove("DAPR_HTTP_PORT");
        if let Some((http, grpc)) = places.sidecar {
            command.env("DAPR_HTTP_PORT", http.to_string()).env("DAPR_GRPC_PORT", grpc.to_string());
        }
        command
    }
}

/// Where everything is written that is measured.
fn bench_folder() -> PathBuf {
    paths::target().join("bench")
}

/// Makes a site without files for `faultlab`: no browser is measured, and the built site stays as it is, for the
/// programs that belong to it.
///
/// # Errors
/// When it cannot be written.
pub(super) fn stand_in_site() -> Result<()> {
    let folder = bench_folder();
    fs::create_dir_all(folder.join("site/pkg"))?;
    let hashes = folder.join("hash.txt");
    fs::write(&hashes, "js: none\nwasm: none\ncss: none\n")
        .with_context(|| format!("{} cannot be written", hashes.display()))
}

/// A built example of the server.
pub(super) fn example(name: &str) -> PathBuf {
    paths::target().join(Profile::Release.folder()).join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// The lesson's program, taken out of its page.
pub(super) struct Lesson {
    python: PathBuf,
    folder: PathBuf,
}

impl Lesson {
    /// Writes the program that is printed in `page` below `target/`; `environment` is the Python that runs it.
    ///
    /// # Errors
    /// When the page holds no program, or the environment no Python.
    pub(super) fn extract(page: &Path, environment: &Path) -> Result<Self> {
        let text = fs::read_to_string(page).with_context(|| format!("{} cannot be read", page.display()))?;
        let program = program(&text).with_context(|| format!("{} holds no Python program", page.display()))?;
        let python = env::current_dir()?.join(environment).join("bin/python");
        if !python.is_file() {
            bail!("{} is not there: --python takes the folder of a virtual environment", python.display());
        }
        let folder = bench_folder().join("lesson");
        site::remove_folder(&folder)?;
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("main.py"), program)?;
        Ok(Self { python, folder })
    }
}

/// The first Python program in the page, with its one syntax error mended: a string that closes with the other quote.
fn program(page: &str) -> Option<String> {
    let (program, _) = page.split_once("```python\n")?.1.split_once("\n```")?;
    Some(program.replace("\"Invalid or missing 'content' field')", "\"Invalid or missing 'content' field\")"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_taken_out_of_the_page_and_mended() {
        let page =
            "text\n```bash\nls\n```\n```python\nraise E(detail=\"Invalid or missing 'content' field')\nx\n```\nend";
        assert_eq!(program(page).unwrap(), "raise E(detail=\"Invalid or missing 'content' field\")\nx");
        assert_eq!(program("no program"), None);
    }
}

//! What is wrong with a program or its start, in one line with what to do.

use std::{ffi::OsString, io, path::Path};

use super::python::Interpreter;
use crate::program::{How, sockets::Process, traceback::Traceback};

/// What is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong, as a sentence.
    pub says: String,
    /// What to do, as one or more sentences; may be empty.
    pub remedy: String,
}

impl Finding {
    /// One that says all in one sentence.
    pub(crate) fn plain(says: impl Into<String>) -> Self {
        Self::new(says, "")
    }

    fn new(says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { says: says.into(), remedy: remedy.into() }
    }
}

/// The program's port is somebody else's already.
pub(crate) fn port_taken(port: u16, holder: Option<&Process>) -> Finding {
    let by = match holder {
        Some(Process { pid, name }) => format!("by {name} (pid {pid})"),
        None => "by another program".to_owned(),
    };
    let end = match holder {
        Some(Process { pid, .. }) => format!("End it (kill {pid})"),
        None => "End that".to_owned(),
    };
    Finding::new(
        format!("Port {port} is taken {by}."),
        format!("{end}, or choose another port with -p and in your program's own command."),
    )
}

/// The system did not start the program.
pub(crate) fn not_started(program: &Path, error: &io::Error, folder: &Path) -> Finding {
    let name = program.display();
    if error.kind() == io::ErrorKind::NotFound {
        let found = [".venv", "venv"].iter().find(|venv| folder.join(venv).join("bin").join(program).is_file());
        let remedy = match found {
            Some(venv) => {
                format!("{venv} has it: activate that with `source {venv}/bin/activate`, or say {venv}/bin/{name}.")
            }
            None if program.components().count() > 1 => "Look at the path.".to_owned(),
            None => format!(
                "Activate the environment that has it, or install it: `python3 -m venv .venv && . .venv/bin/activate && pip \
                 install {name}`."
            ),
        };
        return Finding::new(format!("{name} was not found."), remedy);
    }
    if error.kind() == io::ErrorKind::PermissionDenied {
        return Finding::new(
            format!("{name} may not be run."),
            format!("Say the program that runs it (`python {name}`), or make it executable with `chmod +x {name}`."),
        );
    }
    Finding::new(format!("{name} was not started: {error}."), "")
}

/// More than one process with actors of their own.
pub(crate) fn workers(words: &[OsString], web_concurrency: Option<&str>) -> Option<Finding> {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let mut given = None;
    for (at, word) in words.iter().enumerate() {
        let value = match word.split_once('=') {
            Some(("--workers", value)) => Some(value),
            _ if matches!(&**word, "--workers" | "-w") => words.get(at + 1).map(|next| &**next),
            _ => None,
        };
        given = value.and_then(|value| value.parse::<u32>().ok()).or(given);
    }
    let (count, where_from) = match given {
        Some(count) => (count, "--workers"),
        None => (web_concurrency?.parse().ok()?, "WEB_CONCURRENCY"),
    };
    (count > 1).then(|| {
        Finding::new(
            format!("{where_from} asks for {count} processes, each with actors of its own in memory."),
            "Turns of one actor then meet different copies of it: start one process only.",
        )
    })
}

/// What a traceback comes to.
pub(crate) fn traceback(traceback: &Traceback, folder: &Path, python: Option<&Interpreter>) -> Finding {
    let Traceback { kind, message, .. } = traceback;
    let error = if message.is_empty() { kind.clone() } else { format!("{kind}: {message}") };
    let own = traceback.own_frame(folder);
    let place = own.map(|frame| {
        let file = frame.file.strip_prefix(folder).unwrap_or(&frame.file);
        format!("{}:{}", file.display(), frame.line)
    });
    if let Some(name) = missing_module(traceback) {
        return match (python, folder.join(name).with_extension("py").is_file()) {
            (_, true) => Finding::new(
                format!("{error}."),
                format!("{name}.py is in {}: start the program there.", folder.display()),
            ),
            (Some(python), _) => Finding::new(
                format!("{} has no module {name}.", python.words()),
                match Interpreter::beside(folder).filter(|other| other.package(project(name)).is_some()) {
                    Some(other) => {
                        format!("{} has it: start the program from there ({}).", other.words(), other.program.display())
                    }
                    None => {
                        format!("Install it there: {} -m pip install {}.", python.program.display(), distribution(name))
                    }
                },
            ),
            (None, _) => Finding::new(
                format!("{error}."),
                format!("Install it in the environment that your program runs in: pip install {}.", distribution(name)),
            ),
        };
    }
    if traceback.is_syntax() {
        let place = place.unwrap_or_else(|| "your program".to_owned());
        let code = own.and_then(|frame| frame.code.as_deref()).map(|code| format!(" The line is: {code}"));
        let remedy = match message.contains("unterminated") {
            true => "A string has to end with the quote that it begins with.",
            false => "Mend that line, or the one above it.",
        };
        return Finding::new(
            format!("{place} does not parse: {message}."),
            remedy.to_owned() + &code.unwrap_or_default(),
        );
    }
    match (place, own.and_then(|frame| frame.code.as_deref())) {
        (Some(place), Some(code)) => Finding::new(error, format!("Raised at {place}: {code}")),
        (Some(place), None) => Finding::new(error, format!("Raised at {place}.")),
        (None, _) => Finding::new(error, "Raised outside your own files: see the traceback above."),
    }
}

/// The module that an import did not find; of a package its first part.
fn missing_module(traceback: &Traceback) -> Option<&str> {
    let name = traceback.message.strip_prefix("No module named '")?.split_once('\'')?.0;
    (traceback.kind == "ModuleNotFoundError").then(|| name.split('.').next().unwrap_or(name))
}

/// The project that a module is of.
fn project(module: &str) -> &str {
    distribution(module).trim_matches('\'').split('[').next().unwrap_or(module)
}

/// What is installed for a module, where it is called otherwise.
fn distribution(module: &str) -> &str {
    match module {
        "dapr" => "'dapr[fastapi]'",
        "dotenv" => "python-dotenv",
        "yaml" => "pyyaml",
        other => other,
    }
}

/// A line with which a server says why it does not begin.
pub(crate) fn line(plain: &str, port: u16, command: &str) -> Option<Finding> {
    if let Some((_, module)) = plain.split_once("Error loading ASGI app. Could not import module \"") {
        let module = module.split('"').next().unwrap_or(module);
        let file = module.replace('.', "/");
        return Some(Finding::new(
            format!("uvicorn does not find {file}.py."),
            "Start it in the folder of that file, or name the right one: uvicorn FILE:app, without .py.",
        ));
    }
    if let Some((_, rest)) = plain.split_once("Error loading ASGI app. Attribute \"") {
        let mut parts = rest.split('"');
        let (name, module) = (parts.next().unwrap_or("app"), parts.nth(1).unwrap_or("main"));
        return Some(Finding::new(
            format!("{module}.py has no {name}."),
            format!("Name the FastAPI object there as in the command ({command}): {name} = FastAPI()."),
        ));
    }
    if plain.to_ascii_lowercase().contains("address already in use") {
        return Some(port_taken(port, crate::program::sockets::holder(port).as_ref()));
    }
    None
}

/// The program ended too early.
pub(crate) fn ended_before_open(how: How, port: u16) -> Finding {
    let remedy = match how {
        How::Exit(0) => format!("It has to go on and listen on port {port}: is that the server's command?"),
        _ => "Its last lines above say why.".to_owned(),
    };
    Finding::new(format!("Your program ended {how} before it opened port {port}."), remedy)
}

/// The program ended by itself later.
pub(crate) fn ended(how: How) -> Finding {
    let remedy = if how.is_success() { "" } else { "Its last lines above say why." };
    Finding::new(format!("Your program ended {how}."), remedy)
}

/// It listens, but not where it was said to.
pub(crate) fn elsewhere(addr: std::net::SocketAddr, said: std::net::SocketAddr, command: &str) -> Finding {
    if addr.port() == said.port() {
        return Finding::new(
            format!("Your program listens on {addr}, and the sidecar calls it at {said}."),
            format!("Say --app-channel-address {}, or start it with --host 127.0.0.1.", addr.ip()),
        );
    }
    let server = command.split([' ', '/']).find(|word| ["uvicorn", "hypercorn", "fastapi"].contains(word));
    let start = match server {
        Some(server) => format!("start {server} with --port {}", said.port()),
        None => format!("let your program listen on {}", said.port()),
    };
    Finding::new(
        format!("Your program listens on {}, you said {}.", addr.port(), said.port()),
        format!("Say -p {}, or {start}.", addr.port()),
    )
}

/// The program's answer to `GET /dapr/config` is none.
pub(crate) fn no_config(status: u16) -> Finding {
    match status {
        404 => Finding::new(
            "No actor is registered: your program answers 404 to GET /dapr/config.",
            "Make its actor part with actor = DaprActor(app), and await actor.register_actor(ChatAgent) at its startup.",
        ),
        _ => Finding::new(
            format!("No actor is registered: your program answers {status} to GET /dapr/config."),
            "Its own lines above say why.",
        ),
    }
}

/// It registers nothing.
pub(crate) fn no_actor() -> Finding {
    Finding::new(
        "No actor is registered.",
        "await actor.register_actor(ChatAgent) at the program's startup, and look above whether that failed.",
    )
}

/// It registers others than the lesson's.
pub(crate) fn other_types(types: &[String], expected: &str) -> Finding {
    Finding::new(
        format!("Your program registers {}, and no {expected}.", types.join(", ")),
        format!(
            "The lesson's steps are about {expected}: class {expected}(Actor, …), await actor.register_actor({expected})."
        ),
    )
}

/// The sidecar is not there again for a program that was started anew.
pub(super) fn not_renewed(why: &sidecar::StartError) -> Finding {
    Finding::new(
        format!("The sidecar cannot be started anew: {why}."),
        "It is tried again until it can; until then nobody reaches an actor.",
    )
}

/// It does not speak HTTP, or not in time.
pub(crate) fn no_http(error: &str) -> Finding {
    Finding::new(
        format!("Your program does not answer GET /dapr/config: {error}."),
        "It has to speak plain HTTP/1.1 on that port.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::traceback::TracebackReader;

    fn read(text: &str) -> Traceback {
        let mut reader = TracebackReader::default();
        text.lines().find_map(|line| reader.see(line)).expect("a traceback")
    }

    #[test]
    fn the_printed_program_of_the_lesson_does_not_parse_and_the_line_is_shown() {
        let read = read(
            "  File \"/home/me/main.py\", line 141\n    raise HTTPException(detail=\"Invalid or missing 'content' field')\n\
             SyntaxError: unterminated string literal (detected at line 141)\n",
        );
        let found = traceback(&read, Path::new("/home/me"), None);
        assert_eq!(found.says, "main.py:141 does not parse: unterminated string literal (detected at line 141).");
        assert!(found.remedy.starts_with("A string has to end with the quote that it begins with. The line is: raise"));
    }

    #[test]
    fn a_module_that_is_missing_is_to_be_installed_where_the_program_runs() {
        let read = read(
            "Traceback (most recent call last):\n  File \"/home/me/main.py\", line 1, in <module>\n    from dapr.actor import \
             Actor\nModuleNotFoundError: No module named 'dapr.actor'; 'dapr' is not a package\n",
        );
        let found = traceback(&read, Path::new("/home/me"), None);
        assert!(found.remedy.ends_with("pip install 'dapr[fastapi]'."), "{found:?}");
    }

    #[test]
    fn more_than_one_worker_is_found_however_it_is_asked_for() {
        let count = |words: &str, variable| {
            let words: Vec<_> = words.split(' ').map(OsString::from).collect();
            workers(&words, variable).is_some()
        };
        assert!(count("uvicorn main:app --workers 4", None));
        assert!(count("gunicorn -w 2 main:app", None));
        assert!(count("uvicorn main:app --workers=2", Some("1")));
        assert!(count("uvicorn main:app", Some("3")));
        assert!(!count("uvicorn main:app --workers 1", Some("3")));
        assert!(!count("python main.py -w", None));
    }

    #[test]
    fn another_port_says_both_ways_out() {
        let at = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let found = elsewhere(at(8001), at(8000), "uvicorn main:app --port 8001");
        assert_eq!(found.says, "Your program listens on 8001, you said 8000.");
        assert_eq!(found.remedy, "Say -p 8001, or start uvicorn with --port 8000.");
        let found = elsewhere(([127, 0, 0, 2], 8000).into(), at(8000), "./serve");
        assert!(found.remedy.starts_with("Say --app-channel-address 127.0.0.2"));
    }

    #[test]
    fn what_uvicorn_says_of_its_app_is_said_with_the_file() {
        let say = |plain| line(plain, 1, "uvicorn main:app").map(|found| found.says);
        let none = say("ERROR:    Error loading ASGI app. Could not import module \"api.main\".");
        assert_eq!(none.as_deref(), Some("uvicorn does not find api/main.py."));
        let none = say("ERROR:    Error loading ASGI app. Attribute \"app\" not found in module \"main\".");
        assert_eq!(none.as_deref(), Some("main.py has no app."));
        assert_eq!(say("INFO:     Application startup complete."), None);
    }
}

//! Which Python a command runs, found out by looking at files alone.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    io::Read,
    path::{Path, PathBuf},
};

/// As much of a script is read as its first two lines need.
const HEAD: u64 = 1 << 10;

/// A Python, as far as its files tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interpreter {
    /// The program.
    pub(crate) program: PathBuf,
    /// `3.13.1`, or `3.13` where no more is known.
    version: Option<String>,
    /// The virtual environment that it is of.
    environment: Option<PathBuf>,
}

impl Interpreter {
    /// The Python that this command runs: itself, or the one that its script names; none where that is not to be seen.
    pub(crate) fn of_command(words: &[OsString], folder: &Path, path: Option<&OsStr>) -> Option<Self> {
        let program = find(words.first()?, folder, path)?;
        let name = program.file_name()?.to_string_lossy().into_owned();
        if name.starts_with("python") {
            return Some(Self::of_program(program));
        }
        let mut head = Vec::new();
        fs::File::open(&program).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
        Some(Self::of_program(named_by_script(&head, folder, path)?))
    }

    /// The one in the virtual environment beside the program's files.
    pub(crate) fn beside(folder: &Path) -> Option<Self> {
        let program = [".venv", "venv"].iter().map(|name| folder.join(name).join("bin/python"));
        program.into_iter().find(|program| program.exists()).map(Self::of_program)
    }

    fn of_program(program: PathBuf) -> Self {
        // Not resolved: what a virtual environment's program links to is another's.
        let prefix = program.parent().and_then(Path::parent).map(Path::to_path_buf);
        let settings = prefix.as_ref().and_then(|prefix| fs::read_to_string(prefix.join("pyvenv.cfg")).ok());
        let said = settings.as_ref().and_then(|settings| {
            let value = |name: &str| {
                let line = settings.lines().find_map(|line| line.split_once('=').filter(|(key, _)| key.trim() == name));
                line.map(|(_, value)| value.trim().split(".final").next().unwrap_or_default().to_owned())
            };
            value("version").or_else(|| value("version_info"))
        });
        let environment = prefix.filter(|_| settings.is_some());
        let mut found = Self { program, version: said, environment };
        if found.version.is_none() {
            let folder = found.libraries();
            let name =
                folder.as_ref().and_then(|folder| folder.file_name()).map(|name| name.to_string_lossy().into_owned());
            found.version = name.and_then(|name| name.strip_prefix("python").map(str::to_owned));
        }
        found
    }

    /// `lib/python3.13`.
    fn libraries(&self) -> Option<PathBuf> {
        let lib = self.program.parent()?.parent()?.join("lib");
        let is_python = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with("python3.");
        fs::read_dir(lib).ok()?.flatten().find(is_python).map(|entry| entry.path())
    }

    /// The version of a package that is installed in it.
    pub(crate) fn package(&self, name: &str) -> Option<String> {
        let folder = self.libraries()?.join("site-packages");
        let wanted = name.replace('-', "_").to_ascii_lowercase();
        fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
            let file = entry.file_name().to_string_lossy().into_owned();
            let (found, version) = file.strip_suffix(".dist-info")?.split_once('-')?;
            (found.replace('-', "_").to_ascii_lowercase() == wanted).then(|| version.to_owned())
        })
    }

    /// `Python 3.13.1 of .venv`.
    pub(crate) fn words(&self) -> String {
        let version = self.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        let of = match &self.environment {
            Some(environment) => environment.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            None => self.program.display().to_string(),
        };
        format!("Python{version} of {of}")
    }
}

/// The program that a word means, as a shell finds it.
fn find(word: &OsStr, folder: &Path, path: Option<&OsStr>) -> Option<PathBuf> {
    if word.as_encoded_bytes().contains(&b'/') {
        return Some(folder.join(word)).filter(|program| program.is_file());
    }
    let own = env::var_os("PATH");
    let path = path.or(own.as_deref())?;
    env::split_paths(path).map(|dir| folder.join(dir).join(word)).find(|program| program.is_file())
}

/// The Python in a script's first lines. Where its path is too long for the first, pip and uv let a shell start it by the
/// second.
fn named_by_script(head: &[u8], folder: &Path, path: Option<&OsStr>) -> Option<PathBuf> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.lines();
    let mut words = lines.next()?.strip_prefix("#!")?.split_whitespace();
    let first = words.next()?;
    let named = match first.rsplit('/').next()? {
        "env" => find(OsStr::new(words.find(|word| !word.starts_with('-'))?), folder, path)?,
        "sh" => {
            let line = lines.next()?.strip_prefix("'''exec' ")?;
            let quoted = line.strip_prefix('"').and_then(|rest| rest.split('"').next());
            PathBuf::from(quoted.or_else(|| line.split(' ').next())?)
        }
        _ => PathBuf::from(first),
    };
    let is_python = named.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python"));
    is_python.then_some(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> tempfile::TempDir {
        let dir = tempfile::TempDir::new().unwrap();
        let venv = dir.path().join(".venv");
        fs::create_dir_all(venv.join("bin")).unwrap();
        fs::create_dir_all(venv.join("lib/python3.13/site-packages/dapr_ext_fastapi-1.15.0.dist-info")).unwrap();
        fs::write(venv.join("pyvenv.cfg"), "home = /usr/bin\nversion = 3.13.1\n").unwrap();
        fs::write(venv.join("bin/python"), "").unwrap();
        dir
    }

    #[test]
    fn a_script_names_its_python_and_that_its_environment_and_packages() {
        let dir = environment();
        let python = dir.path().join(".venv/bin/python");
        let uvicorn = dir.path().join(".venv/bin/uvicorn");
        for head in [
            format!("#!{}\nimport sys", python.display()),
            format!("#!/bin/sh\n'''exec' \"{}\" \"$0\" \"$@\"\n' '''", python.display()),
        ] {
            fs::write(&uvicorn, head).unwrap();
            let words = [OsString::from("uvicorn"), "main:app".into()];
            let path = dir.path().join(".venv/bin").into_os_string();
            let found = Interpreter::of_command(&words, dir.path(), Some(&path)).unwrap();
            assert_eq!(found.words(), "Python 3.13.1 of .venv");
            assert_eq!(found.package("dapr-ext-fastapi").as_deref(), Some("1.15.0"));
            assert_eq!(found.package("dapr"), None);
        }
        assert_eq!(Interpreter::beside(dir.path()).map(|found| found.program), Some(python));
    }

    #[test]
    fn of_what_is_no_python_nothing_is_said() {
        let dir = tempfile::TempDir::new().unwrap();
        fs::write(dir.path().join("serve"), "#!/bin/bash\necho").unwrap();
        for words in ["./serve", "nowhere-to-be-found"] {
            assert_eq!(Interpreter::of_command(&[words.into()], dir.path(), None), None);
        }
    }
}

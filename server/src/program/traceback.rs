//! What a Python traceback says, read from the log as it comes.

use std::path::{Path, PathBuf};

/// A whole traceback.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traceback {
    /// The calls, the innermost last.
    pub frames: Vec<Frame>,
    /// The exception's type, `SyntaxError`.
    pub kind: String,
    /// What it says; may be empty.
    pub message: String,
}

/// One call, or the place of a syntax error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The file, as Python names it.
    pub file: PathBuf,
    /// The line in it, from 1.
    pub line: u64,
    /// The function; none at a syntax error.
    pub function: Option<String>,
    /// The line's text.
    pub code: Option<String>,
}

impl Traceback {
    /// The innermost frame in the program's own files.
    #[must_use]
    pub fn own_frame(&self, folder: &Path) -> Option<&Frame> {
        self.frames.iter().rev().find(|frame| frame.is_own(folder))
    }

    /// Whether the program could not even be read.
    #[must_use]
    pub fn is_syntax(&self) -> bool {
        matches!(self.kind.as_str(), "SyntaxError" | "IndentationError" | "TabError")
    }
}

impl Frame {
    /// Whether it is in the program's own files: those in `folder` that no package brought there.
    #[must_use]
    pub fn is_own(&self, folder: &Path) -> bool {
        let foreign = ["site-packages", "dist-packages", ".venv", "venv", ".tox"];
        let inside = self.file.strip_prefix(folder).ok().or(self.file.is_relative().then_some(&*self.file));
        inside.is_some_and(|inside| {
            !inside.starts_with("<frozen") && !inside.iter().any(|part| foreign.iter().any(|name| part == *name))
        })
    }

    /// The frame that a line names: `  File "main.py", line 5, in <module>`; without the function at a syntax error.
    #[must_use]
    pub fn of_line(line: &str) -> Option<Self> {
        let (file, rest) = line.trim_start().strip_prefix("File \"")?.split_once("\", line ")?;
        let (number, function) = match rest.split_once(", in ") {
            Some((number, function)) => (number, Some(function.to_owned())),
            None => (rest, None),
        };
        Some(Self { file: file.into(), line: number.trim().parse().ok()?, function, code: None })
    }
}

/// Reads tracebacks out of lines.
#[derive(Default)]
pub struct TracebackReader {
    reading: Option<Traceback>,
}

/// How many frames are kept: of a recursion without end there are a thousand.
const MOST_FRAMES: usize = 100;

impl TracebackReader {
    /// Takes the next line, without colours; a traceback that it ends.
    pub fn see(&mut self, line: &str) -> Option<Traceback> {
        if line.contains("Traceback (most recent call last):") {
            self.reading = Some(Traceback::default());
            return None;
        }
        if let Some(frame) = Frame::of_line(line) {
            // A program that cannot be read is told of without a heading.
            let frames = &mut self.reading.get_or_insert_default().frames;
            if frames.len() == MOST_FRAMES {
                frames.remove(MOST_FRAMES / 2);
            }
            frames.push(frame);
            return None;
        }
        let reading = self.reading.as_mut()?;
        if line.trim().is_empty() {
            return None;
        }
        if line.starts_with(' ') {
            if let Some(frame) = reading.frames.last_mut() {
                // The lines after it point into it.
                frame.code.get_or_insert_with(|| line.trim().to_owned());
            }
            return None;
        }
        let mut ended = self.reading.take()?;
        let (kind, message) = line.split_once(": ").unwrap_or((line, ""));
        let is_name = |kind: &str| kind.chars().all(|char| char.is_alphanumeric() || matches!(char, '_' | '.'));
        if ended.frames.is_empty() || !is_name(kind) {
            return None;
        }
        (ended.kind, ended.message) = (kind.to_owned(), message.to_owned());
        Some(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Traceback> {
        let mut reader = TracebackReader::default();
        text.lines().filter_map(|line| reader.see(line)).collect()
    }

    #[test]
    fn the_innermost_frame_in_the_programs_own_file_is_found() {
        let found = read(
            r#"INFO:     Waiting for application startup.
ERROR:    Traceback (most recent call last):
  File "/home/me/chat/.venv/lib/python3.13/site-packages/starlette/routing.py", line 694, in lifespan
    async with self.lifespan_context(app) as maybe_state:
               ~~~~~~~~~~~~~~~~~~~~~^^^^^
  File "/home/me/chat/main.py", line 12, in startup
    await actor.register_actor(ChatAgent)
  File "/usr/lib/python3.13/asyncio/tasks.py", line 507, in wait_for
    return await fut

dapr.clients.exceptions.DaprInternalError: ('timed out', 'UNKNOWN')
ERROR:    Application startup failed. Exiting."#,
        );
        let [traceback] = &found[..] else { panic!("{found:?}") };
        assert_eq!(traceback.kind, "dapr.clients.exceptions.DaprInternalError");
        assert_eq!(traceback.message, "('timed out', 'UNKNOWN')");
        let own = traceback.own_frame(Path::new("/home/me/chat")).unwrap();
        assert_eq!((own.line, own.function.as_deref()), (12, Some("startup")));
        assert_eq!(own.code.as_deref(), Some("await actor.register_actor(ChatAgent)"));
        assert_eq!(traceback.own_frame(Path::new("/somewhere/else")), None);
    }

    #[test]
    fn a_program_that_cannot_be_read_is_told_of_without_a_heading() {
        let found = read(
            "  File \"main.py\", line 141\n    detail=\"Invalid')\n           ^\nSyntaxError: unterminated string literal \
             (detected at line 141)\n",
        );
        let [traceback] = &found[..] else { panic!("{found:?}") };
        assert!(traceback.is_syntax());
        let own = traceback.own_frame(Path::new("/home/me")).unwrap();
        assert_eq!((own.line, own.code.as_deref()), (141, Some("detail=\"Invalid')")));
    }

    #[test]
    fn of_two_in_a_row_each_is_read_and_what_is_none_is_not() {
        let found = read(
            "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 'x'\n\nDuring handling of the above \
             exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"a.py\", line 3, in g\n\
             KeyboardInterrupt\n",
        );
        let kinds: Vec<_> = found.iter().map(|traceback| traceback.kind.as_str()).collect();
        assert_eq!(kinds, ["KeyError", "KeyboardInterrupt"]);
        assert!(read("Traceback (most recent call last):\nand then nothing of the kind\n").is_empty());
    }
}

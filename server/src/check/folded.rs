//! A program's lines as they are shown: of a traceback the frames in its own files, and how many there are besides.

use std::path::PathBuf;

use crate::program::{log::LogLine, traceback::Frame};

/// What becomes of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// It is shown.
    Whole,
    /// It is shown, after a word on so many frames that were not.
    After(usize),
    /// It is not.
    Folded,
}

/// Takes one line after the other. `program.log` has them all.
pub(super) struct Folded {
    folder: PathBuf,
    /// How many frames were left out since the last line that was shown.
    frames: usize,
    /// Whether the lines under a frame that is left out are still coming.
    under: bool,
}

impl Folded {
    /// For a program whose own files are in this folder.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, frames: 0, under: false }
    }

    pub(super) fn see(&mut self, line: &LogLine) -> Shown {
        self.see_text(&line.plain)
    }

    fn see_text(&mut self, line: &str) -> Shown {
        match Frame::of_line(line) {
            Some(frame) if !frame.is_own(&self.folder) => {
                (self.frames, self.under) = (self.frames + 1, true);
                return Shown::Folded;
            }
            None if self.under && line.starts_with("    ") => return Shown::Folded,
            _ => self.under = false,
        }
        match std::mem::take(&mut self.frames) {
            0 => Shown::Whole,
            frames => Shown::After(frames),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_packages_are_counted_and_those_of_the_program_shown() {
        let mut folded = Folded::new("/home/me/chat".into());
        let lines = [
            ("Traceback (most recent call last):", Shown::Whole),
            ("  File \"/usr/lib/python3.13/site-packages/uvicorn/a.py\", line 4, in run", Shown::Folded),
            ("    result = await app(", Shown::Folded),
            ("             ^^^^^^^^^^", Shown::Folded),
            ("  File \"/home/me/chat/.venv/lib/python3.13/site-packages/b.py\", line 4, in run", Shown::Folded),
            ("    return await self.app(scope)", Shown::Folded),
            ("  File \"/home/me/chat/main.py\", line 12, in chat", Shown::After(2)),
            ("    return {\"response\": 1}", Shown::Whole),
            ("  File \"/usr/lib/python3.13/json.py\", line 4", Shown::Folded),
            ("KeyError: 'x'", Shown::After(1)),
            ("    indented, and of no traceback", Shown::Whole),
        ];
        for (line, shown) in lines {
            assert_eq!(folded.see_text(line), shown, "{line}");
        }
    }
}

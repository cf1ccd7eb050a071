//! What of a line may be shown: its text and its colours, and nothing else that a terminal would obey.

use std::fmt::Write as _;

use anstyle_parse::{DefaultCharAccumulator, Params, Parser, Perform};
use logging::leaves_line;

/// A line that may be shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Clean {
    /// With its colours, as escape sequences (SGR).
    pub(super) coloured: String,
    /// Without them.
    pub(super) plain: String,
}

const RESET: &str = "\u{1b}[0m";

/// Reads a line. What is no UTF-8 becomes U+FFFD; other control characters and sequences are left out.
pub(super) fn clean(line: &[u8]) -> Clean {
    let mut parser = Parser::<DefaultCharAccumulator>::new();
    let mut reading = Reading::default();
    for byte in line {
        parser.advance(&mut reading, *byte);
    }
    // A character that the end of the line, or a cut, broke off.
    let broken = line.utf8_chunks().last().is_some_and(|chunk| !chunk.invalid().is_empty());
    if broken && !reading.clean.plain.ends_with(char::REPLACEMENT_CHARACTER) {
        reading.print(char::REPLACEMENT_CHARACTER);
    }
    if reading.coloured {
        reading.clean.coloured.push_str(RESET);
    }
    reading.clean
}

#[derive(Default)]
struct Reading {
    clean: Clean,
    /// A colour is on.
    coloured: bool,
}

impl Perform for Reading {
    fn print(&mut self, char: char) {
        if !leaves_line(char) {
            self.clean.coloured.push(char);
            self.clean.plain.push(char);
        }
    }

    fn execute(&mut self, byte: u8) {
        if byte == b'\t' {
            self.clean.coloured.push('\t');
            self.clean.plain.push('\t');
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: u8) {
        if action != b'm' || ignore || !intermediates.is_empty() {
            return;
        }
        self.clean.coloured.push_str("\u{1b}[");
        let mut last = 0;
        for (at, param) in params.iter().enumerate() {
            if at > 0 {
                self.clean.coloured.push(';');
            }
            for (at, part) in param.iter().enumerate() {
                let colon = if at > 0 { ":" } else { "" };
                // A string takes what is written.
                let _ = write!(self.clean.coloured, "{colon}{part}");
                last = *part;
            }
        }
        self.clean.coloured.push('m');
        self.coloured = last != 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_stay_where_they_are_shown_and_go_where_a_line_is_matched() {
        // As uvicorn writes it.
        let line = clean(b"\x1b[32mINFO\x1b[0m:     Started server process [\x1b[36m7\x1b[0m]");
        assert_eq!(line.plain, "INFO:     Started server process [7]");
        assert_eq!(line.coloured, "\u{1b}[32mINFO\u{1b}[0m:     Started server process [\u{1b}[36m7\u{1b}[0m]");
        assert_eq!(clean(b"\x1b[1;38;5;9mx").coloured, "\u{1b}[1;38;5;9mx\u{1b}[0m", "a colour ends with its line");
    }

    #[test]
    fn nothing_that_a_terminal_would_obey_is_left() {
        for (sent, plain) in [
            (&b"\x1b[2J\x1b[1;1Hhome"[..], "home"),
            (b"\x1b]0;title\x07after", "after"),
            (b"bell\x07 back\x08 tab\t.", "bell back tab\t."),
            ("turned \u{202e}txt\u{85}".as_bytes(), "turned txt"),
        ] {
            let line = clean(sent);
            assert_eq!((line.plain.as_str(), line.coloured.as_str()), (plain, plain), "{sent:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_show_as_such() {
        let all: Vec<u8> = (0..=255).collect();
        assert!(clean(&all).plain.contains(char::REPLACEMENT_CHARACTER));
        assert_eq!(clean(b"ab\xff").plain, "ab\u{fffd}");
        assert_eq!(clean("caf\u{e9}".as_bytes().split_last().unwrap().1).plain, "caf\u{fffd}");
    }
}

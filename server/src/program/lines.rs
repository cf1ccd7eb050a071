//! From what a program writes, byte by byte, to its lines.

/// The longest line that is kept, in bytes: what is longer is cut off and counted.
pub(super) const LONGEST_LINE: usize = 8 << 10;

/// How much of a longer one is looked at beyond that: what a secret is may stand in it.
const BEYOND: usize = 4 << 10;

/// A line as it was written, which may be longer than what is kept, and how many bytes more it had.
pub(super) struct RawLine<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) cut: usize,
}

/// Puts lines together. What a carriage return would overwrite in a terminal is overwritten here.
#[derive(Default)]
pub(super) struct Assembler {
    line: Vec<u8>,
    cut: usize,
    /// The cursor is back at the beginning of the line.
    back: bool,
}

impl Assembler {
    /// Takes what was written, and calls `each` with every line that has come to its end.
    pub(super) fn take(&mut self, bytes: &[u8], mut each: impl FnMut(RawLine<'_>)) {
        for part in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let (text, end) = match part {
                [text @ .., end @ (b'\n' | b'\r')] => (text, Some(*end)),
                text => (text, None),
            };
            if !text.is_empty() {
                if self.back {
                    self.clear();
                }
                let room = (LONGEST_LINE + BEYOND).saturating_sub(self.line.len()).min(text.len());
                self.line.extend_from_slice(&text[..room]);
                self.cut += text.len() - room;
            }
            match end {
                Some(b'\n') => {
                    each(RawLine { bytes: &self.line, cut: self.cut });
                    self.clear();
                }
                Some(_) => self.back = true,
                None => {}
            }
        }
    }

    /// The last line, which has no end.
    pub(super) fn end(mut self, mut each: impl FnMut(RawLine<'_>)) {
        if !self.line.is_empty() {
            each(RawLine { bytes: &self.line, cut: self.cut });
            self.clear();
        }
    }

    fn clear(&mut self) {
        self.line.clear();
        self.cut = 0;
        self.back = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(parts: &[&[u8]]) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        let mut each = |line: RawLine<'_>| found.push((String::from_utf8_lossy(line.bytes).into_owned(), line.cut));
        let mut lines = Assembler::default();
        for part in parts {
            lines.take(part, &mut each);
        }
        lines.end(each);
        found
    }

    #[test]
    fn lines_end_where_they_end_whatever_comes_at_once() {
        let whole = [("a".to_owned(), 0), (String::new(), 0), ("b".to_owned(), 0)];
        assert_eq!(lines(&[b"a\r\n\r\nb"]), whole);
        assert_eq!(lines(&[b"a", b"\r", b"\n\r\r", b"\nb", b""]), whole);
    }

    #[test]
    fn what_is_overwritten_is_gone() {
        assert_eq!(lines(&[b" 10 %\r 20 %", b"\rdone\r\n"]), [("done".to_owned(), 0)]);
    }

    #[test]
    fn a_line_without_end_is_kept_to_its_limit_and_counted() {
        let most = LONGEST_LINE + BEYOND;
        let long = vec![b'x'; 3 * most];
        let found = lines(&[&long, b"y\nz"]);
        assert_eq!((found[0].0.len(), found[0].1), (most, 2 * most + 1));
        assert_eq!(found[1], ("z".to_owned(), 0));
    }
}

//! Redis's protocol as it passes by: where one message ends and the next begins, and the first bytes of its first
//! values. Reads RESP2 and RESP3 mixed, since one connection goes from the one to the other, and keeps next to
//! nothing of what it reads.
//!
//! Source: Redis serialization protocol specification.

/// How many values of a message are kept, and how many bytes of each.
const KEPT_PARTS: usize = 16;
const KEPT_BYTES: usize = 256;

/// The longest line and the deepest nesting that are read. Redis itself sends neither so long nor so deep.
const LINE_LIMIT: usize = 16 * 1024;
const DEPTH_LIMIT: usize = 16;

/// The bytes that a line can begin with.
const KINDS: &[u8] = b"*~>%$=!_-+:#,(";

/// The longest value: what Redis itself allows.
const BODY_LIMIT: usize = 512 * 1024 * 1024;

/// This is not the protocol, or a part of it that is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// The first values in it, the nested ones too, each cut off.
    pub(super) parts: Vec<Vec<u8>>,
    /// The first error in it, at whatever depth.
    pub(super) error: Option<String>,
    /// Whether it is a null and nothing else.
    pub(super) null: bool,
    /// Whether it is a push, which answers no command.
    pub(super) push: bool,
}

/// Reads one direction of a connection.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// What is there of a line.
    line: Vec<u8>,
    /// The value whose bytes are passing, if one is.
    body: Option<Body>,
    /// How many values each open aggregate still lacks.
    open: Vec<usize>,
    message: Message,
    begun: bool,
}

#[derive(Debug)]
struct Body {
    /// How many bytes of the value are still to come, and of the line end after it.
    left: usize,
    kept: Vec<u8>,
    error: bool,
}

/// The bytes of a line end.
const LINE_END: usize = 2;

impl Reader {
    /// Reads on in `rest`, up to the end of the next message; `None` if `rest` is over before that.
    pub(super) fn next(&mut self, rest: &mut &[u8]) -> Result<Option<Message>, Unreadable> {
        while !rest.is_empty() {
            let bytes = *rest;
            let whole = if let Some(body) = &mut self.body {
                let (now, after) = bytes.split_at(body.left.min(bytes.len()));
                let value = now.len().min(body.left.saturating_sub(LINE_END));
                let room = KEPT_BYTES.saturating_sub(body.kept.len());
                body.kept.extend_from_slice(&now[..value.min(room)]);
                body.left -= now.len();
                *rest = after;
                body.left == 0 && self.end_body()
            } else {
                let end = bytes.iter().position(|byte| *byte == b'\n');
                let (now, after) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
                self.line.extend_from_slice(now);
                *rest = after;
                // Another protocol need not have lines at all: its first byte tells.
                if self.line.len() > LINE_LIMIT || self.line.first().is_some_and(|kind| !KINDS.contains(kind)) {
                    return Err(Unreadable);
                }
                end.is_some() && self.end_line()?
            };
            if whole {
                self.begun = false;
                return Ok(Some(std::mem::take(&mut self.message)));
            }
        }
        Ok(None)
    }

    /// Reads a whole line; returns whether the message is complete with it.
    fn end_line(&mut self) -> Result<bool, Unreadable> {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\r\n").ok_or(Unreadable)?;
        let (kind, rest) = line.split_first().ok_or(Unreadable)?;
        let first = !std::mem::replace(&mut self.begun, true);
        match kind {
            b'*' | b'~' | b'>' | b'%' => {
                self.message.push |= first && *kind == b'>';
                let Some(count) = length(rest)? else { return Ok(self.null(first)) };
                let count = if *kind == b'%' { count * 2 } else { count };
                if count == 0 {
                    return Ok(self.end_value());
                }
                self.open.push(count);
                if self.open.len() > DEPTH_LIMIT { Err(Unreadable) } else { Ok(false) }
            }
            b'$' | b'=' | b'!' => {
                let Some(count) = length(rest)? else { return Ok(self.null(first)) };
                self.body = Some(Body { left: count + LINE_END, kept: Vec::new(), error: *kind == b'!' });
                Ok(false)
            }
            b'_' => Ok(self.null(first)),
            b'-' => {
                self.failed(rest);
                Ok(self.end_value())
            }
            b'+' | b':' | b'#' | b',' | b'(' => {
                self.keep(rest.get(..KEPT_BYTES).unwrap_or(rest).to_vec());
                Ok(self.end_value())
            }
            _ => Err(Unreadable),
        }
    }

    fn end_body(&mut self) -> bool {
        if let Some(body) = self.body.take() {
            if body.error {
                self.failed(&body.kept);
            } else {
                self.keep(body.kept);
            }
        }
        self.end_value()
    }

    fn null(&mut self, first: bool) -> bool {
        self.message.null = first;
        self.end_value()
    }

    fn keep(&mut self, value: Vec<u8>) {
        if self.message.parts.len() < KEPT_PARTS {
            self.message.parts.push(value);
        }
    }

    fn failed(&mut self, error: &[u8]) {
        let error = error.get(..KEPT_BYTES).unwrap_or(error);
        self.message.error.get_or_insert_with(|| String::from_utf8_lossy(error).into_owned());
    }

    /// One more value is there, and with it perhaps the aggregates around it; returns whether nothing is open now.
    fn end_value(&mut self) -> bool {
        while let Some(left) = self.open.last_mut() {
            *left -= 1;
            if *left > 0 {
                return false;
            }
            self.open.pop();
        }
        true
    }
}

/// The number of bytes or values; `None` for RESP2's null.
fn length(digits: &[u8]) -> Result<Option<usize>, Unreadable> {
    if digits == b"-1" {
        return Ok(None);
    }
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<usize>().ok());
    number.filter(|number| *number <= BODY_LIMIT).map(Some).ok_or(Unreadable)
}

#[cfg(test)]
mod tests;

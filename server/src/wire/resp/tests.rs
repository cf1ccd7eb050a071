use super::*;
use proptest::{collection::vec, prelude::*};

fn parts(message: &Message) -> Vec<&str> {
    message.parts.iter().map(|part| std::str::from_utf8(part).unwrap()).collect()
}

impl Reader {
    /// All messages that are complete with these bytes.
    fn read(&mut self, mut bytes: &[u8]) -> Result<Vec<Message>, Unreadable> {
        std::iter::from_fn(|| self.next(&mut bytes).transpose()).collect()
    }
}

/// Reads in pieces of every size, which must come to the same.
fn read(bytes: &[u8]) -> Result<Vec<Message>, Unreadable> {
    let whole = Reader::default().read(bytes);
    for size in 1..bytes.len() {
        let mut reader = Reader::default();
        let pieces: Result<Vec<_>, _> = bytes.chunks(size).map(|piece| reader.read(piece)).collect();
        assert_eq!(pieces.map(|pieces| pieces.concat()), whole, "in pieces of {size}");
    }
    whole
}

#[test]
fn commands_are_told_apart() {
    let read = read(b"*1\r\n$5\r\nMULTI\r\n*2\r\n$7\r\nHGETALL\r\n$3\r\na\nb\r\n").unwrap();
    assert_eq!(read.len(), 2);
    assert_eq!((parts(&read[0]), parts(&read[1])), (vec!["MULTI"], vec!["HGETALL", "a\nb"]));
}

#[test]
fn answers_of_both_dialects_are_told_apart() {
    let read = read(
        b"-ERR unknown command 'HELLO'\r\n+OK\r\n$-1\r\n*-1\r\n_\r\n%1\r\n+data\r\n$2\r\n[]\r\n*0\r\n\
          >2\r\n+invalidate\r\n*1\r\n+k\r\n*2\r\n:1\r\n-WRONGTYPE no\r\n!5\r\nERR x\r\n",
    )
    .unwrap();
    let errors: Vec<_> = read.iter().filter_map(|message| message.error.as_deref()).collect();
    assert_eq!(errors, ["ERR unknown command 'HELLO'", "WRONGTYPE no", "ERR x"]);
    assert_eq!(read.iter().filter(|message| message.null).count(), 3);
    assert_eq!(read.iter().filter(|message| message.push).count(), 1);
    assert_eq!(read.len(), 10);
    assert_eq!(parts(&read[5]), ["data", "[]"]);
}

#[test]
fn a_long_value_is_passed_over_and_not_kept() {
    let mut bytes = b"*2\r\n$3\r\nSET\r\n$100000\r\n".to_vec();
    bytes.extend(std::iter::repeat_n(b'x', 100_000));
    bytes.extend(b"\r\n+OK\r\n");
    let read = Reader::default().read(&bytes).unwrap();
    assert_eq!((read[0].parts[1].len(), read.len()), (KEPT_BYTES, 2));
}

#[test]
fn what_is_not_the_protocol_is_unreadable_and_bounded() {
    for bytes in [&b"GET / HTTP/1.1\r\n"[..], b"$x\r\n", b"$99999999999999999999\r\n", b"*1\n", b"\r\n"] {
        assert_eq!(read(bytes), Err(Unreadable), "{bytes:?}");
    }
    assert_eq!(Reader::default().read(&b"*1\r\n".repeat(17)), Err(Unreadable), "nested too deep");
    assert_eq!(Reader::default().read(&[b'+'; LINE_LIMIT + 1]), Err(Unreadable), "a line without end");
}

/// A value as Redis writes it, with what has to be seen of it.
#[derive(Clone, Debug)]
enum Sent {
    /// A null in one of its three ways of writing.
    Null(&'static str),
    /// A value that is a line of its own: its kind and its text.
    Line(char, String),
    /// A value whose length is said before it: its kind and its bytes.
    Body(char, Vec<u8>),
    /// A list, set, push or map of values.
    List(char, Vec<Self>),
}

fn sent() -> impl Strategy<Value = Sent> {
    let line = "[ -~]{0,300}";
    let bytes = prop_oneof![vec(any::<u8>(), 0..20), vec(any::<u8>(), 200..400)];
    let one = prop_oneof![
        prop::sample::select(&["$-1", "*-1", "_"][..]).prop_map(Sent::Null),
        (prop::sample::select(&['+', '-', ':', '#', ',', '('][..]), line)
            .prop_map(|(kind, text)| Sent::Line(kind, text)),
        (prop::sample::select(&['$', '=', '!'][..]), bytes).prop_map(|(kind, bytes)| Sent::Body(kind, bytes)),
    ];
    one.prop_recursive(4, 40, 6, |value| {
        let list = (prop::sample::select(&['*', '~', '>'][..]), vec(value.clone(), 0..6))
            .prop_map(|(kind, values)| Sent::List(kind, values));
        let map = vec((value.clone(), value), 0..3)
            .prop_map(|pairs| Sent::List('%', pairs.into_iter().flat_map(|(key, value)| [key, value]).collect()));
        prop_oneof![list, map]
    })
}

impl Sent {
    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Null(text) => bytes.extend(format!("{text}\r\n").as_bytes()),
            Self::Line(kind, text) => bytes.extend(format!("{kind}{text}\r\n").as_bytes()),
            Self::Body(kind, body) => {
                bytes.extend(format!("{kind}{}\r\n", body.len()).as_bytes());
                bytes.extend([body, &b"\r\n"[..]].concat());
            }
            Self::List(kind, values) => {
                let count = if *kind == '%' { values.len() / 2 } else { values.len() };
                bytes.extend(format!("{kind}{count}\r\n").as_bytes());
                values.iter().for_each(|value| value.write(bytes));
            }
        }
    }

    /// What has to be seen of it, without the bounds.
    fn seen(&self, message: &mut Message) {
        match self {
            Self::Null(_) => {}
            Self::Line('-', text) => message.error = message.error.take().or_else(|| Some(cut(text.as_bytes()))),
            Self::Body('!', body) => message.error = message.error.take().or_else(|| Some(cut(body))),
            Self::Line(_, text) => message.parts.push(text.as_bytes()[..text.len().min(KEPT_BYTES)].to_vec()),
            Self::Body(_, body) => message.parts.push(body[..body.len().min(KEPT_BYTES)].to_vec()),
            Self::List(_, values) => values.iter().for_each(|value| value.seen(message)),
        }
    }
}

fn cut(error: &[u8]) -> String {
    String::from_utf8_lossy(&error[..error.len().min(KEPT_BYTES)]).into_owned()
}

/// Reads in two or three pieces.
fn read_in_pieces(bytes: &[u8], cuts: [prop::sample::Index; 2]) -> Result<Vec<Message>, Unreadable> {
    let [a, b] = cuts.map(|cut| cut.index(bytes.len() + 1));
    let mut reader = Reader::default();
    let pieces = [&bytes[..a.min(b)], &bytes[a.min(b)..a.max(b)], &bytes[a.max(b)..]];
    let pieces: Result<Vec<_>, _> = pieces.into_iter().map(|piece| reader.read(piece)).collect();
    pieces.map(|pieces| pieces.concat())
}

/// What begins as the protocol does.
const NEARLY: [&str; 15] = [
    "*1\r\n",
    "*2\r\n",
    "$3\r\n",
    "abc\r\n",
    "$-1\r\n",
    "%1\r\n",
    ">1\r\n",
    "+OK\r\n",
    "\r\n",
    "\n",
    "$",
    "!2\r\nxx\r\n",
    "*0\r\n",
    "_\r\n",
    "x",
];

/// Bytes that are the protocol for a while.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    vec(prop::sample::select(&NEARLY[..]), 0..20).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_redis_sends_is_seen_wherever_it_is_cut(values in vec(sent(), 1..5), cuts in any::<[prop::sample::Index; 2]>()) {
        let mut bytes = Vec::new();
        values.iter().for_each(|value| value.write(&mut bytes));
        let wanted: Vec<_> = values.iter().map(|value| {
            let mut message = Message { null: matches!(value, Sent::Null(_)), push: matches!(value, Sent::List('>', _)), ..Message::default() };
            value.seen(&mut message);
            message.parts.truncate(KEPT_PARTS);
            message
        }).collect();
        prop_assert_eq!(read_in_pieces(&bytes, cuts), Ok(wanted));
    }

    #[test]
    fn any_bytes_come_to_the_same_wherever_they_are_cut(
        bytes in prop_oneof![vec(any::<u8>(), 0..60), nearly()], cuts in any::<[prop::sample::Index; 2]>(),
    ) {
        prop_assert_eq!(read_in_pieces(&bytes, cuts), Reader::default().read(&bytes));
    }
}

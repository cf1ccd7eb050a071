//! Whatever is sent to the two ports, whole or half: the program answers its health check within a second all the
//! while, and ends within five of SIGTERM.
//!
//! `FUZZ_SEED` repeats a run, `FUZZ_CASES` makes it longer.

mod grpc;
mod http1;
mod messages;

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::response::IntoResponse;
use fastrand::Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::program::{Program, Setup, client};
use crate::support::{App, PUBSUB, STORE, TYPE, invoke};

/// How many connections there are at once.
const AT_ONCE: usize = 12;
/// How long one waits for answers before it goes away, its requests done or not.
const PATIENCE: Duration = Duration::from_millis(400);

const SUBSCRIPTION: &str = "
apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: {name: t}
spec:
  pubsubname: bus
  topic: t
  routes:
    rules: [{match: 'event.data.l.all(a, event.data.l.all(b, event.data.l.all(c, a == b)))', path: /rule}]
    default: /t
  deadLetterTopic: dead
";

const SECRETS: &str = "
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: env}
spec: {type: secretstores.local.env, version: v1}
";

/// Pieces of names and values: empty, odd, too long, of other alphabets, escaped, climbing.
pub fn text(rng: &mut Rng) -> String {
    let pieces = [
        "", "a", TYPE, "t", "bus", "k", "%", "%2e%2e", "%2F", "%00", "%ff", "..", ".", "/", "//", "\\", "?", "#", "&",
        "=", " ", "+", "\"", "'", "<x>", "é", "漢", "🎉", "||", "{id}", "*", ":", "@", "-", "0", "-1", "1e999", "null",
        "true", "\u{202e}",
    ];
    let count = rng.usize(0..4);
    let mut text: String = (0..count).map(|_| pieces[rng.usize(0..pieces.len())]).collect();
    if rng.usize(0..25) == 0 {
        text = text.repeat(rng.usize(1..3000));
    }
    text
}

/// A body: what an API takes, what it nearly takes, and what it does not.
pub fn body(rng: &mut Rng) -> Vec<u8> {
    let text = text(rng);
    match rng.usize(0..18) {
        0 => Vec::new(),
        1 => {
            format!(r#"[{{"operation":"upsert","request":{{"key":{text:?},"value":{{"n":{text:?}}}}}}}]"#).into_bytes()
        }
        2 => {
            format!(r#"[{{"operation":"delete","request":{{"key":"{text}"}}}},{{"operation":"{text}"}}]"#).into_bytes()
        }
        3 => "[".repeat(rng.usize(1..200_000)).into_bytes(),
        4 => "{\"a\":".repeat(rng.usize(1..50_000)).into_bytes(),
        5 => vec![b'x'; rng.usize(0..5 << 20)],
        6 => (0..rng.usize(0..2000)).map(|_| rng.u8(..)).collect(),
        7 => format!("rows=add&{text}={text}&{}", "a=b&".repeat(rng.usize(0..20_000))).into_bytes(),
        8 => format!(r#"{{"specversion":"1.0","id":"{text}","data":{text:?},"type":1}}"#).into_bytes(),
        9 => format!("{{\"l\":[{}1]}}", "1,".repeat(rng.usize(0..20_000))).into_bytes(),
        11 => format!("[{}]", vec![item(rng); rng.usize(0..3)].join(",")).into_bytes(),
        12 => format!("{{\"operations\":[{{\"operation\":\"upsert\",\"request\":{}}}]}}", item(rng)).into_bytes(),
        13 => format!("{{\"keys\":[{}{text:?}]}}", "\"k\",".repeat(rng.usize(0..1_100))).into_bytes(),
        14 => format!("[{{\"entryId\":{text:?},\"event\":{},\"contentType\":\"text/plain\"}}]", item(rng)).into_bytes(),
        15 => {
            let (due, period, ttl) = (messages::time(rng), messages::time(rng), messages::time(rng));
            format!("{{\"dueTime\":{due:?},\"period\":{period:?},\"ttl\":{ttl:?},\"data\":{text:?}}}").into_bytes()
        }
        10 => b"123456789012345678901234567890e99999".to_vec(),
        _ => text.into_bytes(),
    }
}

/// One value of a store as JSON, its parts as they come.
fn item(rng: &mut Rng) -> String {
    let (key, value, etag, ttl) = (text(rng), text(rng), text(rng), text(rng));
    let concurrency = ["first-write", "last-write", ""][rng.usize(0..3)];
    format!(
        "{{\"key\":{key:?},\"value\":{value:?},\"etag\":{etag:?},\"metadata\":{{\"ttlInSeconds\":{ttl:?}}},\
         \"options\":{{\"concurrency\":{concurrency:?}}}}}"
    )
}

/// Sends bytes, now and then in pieces, and reads what comes until patience ends.
async fn send(addr: SocketAddr, bytes: &[u8], rng: &mut Rng) {
    let Ok(mut stream) = TcpStream::connect(addr).await else { return };
    let (half, closes, reads) = (rng.usize(0..3) == 0, rng.bool(), rng.usize(0..5) > 0);
    let end = if half { rng.usize(0..=bytes.len()) } else { bytes.len() };
    let (reader, writer) = stream.split();
    let pieces = if rng.bool() { 1 } else { rng.usize(1..5) };
    let writing = async {
        let mut writer = writer;
        for piece in bytes[..end].chunks((end / pieces).max(1)) {
            if writer.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
        if closes {
            let _ = writer.shutdown().await;
        }
    };
    // Some never read.
    let reading = async {
        let (mut reader, mut sink) = (reader, Vec::new());
        if reads {
            let _ = reader.read_to_end(&mut sink).await;
        }
    };
    let _ = timeout(PATIENCE, async { tokio::join!(writing, reading) }).await;
}

/// Asks for the health all the while, on a thread of its own; returns how often, and the longest answer.
fn watch(http: SocketAddr, over: &AtomicBool) -> (usize, Duration) {
    let (mut asked, mut longest) = (0, Duration::ZERO);
    while !over.load(Ordering::SeqCst) {
        let began = Instant::now();
        let mut stream = std::net::TcpStream::connect(http).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(b"GET /v1.0/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
        longest = longest.max(began.elapsed());
        asked += 1;
    }
    (asked, longest)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_sent_it_stays_alive_and_ends_when_asked() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("FUZZ_SEED").unwrap_or_else(|| fastrand::u64(..));
    let cases = usize::try_from(number("FUZZ_CASES").unwrap_or(600)).unwrap();
    println!("FUZZ_SEED={seed}");

    let folder = tempfile::tempdir().unwrap();
    // What an app may answer, right and wrong.
    let app = App::answering(|seen| async move {
        match seen.body.len() % 7 {
            0 => http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            1 => "{\"status\":\"RETRY\"}".into_response(),
            _ => seen.body.into_response(),
        }
    });
    let store = format!("{STORE}---\n{PUBSUB}---\n{SECRETS}---\n{SUBSCRIPTION}");
    let setup = Setup { store: &store, ..Setup::new(app.listen().await).await };
    let program = Program::start(folder.path(), &setup);
    invoke(client(setup.grpc).await, TYPE, "a", "Do", "ready").await.unwrap();

    let over = Arc::new(AtomicBool::new(false));
    let (http, watched) = (setup.http, Arc::clone(&over));
    let watching = std::thread::spawn(move || watch(http, &watched));
    let next = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let next = Arc::clone(&next);
            let (http, grpc) = (setup.http, setup.grpc);
            tokio::spawn(async move {
                loop {
                    let case = next.fetch_add(1, Ordering::SeqCst);
                    if case >= cases {
                        return;
                    }
                    let mut rng = Rng::with_seed(seed.wrapping_add(case as u64));
                    match case % 4 {
                        0 | 1 => send(http, &http1::requests(&mut rng), &mut rng).await,
                        2 => grpc::call(grpc, &mut rng).await,
                        _ => send(grpc, &grpc::bytes(&mut rng), &mut rng).await,
                    }
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    over.store(true, Ordering::SeqCst);
    let (asked, longest) = watching.join().unwrap();
    println!("{cases} cases, the health was asked for {asked} times, the longest answer took {longest:?}");
    assert!(longest < Duration::from_secs(1), "FUZZ_SEED={seed}: {longest:?}");

    let asked = Instant::now();
    program.ask_to_end();
    let (success, log) = program.ended();
    assert!(success && !log.contains("panicked"), "FUZZ_SEED={seed}: {log}");
    assert!(asked.elapsed() < Duration::from_secs(5), "FUZZ_SEED={seed}: {:?}: {log}", asked.elapsed());
}

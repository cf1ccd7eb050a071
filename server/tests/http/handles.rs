//! Few file handles: whoever is there is served, what fails is called by its name, and not ten times a second.

use std::{fs, fs::File, net::SocketAddr, path::Path, time::Duration};

use reqwest::{Client, StatusCode};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, interval, timeout},
};

use crate::{
    program::{spawn_with_few_handles, terminate},
    support::{PATIENCE, site},
};

/// How many file handles the program has: with a wire and no sidecar of its own it needs some twenty.
const HANDLES: usize = 48;

const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";

/// Waits until the log has a line with these words so often; what it has.
async fn told(log: &Path, words: &str, times: usize) -> String {
    let (began, mut looks) = (Instant::now(), interval(Duration::from_millis(20)));
    loop {
        looks.tick().await;
        let told = fs::read_to_string(log).unwrap();
        if told.matches(words).count() >= times {
            return told;
        }
        assert!(began.elapsed() < 2 * PATIENCE, "{words:?} is not told {times} times: {told}");
    }
}

/// Answers whoever asks for whatever.
async fn redis() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = [0; 1_024];
                while let Ok(1..) = stream.read(&mut asked).await {
                    if stream.write_all(b"+PONG\r\n").await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    addr
}

/// Whether Redis answers over the wire.
async fn answers(stream: &mut TcpStream) -> bool {
    let mut answer = [0; 7];
    stream.write_all(PING).await.is_ok()
        && timeout(PATIENCE, stream.read_exact(&mut answer)).await.is_ok_and(|read| read.is_ok())
        && &answer == b"+PONG\r\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wire_without_a_file_handle_left_says_so_now_and_then_and_serves_whom_it_has() {
    let (site, data, redis) = (site(), TempDir::new().unwrap(), redis().await);
    let log = data.path().join("log");
    let (mut child, origin) =
        spawn_with_few_handles(HANDLES, site.path(), data.path(), File::create(&log).unwrap().into(), |command| {
            command.env("DAPR_GRPC_PORT", "1").env("FAULTLAB_WIRE", "127.0.0.1:0");
            command.env("FAULTLAB_STORE", format!("redis://{redis}"));
        })
        .await;
    let said = fs::read_to_string(&log).unwrap();
    let wire = said
        .split(" listens on ")
        .nth(1)
        .and_then(|rest| rest.split(':').take(2).map(str::to_owned).reduce(|a, b| format!("{a}:{b}")));
    let wire: SocketAddr = wire.expect("it says where the wire is").parse().unwrap();
    let mut first = TcpStream::connect(wire).await.unwrap();
    assert!(answers(&mut first).await);

    // Each comes again as soon as it is turned away.
    let mut others = JoinSet::new();
    for _ in 0..HANDLES {
        others.spawn(async move {
            loop {
                if let Ok(mut stream) = TcpStream::connect(wire).await {
                    drop(stream.read(&mut [0]).await);
                }
            }
        });
    }
    // Told again after ten seconds, in which it has happened a hundred times and more.
    told(&log, "ulimit -n", 3).await;
    assert!(answers(&mut first).await, "whoever is there already");
    let said = fs::read_to_string(&log).unwrap();
    let warned = said.lines().filter(|line| line.contains("ulimit -n")).count();
    assert!(warned < 10, "{warned} lines of it: {said}");
    assert!(!said.contains("No Redis"), "{said}");

    others.shutdown().await;
    let began = Instant::now();
    loop {
        let mut later = TcpStream::connect(wire).await.unwrap();
        if answers(&mut later).await {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "it carries again");
    }
    let healthy = Client::new().get(format!("{origin}/healthz")).timeout(PATIENCE).send().await.unwrap();
    assert_eq!(healthy.status(), StatusCode::OK);
    assert!(terminate(&mut child, Duration::from_secs(5)).await.success());
}

//! Whatever browsers, forms and scripts can send, to every public route: names, values, headers, in any order, of any
//! size, or half of it. All the while the program answers others, and at the end it ends when it is asked to.
//!
//! `FAULTLAB_FUZZ_SEED` makes the same choices again, `FAULTLAB_FUZZ_REQUESTS` makes more of them.

mod choose;

use std::{
    env,
    fs::{self, File},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use fastrand::Rng;
use futures::future::join_all;
use leptos::server_fn::axum::server_fn_paths;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Builder,
    time::{interval, timeout},
};

use self::choose::{ACTORS, Ending, Sent};
use crate::{
    program::{spawn, terminate},
    support::{PATIENCE, site},
};

/// How many requests are sent, unless somebody asks for more.
const REQUESTS: usize = 600;

/// How many are under way at once.
const SENDERS: usize = 4;

/// How long anybody may wait for `/healthz`.
const HEALTHY: Duration = Duration::from_secs(1);

/// The longest that the program may take to end.
const END: Duration = Duration::from_secs(5);

/// How long a sender waits for an answer that may take a turn.
const GLANCE: Duration = Duration::from_millis(300);

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// The routes of the program: what it describes, its pages, and its server functions.
async fn routes(client: &Client, origin: &str) -> Vec<(String, String)> {
    let api: Value = client.get(format!("{origin}/openapi.json")).send().await.unwrap().json().await.unwrap();
    let described = api["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys().map(|method| method.to_uppercase());
        methods.map(|method| (method, path.clone())).collect::<Vec<_>>()
    });
    let functions = server_fn_paths().map(|(path, method)| (method.to_string(), path.to_owned()));
    let pages = [
        ("GET", "/"),
        ("GET", "/lab"),
        ("GET", "/lab/{actor_id}"),
        ("GET", "/lab/{actor_id}/report"),
        ("GET", "/dives"),
        ("GET", "/dives/{slug}"),
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
        ("GET", "/pkg/app.c.css"),
        ("GET", "/nothing/here"),
        ("GET", "/recording"),
        ("POST", "/recording"),
        ("GET", "/recording/{id}"),
    ];
    let pages = pages.map(|(method, path)| (method.to_owned(), path.to_owned()));
    described.chain(functions).chain(pages).collect()
}

/// Sends it, and looks at what comes back. What is left open stays so.
async fn send(addr: &str, sent: &Sent) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    // A program that has refused it already takes no more.
    let whole = stream.write_all(&sent.bytes).await.is_ok();
    match sent.ending {
        Ending::Left => return Some(stream),
        Ending::Reset => {
            stream.set_zero_linger().unwrap();
            return None;
        }
        Ending::Closed => return None,
        Ending::Shut => drop(stream.shutdown().await),
        Ending::Whole => {}
    }
    let limit = if sent.may_wait { GLANCE } else { PATIENCE };
    let mut head = [0; 12];
    match timeout(limit, stream.read_exact(&mut head)).await {
        Err(_) => assert!(sent.may_wait, "no answer to {sent:?}"),
        // Refused while it was sent, or half of it and no more to come.
        Ok(Err(_)) => assert!(!whole || sent.ending == Ending::Shut, "no answer to {sent:?}"),
        Ok(Ok(_)) => {
            let status: u16 = String::from_utf8_lossy(&head[9..]).parse().unwrap_or_default();
            assert!((100..600).contains(&status) && status != 500, "{status} to {sent:?}");
        }
    }
    None
}

/// Asks whether the program is well, again and again until it is told that that is enough; returns how often it was. Does
/// so on a thread of its own, which nothing else holds up.
fn watch(url: String, done: Arc<AtomicBool>) -> thread::JoinHandle<u32> {
    let watching = async move {
        let (client, mut well, mut looks) = (Client::new(), 0, interval(Duration::from_millis(50)));
        while !done.load(Ordering::Relaxed) {
            looks.tick().await;
            let answer = client.get(&url).timeout(HEALTHY).send().await;
            let answer = answer.unwrap_or_else(|error| panic!("not well after {well} looks: {error:?}"));
            assert_eq!(answer.status(), StatusCode::OK);
            well += 1;
        }
        well
    };
    thread::spawn(|| Builder::new_current_thread().enable_all().build().unwrap().block_on(watching))
}

/// Sees that nobody's turn is waiting any more: a stop waits for turns.
async fn settle(client: &Client, origin: &str) {
    for actor in ACTORS {
        let put = async |door: &str, body: Value| {
            let put = client.put(format!("{origin}/api/lab/{actor}/{door}")).json(&body).timeout(PATIENCE);
            assert_eq!(put.send().await.unwrap().status(), StatusCode::OK, "{door}");
        };
        put("hold", json!({"on": false})).await;
        put("fault", json!({"on": false})).await;
        put("policy", json!({"attempts": 1})).await;
        // In the order in which they were asked for: this one is the last.
        let last = client.get(format!("{origin}/chat/{actor}/history")).timeout(PATIENCE * 6);
        assert_eq!(last.send().await.unwrap().status(), StatusCode::OK, "{actor}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_sent_others_are_answered_and_the_program_ends_when_it_is_asked_to() {
    let seed = number("FAULTLAB_FUZZ_SEED").unwrap_or_else(|| fastrand::u64(..));
    eprintln!("FAULTLAB_FUZZ_SEED={seed}");
    let requests = number("FAULTLAB_FUZZ_REQUESTS").map_or(REQUESTS, |n| usize::try_from(n).unwrap());
    let (site, data, client) = (site(), TempDir::new().unwrap(), Client::new());
    let log = data.path().join("log");
    let (mut child, origin) = spawn(site.path(), data.path(), File::create(&log).unwrap().into()).await;
    let addr = origin.trim_start_matches("http://").to_owned();
    let routes = Arc::new(routes(&client, &origin).await);
    assert!(routes.iter().any(|(method, path)| method == Method::POST.as_str() && path == "/api/set_fault"));

    let done = Arc::new(AtomicBool::new(false));
    let health = watch(format!("{origin}/healthz"), Arc::clone(&done));
    let senders = (0..SENDERS).map(|n| {
        let (routes, addr) = (Arc::clone(&routes), addr.clone());
        let mut rng = Rng::with_seed(seed.wrapping_add(n as u64));
        tokio::spawn(async move {
            let mut left = Vec::new();
            for _ in 0..requests / SENDERS {
                let (method, path) = rng.choice(&*routes).unwrap();
                let sent = choose::request(&mut rng, method, path);
                left.extend(send(&addr, &sent).await);
            }
            left
        })
    });
    let sent = join_all(senders.collect::<Vec<_>>()).await;
    let log = fs::read_to_string(log).unwrap();
    let panics = log.split("\nthread ").filter(|part| part.contains("panicked")).collect::<Vec<_>>();
    assert!(panics.is_empty(), "{}", panics.join("\n\n"));
    let left: Vec<_> = sent.into_iter().flat_map(Result::unwrap).collect();
    settle(&client, &origin).await;
    done.store(true, Ordering::Relaxed);
    assert!(health.join().unwrap() > 0);
    // With everything still open that was left so: halves of requests, and streams that nobody reads.
    assert!(!left.is_empty());
    assert!(terminate(&mut child, END).await.success());
}

//! Connections to Redis that break, and commands that another consumer comes before: nothing is done twice or lost, and what
//! is not known is said.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use http::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::{QUICK, Redis, documents, lab_at, publish};
use crate::support::{App, Lab, until};

/// What becomes of the next command that has a word in it.
enum Then {
    /// It is carried out, and its connection breaks before the answer comes.
    Cut,
    /// Something else is said to Redis first.
    After(Vec<String>),
}

/// What stands between the sidecar and Redis.
#[derive(Clone)]
struct Between {
    port: u16,
    redis: Arc<Redis>,
    next: Arc<Mutex<Option<(&'static str, Then)>>>,
    /// Ends the connections that there are.
    open: Arc<Mutex<CancellationToken>>,
}

impl Between {
    async fn start(redis: Redis) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let between = Self { port, redis: Arc::new(redis), next: Arc::default(), open: Arc::default() };
        let serving = between.clone();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (between, open) = (serving.clone(), serving.open.lock().unwrap().clone());
                tokio::spawn(open.run_until_cancelled_owned(async move { between.carry(client).await }));
            }
        });
        between
    }

    fn when(&self, word: &'static str, then: Then) {
        *self.next.lock().unwrap() = Some((word, then));
    }

    fn break_all(&self) {
        std::mem::take(&mut *self.open.lock().unwrap()).cancel();
    }

    fn is_over(&self) -> bool {
        self.next.lock().unwrap().is_none()
    }

    async fn carry(&self, mut client: TcpStream) -> Option<()> {
        let mut redis = TcpStream::connect((Ipv4Addr::LOCALHOST, self.redis.port)).await.ok()?;
        let (mut said, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
        loop {
            tokio::select! {
                read = client.read(&mut said) => {
                    let said = &said[..some(read)?];
                    match self.meets(said) {
                        None => redis.write_all(said).await.ok()?,
                        Some(Then::After(words)) => {
                            self.redis.say(&words.iter().map(String::as_str).collect::<Vec<_>>()).await;
                            redis.write_all(said).await.ok()?;
                        }
                        Some(Then::Cut) => {
                            redis.write_all(said).await.ok()?;
                            // Its answer says that it was carried out, and goes nowhere.
                            return some(redis.read(&mut answered).await).and(None);
                        }
                    }
                }
                read = redis.read(&mut answered) => client.write_all(&answered[..some(read)?]).await.ok()?,
            }
        }
    }

    fn meets(&self, said: &[u8]) -> Option<Then> {
        let mut next = self.next.lock().unwrap();
        let met = next.as_ref().is_some_and(|(word, _)| said.windows(word.len()).any(|some| some == word.as_bytes()));
        if met { next.take().map(|(_, then)| then) } else { None }
    }
}

fn some(read: std::io::Result<usize>) -> Option<usize> {
    read.ok().filter(|n| *n > 0)
}

async fn between() -> Option<Between> {
    Some(Between::start(Redis::start().await?).await)
}

/// The answer's text.
async fn told(answer: reqwest::Response) -> String {
    let error: Value = answer.json().await.unwrap();
    error["message"].as_str().unwrap().to_owned()
}

const NOT_KNOWN: &str = "it is not known whether this was done";

#[tokio::test]
async fn a_message_whose_connection_broke_under_way_is_not_sent_a_second_time_and_is_told_as_not_known() {
    let Some(between) = between().await else { return };
    let lab = lab_at(between.port, App::echo(), "").await;
    between.when("XADD", Then::Cut);
    let answer = lab.http.post(lab.url("/v1.0/publish/daca-pubsub/t")).json(&json!({"n": 1})).send().await.unwrap();
    assert!(between.is_over());
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let told = told(answer).await;
    assert!(told.contains(NOT_KNOWN), "{told}");
    assert_eq!(between.redis.say(&["XLEN", "t"]).await, "1");
    assert_eq!(publish(&lab, 2).await, StatusCode::NO_CONTENT);
    assert_eq!(between.redis.say(&["XLEN", "t"]).await, "2");
}

#[tokio::test]
async fn a_connection_that_broke_while_nothing_was_under_way_is_replaced() {
    let Some(between) = between().await else { return };
    let lab = lab_at(between.port, App::echo(), "").await;
    for n in 1..=3 {
        between.break_all();
        assert_eq!(publish(&lab, n).await, StatusCode::NO_CONTENT);
        assert_eq!(between.redis.say(&["XLEN", "t"]).await, n.to_string());
    }
}

async fn save(lab: &Lab, items: Value) -> reqwest::Response {
    lab.http.post(lab.url("/v1.0/state/statestore")).json(&items).send().await.unwrap()
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_not_told_that_its_own_etag_is_another_s() {
    let Some(between) = between().await else { return };
    let policy = "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: {name: r}\nspec: {policies: {retries: {often: \
                  {policy: constant, duration: 10ms, maxRetries: 3}}}, targets: {components: {statestore: {outbound: \
                  {retry: often}}}}}\n";
    for policies in [&[][..], &[policy.to_owned()]] {
        let documents = [documents(between.port, ""), policies.to_vec()].concat();
        let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
        let lab = Lab::with(App::echo(), &documents, |_| {}).await;
        between.redis.say(&["FLUSHALL"]).await;
        assert_eq!(save(&lab, json!([{"key": "k", "value": 1}])).await.status(), StatusCode::NO_CONTENT);
        between.when("EVALSHA", Then::Cut);
        let answer = save(&lab, json!([{"key": "k", "value": 2, "etag": "1"}])).await;
        assert!(between.is_over());
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let told = told(answer).await;
        assert!(told.contains(NOT_KNOWN), "{told}");
        assert_eq!(between.redis.say(&["HMGET", "app||k", "data", "version"]).await, "2\n2");
    }
}

/// Leaves a message with a consumer that is gone; its id.
async fn left(redis: &Redis) -> String {
    redis.say(&["XGROUP", "CREATE", "t", "app", "0", "MKSTREAM"]).await;
    let event = json!({"specversion": "1.0", "id": "1", "type": "t", "source": "s", "data": {"n": 1}}).to_string();
    let id = redis.say(&["XADD", "t", "*", "data", &event, "metadata", "{}"]).await;
    redis.say(&["XREADGROUP", "GROUP", "app", "gone", "COUNT", "1", "STREAMS", "t", ">"]).await;
    id
}

async fn comes_and_is_acknowledged(lab: &Lab, redis: &Redis) {
    lab.app.wait(1, |seen| seen.is("POST", "/in") && seen.json()["data"]["n"] == 1).await;
    until("it is acknowledged", || async { redis.say(&["XPENDING", "t", "app"]).await.starts_with('0') }).await;
}

#[tokio::test]
async fn a_message_whose_claim_s_answer_was_lost_comes_again() {
    let Some(between) = between().await else { return };
    left(&between.redis).await;
    between.when("XCLAIM", Then::Cut);
    // Longer than it takes until a command is sent again whose connection broke.
    let slow = QUICK.replace("300ms", "1s");
    let lab = lab_at(between.port, App::echo(), &slow).await;
    comes_and_is_acknowledged(&lab, &between.redis).await;
    assert!(between.is_over());
}

#[tokio::test]
async fn a_message_that_another_consumer_claimed_a_moment_before_is_not_acknowledged_for_it() {
    let Some(between) = between().await else { return };
    let id = left(&between.redis).await;
    let words = ["XCLAIM", "t", "app", "other", "0", &id].map(str::to_owned);
    between.when("XCLAIM", Then::After(words.to_vec()));
    let lab = lab_at(between.port, App::echo(), QUICK).await;
    comes_and_is_acknowledged(&lab, &between.redis).await;
    assert!(between.is_over());
}

#[tokio::test]
async fn a_message_that_is_pending_and_no_longer_in_its_stream_is_let_go() {
    let Some(between) = between().await else { return };
    let id = left(&between.redis).await;
    between.redis.say(&["XDEL", "t", &id]).await;
    let _lab = lab_at(between.port, App::echo(), QUICK).await;
    let pending = || between.redis.say(&["XPENDING", "t", "app"]);
    until("it is acknowledged", || async { pending().await.starts_with('0') }).await;
}

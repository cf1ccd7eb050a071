//! The wire between a client and a Redis that are both the test's own.

use std::io;

use model::wire::{WireFault, WireSetting};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinHandle,
};

use super::*;

const LIMIT: Duration = Duration::from_secs(5);
const PING: &str = "*1\r\n$4\r\nPING\r\n";
const SET: &str = "*3\r\n$3\r\nSET\r\n$44\r\ndaca-ai-app||ChatAgent||user1||history-user1\r\n$2\r\n[]\r\n";

/// A wire that does this on purpose, a client's connection to it, and the Redis behind it: takes one connection, and
/// answers once when nothing more comes on it; what came is its result.
async fn wired(fault: Option<WireFault>) -> (Wire, TcpStream, JoinHandle<io::Result<String>>) {
    let redis = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let wire = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (addr, behind) = (wire.local_addr().unwrap(), redis.local_addr().unwrap().to_string());
    let (timelines, switch) = (Timelines::new(), WireSwitch::new(addr, &behind));
    drop(switch.set(WireSetting { fault }, &timelines));
    let wire = Wire::serve(wire, behind, switch, timelines).unwrap();
    let redis = tokio::spawn(async move {
        let (mut stream, _) = redis.accept().await?;
        let mut came = Vec::new();
        // A connection that is reset has brought what came before.
        let ended = stream.read_to_end(&mut came).await;
        if ended.is_ok() {
            stream.write_all(b"+PONG\r\n").await?;
        }
        Ok(String::from_utf8_lossy(&came).into_owned())
    });
    (wire, TcpStream::connect(addr).await.unwrap(), redis)
}

async fn ended<T>(task: JoinHandle<io::Result<T>>) -> T {
    timeout(LIMIT, task).await.unwrap().unwrap().unwrap()
}

#[tokio::test]
async fn a_client_that_sends_nothing_more_gets_its_answer() {
    let (wire, mut client, redis) = wired(None).await;
    client.write_all(PING.as_bytes()).await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = String::new();
    timeout(LIMIT, client.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert_eq!((answer.as_str(), ended(redis).await.as_str()), ("+PONG\r\n", PING));
    wire.stop().await;
}

#[tokio::test]
async fn of_a_client_that_may_have_left_nothing_arrives_late() {
    for fault in [WireFault::Delay { ms: 50 }, WireFault::Stall] {
        let (wire, mut client, redis) = wired(Some(fault)).await;
        client.write_all(SET.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        assert_eq!(ended(redis).await, "", "{fault:?}");
        wire.stop().await;
    }
}

#[tokio::test]
async fn a_cut_lets_no_command_on_an_actor_s_keys_through_however_many_are_sent_at_once() {
    let (wire, mut client, redis) = wired(Some(WireFault::Cut)).await;
    client.write_all(format!("{PING}{SET}{SET}{PING}").as_bytes()).await.unwrap();
    let came = ended(redis).await;
    let part = came.strip_prefix(PING).expect("what comes before it passes");
    assert!(SET.starts_with(part) && part.len() < SET.len(), "{came:?}");
    wire.stop().await;
}

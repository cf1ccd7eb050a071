//! What weighs on the process beside its work: streams that nobody reads, and connections that take all its file handles.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use fastrand::Rng;
use model::actor_id::ActorId;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};

use super::shared::{Count, Shared};
use crate::lab::HANDLES;

/// How long a connection may take to open: one that the process has no handle for waits for that.
const OPEN: Duration = Duration::from_secs(1);

/// Follows the actor and reads nothing after the first word, again and again, with several streams at once.
pub(super) async fn stall(shared: Arc<Shared>, actor: ActorId, mut rng: Rng) {
    while !shared.over() {
        shared.serves().await;
        let mut stalled = Vec::new();
        for _ in 0..rng.usize(1..5) {
            // The process may end meanwhile.
            if let Ok(Some(stream)) = timeout(OPEN, stream(&shared, &actor)).await {
                stalled.push(stream);
                shared.count(Count::StreamStalled);
            }
        }
        sleep(Duration::from_millis(rng.u64(300..3_000))).await;
    }
}

/// A stream of everything that is known of an actor, with room for little of it.
async fn stream(shared: &Shared, actor: &ActorId) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.set_recv_buffer_size(4_096).ok()?;
    let mut stream = socket.connect(shared.door.addr).await.ok()?;
    let request = format!("GET /events/{actor}?after=1-1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut first = [0; 15];
    stream.read_exact(&mut first).await.ok()?;
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    Some(stream)
}

/// How many connections one client opens: fewer than one may.
const OF_ONE: usize = 100;

/// Takes all file handles of the process now and then, for a moment. One client would not be given so many: there are
/// several, at addresses of their own.
pub(super) async fn exhaust(shared: Arc<Shared>, mut rng: Rng) {
    while !shared.over() {
        sleep(Duration::from_millis(rng.u64(300..3_000))).await;
        shared.serves().await;
        let mut taken = Vec::new();
        for place in 0..HANDLES {
            if let Ok(Some(stream)) = timeout(OPEN, from_another(place / OF_ONE, shared.door.addr)).await {
                taken.push(stream);
            }
        }
        let mut looks = 0;
        while looks < 100 && !is_out_of_handles(&shared) {
            looks += 1;
            sleep(Duration::from_millis(5)).await;
        }
        if looks < 100 {
            shared.count(Count::OutOfHandles);
        }
        sleep(Duration::from_millis(rng.u64(0..500))).await;
    }
}

/// A connection from one of the machine's other addresses.
async fn from_another(client: usize, to: SocketAddr) -> Option<TcpStream> {
    let own = Ipv4Addr::new(127, 0, 0, 2 + u8::try_from(client).ok()?);
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind((own, 0).into()).ok()?;
    socket.connect(to).await.ok()
}

fn is_out_of_handles(shared: &Shared) -> bool {
    let id = *shared.process.borrow();
    let handles = id.and_then(|id| fs::read_dir(format!("/proc/{id}/fd")).ok()).map_or(0, Iterator::count);
    handles >= HANDLES
}

//! One connection between the sidecar's Redis client and Redis, under whatever the switch says.
//!
//! Nothing that is held is ever let go late: when the switch changes while a connection holds something, that is
//! dropped and the connection closed. A client that leaves takes with it what is held of it. One that only says that it
//! sends nothing more (a half-closed connection) cannot be told from it: of it too what is held is dropped, and what has
//! gone on is answered.

use std::{
    collections::VecDeque,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use model::wire::WireFault;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::{eyes::Eyes, switch::WireState};
use crate::accepting::is_no_room;

/// How much is read at once.
const CHUNK: usize = 16 * 1024;

/// How many bytes may wait on one delayed connection. A client that sends more without waiting for answers is cut off.
const HELD_LIMIT: usize = 8 * 1024 * 1024;

/// How long a client that sends nothing more is given the answers to what it has sent. It may as well be gone, as daprd's
/// is that has had no answer for 3 s: its call is told as given up only after this, so it is short.
const ANSWERS_LIMIT: Duration = Duration::from_secs(1);

/// What both directions of a connection share.
struct Shared {
    set: watch::Receiver<WireState>,
    state: Mutex<State>,
}

struct State {
    eyes: Eyes,
    /// Whether something was taken in that has not gone on.
    holds: bool,
    /// Whether the client sends nothing more.
    left: bool,
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The client left.
    Left,
    /// Redis left, or is not there.
    NoRedis,
    /// The wire ends it.
    Broken,
}

/// Carries a connection until one side leaves or the switch ends it.
pub(super) async fn carry(
    mut client: TcpStream,
    redis: impl Future<Output = io::Result<TcpStream>>,
    mut set: watch::Receiver<WireState>,
    eyes: Eyes,
) -> End {
    if set.borrow_and_update().refuses() {
        eyes.refused();
        reset(&client);
        return End::Broken;
    }
    let mut redis = match redis.await {
        Ok(redis) => redis,
        Err(error) => {
            eyes.refused();
            reset(&client);
            return if is_no_room(&error) { End::Broken } else { End::NoRedis };
        }
    };
    if let Err(error) = client.set_nodelay(true) {
        tracing::debug!("cannot set TCP_NODELAY: {error}");
    }
    let shared = Shared { set, state: Mutex::new(State { eyes, holds: false, left: false }) };
    let end = {
        let (from_client, to_client) = client.split();
        let (from_redis, to_redis) = redis.split();
        tokio::select! {
            end = requests(&shared, from_client, to_redis) => end,
            end = answers(&shared, from_redis, to_client) => end,
            end = ended_by_switch(&shared) => end,
        }
    };
    shared.state().eyes.ended();
    if end != End::Left {
        // As a Redis that is gone, and not as one that said goodbye.
        reset(&client);
    }
    end
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self) -> WireState {
        *self.set.borrow()
    }

    /// Notes that something is held which came while the wire was set like this; `false` if that is over already.
    fn hold(&self, set: WireState) -> bool {
        self.state().holds = true;
        self.set() == set
    }
}

/// Closes with a reset, as a process that is gone does.
fn reset(stream: &TcpStream) {
    if let Err(error) = stream.set_zero_linger() {
        tracing::debug!("a connection ends without a reset: {error}");
    }
}

/// Waits until the switch ends this connection: it refuses, or what was held must not go on.
async fn ended_by_switch(shared: &Shared) -> End {
    let mut set = shared.set.clone();
    loop {
        // The sender lives as long as the lab does.
        if set.changed().await.is_err() {
            return std::future::pending().await;
        }
        if set.borrow_and_update().refuses() || shared.state().holds {
            return End::Broken;
        }
    }
}

/// A request that waits until it is due.
struct Delayed {
    due: Instant,
    bytes: Vec<u8>,
    /// How the wire was set when it came: it goes on only if nothing has changed since.
    set: WireState,
}

/// From the client to Redis.
async fn requests(shared: &Shared, mut client: ReadHalf<'_>, mut redis: WriteHalf<'_>) -> End {
    let mut chunk = vec![0; CHUNK];
    let mut delayed: VecDeque<Delayed> = VecDeque::new();
    let mut waiting = 0;
    loop {
        let due = delayed.front().map(|first| first.due);
        let next = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        let size = tokio::select! {
            read = client.read(&mut chunk) => match read {
                Ok(0) => return answered(shared, &mut redis).await,
                Err(_) => return End::Left,
                Ok(size) => size,
            },
            () = next => {
                let Some(first) = delayed.pop_front() else { continue };
                waiting -= first.bytes.len();
                if shared.set() != first.set {
                    return End::Broken;
                }
                if redis.write_all(&first.bytes).await.is_err() {
                    return End::NoRedis;
                }
                if delayed.is_empty() {
                    shared.state().holds = false;
                }
                continue;
            }
        };
        let bytes = &chunk[..size];
        let set = shared.set();
        let cut = shared.state().eyes.request(bytes);
        match set.fault {
            Some(WireFault::Refuse) => return End::Broken,
            // Nobody waits for a delay that is as long as the client's patience: which of the two ends first is not
            // left to chance, and no write gets to Redis of which nobody hears.
            Some(WireFault::Stall | WireFault::Delay { ms: WireFault::PATIENCE_MS.. }) => {
                if !shared.hold(set) {
                    return End::Broken;
                }
            }
            Some(WireFault::Delay { ms }) => {
                waiting += size;
                if !shared.hold(set) || waiting > HELD_LIMIT {
                    return End::Broken;
                }
                let due = Instant::now() + Duration::from_millis(ms.into());
                delayed.push_back(Delayed { due, bytes: bytes.to_vec(), set });
            }
            fault => {
                if let (Some(WireFault::Cut), Some(cut)) = (fault, cut) {
                    // Redis forgets a command that did not come whole.
                    let _ = redis.write_all(&bytes[..cut]).await;
                    return End::Broken;
                }
                if redis.write_all(bytes).await.is_err() {
                    return End::NoRedis;
                }
            }
        }
    }
}

/// Waits for the answers to what a client has sent that sends nothing more.
async fn answered(shared: &Shared, redis: &mut WriteHalf<'_>) -> End {
    {
        let mut state = shared.state();
        state.left = true;
        if state.holds {
            return End::Left;
        }
    }
    // Redis closes in its turn when it has answered.
    if redis.shutdown().await.is_ok() {
        sleep(ANSWERS_LIMIT).await;
    }
    End::Left
}

/// From Redis to the client.
async fn answers(shared: &Shared, mut redis: ReadHalf<'_>, mut client: WriteHalf<'_>) -> End {
    let mut chunk = vec![0; CHUNK];
    loop {
        let size = match redis.read(&mut chunk).await {
            Ok(0) if shared.state().left => return End::Left,
            Ok(0) | Err(_) => return End::NoRedis,
            Ok(size) => size,
        };
        let set = shared.set();
        if set.fault == Some(WireFault::Stall) {
            if !shared.hold(set) {
                return End::Broken;
            }
            continue;
        }
        // Before the bytes go on: an attempt must not end before the calls that it was made of are told.
        shared.state().eyes.answer(&chunk[..size]);
        if client.write_all(&chunk[..size]).await.is_err() {
            return End::Left;
        }
    }
}

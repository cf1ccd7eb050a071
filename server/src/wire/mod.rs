//! The wire between the sidecar and Redis: a TCP proxy in front of the state store, which can fail on purpose and sees
//! what passes.
//!
//! # Layout
//! - [`Wire`]: opening it, and ending it
//! - [`switch`](WireSwitch): what it does on purpose
//! - `pump`: one connection, under whatever the switch says
//! - `eyes`: what passes, as it concerns actors; `resp`: Redis's protocol, as far as that needs it

mod eyes;
mod pump;
mod resp;
mod switch;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Notify,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::switch::WireSwitch;
use self::{eyes::Eyes, pump::End};
use crate::{
    accepting::{Accepting, PAUSE, Seldom, is_no_room, reason},
    labs::Timelines,
};

/// How long Redis may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1_024;

/// A wire that carries.
#[derive(Debug)]
pub struct Wire {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Wire {
    /// Carries what comes in on `listener` to the Redis at `redis` (`HOST:PORT`). What was already waiting on the
    /// listener is carried too: it can be bound long before.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn serve(listener: TcpListener, redis: String, switch: WireSwitch, timelines: Timelines) -> io::Result<Self> {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let door = Door {
            addr: listener.local_addr()?,
            redis,
            away: Arc::default(),
            switch,
            timelines,
            stop: stop.clone(),
            connections: tasks.clone(),
            accepting: Accepting::new("The wire to Redis"),
            no_place: Seldom::default(),
            no_redis: Arc::default(),
        };
        let stopped = stop.clone();
        tasks.spawn(async move { stopped.run_until_cancelled(door.keep(listener)).await });
        tasks.close();
        Ok(Self { stop, tasks })
    }

    /// Closes every connection, and the listener.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

/// Where connections come in. It is shut while there is nothing behind it, on purpose or not: whoever connects is
/// refused by the system itself, as by a Redis that does not run. To accept and then close would be another failure,
/// which daprd's Redis client meets with many more tries (16 s until it gives up a read, and not 6 s).
struct Door {
    addr: SocketAddr,
    redis: String,
    /// Told when Redis ended a connection, or could not be reached.
    away: Arc<Notify>,
    switch: WireSwitch,
    timelines: Timelines,
    stop: CancellationToken,
    connections: TaskTracker,
    accepting: Accepting,
    /// Says that the address cannot be had.
    no_place: Seldom,
    /// Says that connections to Redis cannot be opened.
    no_redis: Arc<Seldom>,
}

impl Door {
    async fn keep(self, mut listener: TcpListener) {
        loop {
            let refused = tokio::select! {
                client = self.accepting.next(&listener) => {
                    self.carry(client);
                    continue;
                }
                () = refuses(&self.switch, true) => true,
                () = self.away.notified() => {
                    if is_there(connect(&self.redis).await.as_ref()) {
                        continue;
                    }
                    false
                }
            };
            drop(listener);
            let place = self.reserve().await;
            if refused {
                refuses(&self.switch, false).await;
            } else {
                tracing::warn!("No Redis at {}: the wire refuses until there is one", self.redis);
                while !is_there(connect(&self.redis).await.as_ref()) {
                    sleep(PAUSE).await;
                }
                tracing::info!("Redis at {} is back, and the wire with it", self.redis);
            }
            listener = self.open(place).await;
        }
    }

    fn carry(&self, client: TcpStream) {
        let (set, eyes) = (self.switch.watch(), Eyes::new(self.timelines.clone()));
        let (redis, away, stop) = (self.redis.clone(), Arc::clone(&self.away), self.stop.clone());
        let no_redis = Arc::clone(&self.no_redis);
        self.connections.spawn(async move {
            let connect = async {
                connect(&redis).await.inspect_err(|error| {
                    if no_redis.is_due() {
                        tracing::warn!("The wire cannot open a connection to Redis: {}", reason(error));
                    }
                })
            };
            let end = stop.run_until_cancelled(pump::carry(client, connect, set, eyes)).await;
            if end == Some(End::NoRedis) {
                away.notify_one();
            }
        });
    }

    /// Keeps the address while nobody listens on it, so that no other program takes it.
    async fn reserve(&self) -> TcpSocket {
        loop {
            match self.bound() {
                Ok(socket) => return socket,
                Err(error) => self.cannot_open(&error).await,
            }
        }
    }

    async fn open(&self, place: TcpSocket) -> TcpListener {
        let mut opened = place.listen(BACKLOG);
        loop {
            match opened {
                Ok(listener) => return listener,
                Err(error) => self.cannot_open(&error).await,
            }
            opened = self.bound().and_then(|socket| socket.listen(BACKLOG));
        }
    }

    fn bound(&self) -> io::Result<TcpSocket> {
        let socket = if self.addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // The connections that were open a moment ago still have this address.
        socket.set_reuseaddr(true)?;
        socket.bind(self.addr)?;
        Ok(socket)
    }

    async fn cannot_open(&self, error: &io::Error) {
        if self.no_place.is_due() {
            tracing::warn!("The wire to Redis cannot have its address {}: {}", self.addr, reason(error));
        }
        sleep(PAUSE).await;
    }
}

/// Whether Redis is there, as far as an attempt to reach it tells: without a file handle for that, nothing does.
fn is_there(reached: Result<&TcpStream, &io::Error>) -> bool {
    reached.map_or_else(is_no_room, |_| true)
}

/// Waits until the switch refuses, or until it does not.
async fn refuses(switch: &WireSwitch, wanted: bool) {
    let mut set = switch.watch();
    // The sender lives as long as the switch does.
    let _ = set.wait_for(|set| set.refuses() == wanted).await;
}

/// Opens a connection to Redis itself.
async fn connect(redis: &str) -> io::Result<TcpStream> {
    let connected = timeout(CONNECT_LIMIT, TcpStream::connect(redis)).await;
    let stream = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests;

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

use std::{io, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::eyes::Eyes;
pub use self::switch::WireSwitch;
use crate::timeline::Timelines;

/// How long Redis may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// How long to wait after a connection could not be accepted: the usual reason is that no more files can be opened.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A wire that carries.
#[derive(Debug)]
pub struct Wire {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Wire {
    /// Carries what comes in on `listener` to the Redis at `redis` (`HOST:PORT`). What was already waiting on the
    /// listener is carried too: it can be bound long before.
    #[must_use]
    pub fn serve(listener: TcpListener, redis: String, switch: WireSwitch, timelines: Timelines) -> Self {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (stopped, connections) = (stop.clone(), tasks.clone());
        tasks.spawn(async move {
            let accept = async {
                loop {
                    match listener.accept().await {
                        Ok((client, _)) => {
                            let (redis, set, eyes) = (redis.clone(), switch.watch(), Eyes::new(timelines.clone()));
                            let stopped = stopped.clone();
                            connections.spawn(async move {
                                let carry = pump::carry(client, connect(&redis), set, eyes);
                                stopped.run_until_cancelled(carry).await;
                            });
                        }
                        Err(error) => {
                            tracing::warn!("The wire to Redis cannot accept a connection: {error}");
                            sleep(ACCEPT_PAUSE).await;
                        }
                    }
                }
            };
            let _: Option<()> = stopped.run_until_cancelled(accept).await;
        });
        tasks.close();
        Self { stop, tasks }
    }

    /// Closes every connection, and the listener.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

/// Opens a connection to Redis itself.
async fn connect(redis: &str) -> io::Result<TcpStream> {
    let connected = timeout(CONNECT_LIMIT, TcpStream::connect(redis)).await;
    let stream = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

//! `faultlab health`: whether a lab on this machine is ready, for whoever looks after it.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::time::timeout;

use crate::own::ask;

/// How long it may take to answer: it looks at its sidecar first.
const LIMIT: Duration = Duration::from_secs(5);

/// Asks the lab at `addr`.
///
/// # Errors
/// It is not ready, or does not answer: why, in one line.
pub async fn ask(addr: SocketAddr) -> Result<(), String> {
    let asked = reachable(addr);
    let late = |_| Err(format!("no answer within {} s", LIMIT.as_secs()));
    match timeout(LIMIT, ask::get(asked, "/readyz")).await.unwrap_or_else(late) {
        Ok((status, _)) if status.is_success() => Ok(()),
        Ok((status, body)) => {
            Err(format!("the lab at {asked} is not ready ({status}): {}", String::from_utf8_lossy(&body).trim()))
        }
        Err(error) => Err(format!("no lab answers at {asked} ({error}): say where it listens with --addr HOST:PORT")),
    }
}

/// An address that listens everywhere is asked on this machine.
fn reachable(mut addr: SocketAddr) -> SocketAddr {
    if addr.ip().is_unspecified() {
        addr.set_ip(if addr.is_ipv4() { IpAddr::from(Ipv4Addr::LOCALHOST) } else { Ipv6Addr::LOCALHOST.into() });
    }
    addr
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn where_nobody_listens_is_said_with_the_flag() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, free.port()));
        let words = ask(everywhere).await.unwrap_err();
        assert!(words.contains(&free.to_string()) && words.contains("--addr"), "{words}");
    }
}

//! Asking a program something over HTTP.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

/// How long a program may take: it may have begun to listen long before it answers.
const LIMIT: Duration = Duration::from_secs(30);

/// The longest answer that is read.
const LONGEST: usize = 4 << 20;

/// The status and the body of the answer.
///
/// # Errors
/// What kept it from coming, in a few words.
pub(super) async fn get(addr: SocketAddr, path: &str) -> Result<(StatusCode, Bytes), String> {
    let asked = async {
        let stream = TcpStream::connect(addr).await.map_err(|error| error.to_string())?;
        let opened = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = opened.map_err(|error| error.to_string())?;
        // It ends with the answer.
        tokio::spawn(async move { drop(connection.await) });
        let request = Request::get(path)
            .header(header::HOST, addr.to_string())
            .header(header::CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            .map_err(|error| error.to_string())?;
        let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LONGEST).collect().await.map_err(|error| error.to_string())?;
        Ok((status, body.to_bytes()))
    };
    let limit = || format!("no answer within {} s", LIMIT.as_secs());
    timeout(LIMIT, asked).await.unwrap_or_else(|_| Err(limit()))
}

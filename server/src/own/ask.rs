//! Asking a program something over HTTP.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
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
pub(crate) async fn get(addr: SocketAddr, path: &str) -> Result<(StatusCode, Bytes), String> {
    match timeout(LIMIT, send(addr, Method::GET, path, None)).await {
        Ok(answered) => answered,
        Err(_) => Err(format!("no answer within {} s", LIMIT.as_secs())),
    }
}

/// The same for any request, with a JSON text as its body, however long it takes.
///
/// # Errors
/// What kept the answer from coming, in a few words.
pub(crate) async fn send(
    addr: SocketAddr,
    method: Method,
    path: &str,
    json: Option<String>,
) -> Result<(StatusCode, Bytes), String> {
    let stream = TcpStream::connect(addr).await.map_err(|error| error.to_string())?;
    let opened = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = opened.map_err(|error| error.to_string())?;
    // It ends with the answer.
    tokio::spawn(async move { drop(connection.await) });
    let mut request = Request::builder().method(method).uri(path);
    request = request.header(header::HOST, addr.to_string()).header(header::CONNECTION, "close");
    if json.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let request = request.body(Full::<Bytes>::from(json.unwrap_or_default())).map_err(|error| error.to_string())?;
    let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), LONGEST).collect().await.map_err(|error| error.to_string())?;
    Ok((status, body.to_bytes()))
}

//! gRPC: calls whose messages are framed right, wrong and half, and bytes that are frames of HTTP/2 or nothing.

use std::net::SocketAddr;

use bytes::Bytes;
use fastrand::Rng;
use futures::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::messages::{METHODS, message};
use super::{PATIENCE, body, text};

/// A message in its frame: a mark of compression, four bytes of length, and it; one of them may be wrong.
fn framed(method: &str, rng: &mut Rng) -> Vec<u8> {
    let mut message = message(method, rng);
    if rng.usize(0..4) == 0 && !message.is_empty() {
        let at = rng.usize(0..message.len());
        message[at] = rng.u8(..);
    }
    let length = match rng.usize(0..8) {
        0 => rng.u32(..),
        1 => u32::MAX,
        2 => 0,
        _ => u32::try_from(message.len()).unwrap(),
    };
    let mark = if rng.usize(0..8) == 0 { rng.u8(..) } else { 0 };
    let mut frame = [&[mark][..], &length.to_be_bytes()].concat();
    frame.append(&mut message);
    if rng.usize(0..6) == 0 {
        frame.truncate(rng.usize(0..=frame.len()));
    }
    frame
}

/// One call over HTTP/2, its body in pieces and now and then broken off.
pub async fn call(addr: SocketAddr, rng: &mut Rng) {
    let Ok(stream) = TcpStream::connect(addr).await else { return };
    let method = METHODS[rng.usize(0..METHODS.len())];
    let mut bytes: Vec<u8> = framed(method, rng);
    if rng.usize(0..5) == 0 {
        bytes.extend(framed(method, rng));
    }
    let size = (bytes.len() / rng.usize(1..6)).max(1);
    let mut pieces: Vec<Result<Frame<Bytes>, std::io::Error>> =
        bytes.chunks(size).map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece)))).collect();
    if rng.usize(0..4) == 0 {
        pieces.push(Err(std::io::Error::other("half of it")));
    }
    let service = if rng.usize(0..6) == 0 { text(rng) } else { "dapr.proto.runtime.v1.Dapr".into() };
    let uri = format!("http://{addr}/{}/{method}", service.replace(' ', ""));
    let mut request = http::Request::post(uri).header("te", "trailers");
    for _ in 0..rng.usize(0..4) {
        let name =
            ["content-type", "grpc-timeout", "grpc-encoding", "grpc-accept-encoding", "baggage", "dapr-api-token"];
        let value = ["application/grpc", "application/json", "1n", "99999999999H", "gzip", "identity", ""];
        request = request.header(name[rng.usize(0..name.len())], value[rng.usize(0..value.len())]);
    }
    // Some texts are no path.
    let Ok(request) = request.body(StreamBody::new(stream::iter(pieces))) else { return };
    let called = async {
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let Ok((mut sender, connection)) = handshake.await else { return };
        let exchange = async {
            if let Ok(answer) = sender.send_request(request).await {
                let _ = answer.into_body().collect().await;
            }
        };
        tokio::select! {
            _ = connection => {}
            () = exchange => {}
        }
    };
    let _ = timeout(PATIENCE, called).await;
}

/// The preface and frames of any kind, or anything.
pub fn bytes(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = match rng.usize(0..6) {
        0 => return super::http1::requests(rng),
        1 => return body(rng),
        _ => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(),
    };
    for _ in 0..rng.usize(0..40) {
        let payload: Vec<u8> = (0..rng.usize(0..60)).map(|_| rng.u8(..)).collect();
        let length = if rng.usize(0..8) == 0 { rng.u32(..) } else { u32::try_from(payload.len()).unwrap() };
        bytes.extend_from_slice(&length.to_be_bytes()[1..]);
        // Data, headers, priority, reset, settings, push, ping, go away, window, continuation, and what is none.
        bytes.push(rng.u8(0..12));
        bytes.push(rng.u8(..));
        bytes.extend_from_slice(&rng.u32(0..9).to_be_bytes());
        bytes.extend_from_slice(&payload);
    }
    bytes
}

//! Why a call of the app has no answer, in the words of Go's HTTP client, which Dapr passes on.

use std::error::Error;
use std::io;
use std::net::SocketAddr;

use http::Method;

/// `Put`, `Get`: how Go's HTTP client, whose words Dapr passes on, begins an error.
pub(super) fn capitalised(method: &Method) -> String {
    let (first, rest) = method.as_str().split_at(1);
    format!("{first}{}", rest.to_ascii_lowercase())
}

/// Whether an error says that there are no file handles left, in this process or on this machine.
pub(super) fn has_no_room(error: &(dyn Error + 'static)) -> bool {
    is_io(error, is_no_room)
}

/// Whether an error says that nobody listens.
pub(super) fn is_refused(error: &(dyn Error + 'static)) -> bool {
    is_io(error, |error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// Whether an error is such a one of the system, or comes from one.
fn is_io(error: &(dyn Error + 'static), is: impl Fn(&io::Error) -> bool) -> bool {
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    causes.any(|cause| cause.downcast_ref::<io::Error>().is_some_and(&is))
}

#[cfg(unix)]
fn is_no_room(error: &io::Error) -> bool {
    use rustix::io::Errno;
    Errno::from_io_error(error).is_some_and(|errno| [Errno::MFILE, Errno::NFILE].contains(&errno))
}

#[cfg(not(unix))]
const fn is_no_room(_: &io::Error) -> bool {
    false
}

/// A transport error in the words of Go's HTTP client, where it has words for it.
pub(super) fn describe(error: &(dyn Error + 'static), addr: SocketAddr) -> String {
    let mut source: Option<&(dyn Error + 'static)> = Some(error);
    let mut last = error.to_string();
    while let Some(current) = source {
        if let Some(io) = current.downcast_ref::<io::Error>() {
            match io.kind() {
                io::ErrorKind::ConnectionRefused => {
                    return format!("dial tcp {addr}: connect: connection refused");
                }
                io::ErrorKind::ConnectionReset => {
                    return format!("read tcp {addr}: read: connection reset by peer");
                }
                _ => {}
            }
        }
        if let Some(hyper) = current.downcast_ref::<hyper::Error>()
            && hyper.is_incomplete_message()
        {
            return "EOF".into();
        }
        last = current.to_string();
        source = current.source();
    }
    last
}

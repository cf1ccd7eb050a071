//! The pseudoterminal that a program writes to. On a pipe Python keeps its output back, and many programs leave the
//! colours out.

use std::{io, os::fd::OwnedFd};

use rustix::{
    fs::{Mode, OFlags, open},
    io::ioctl_fionbio,
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use tokio::{io::AsyncReadExt, net::unix::pipe};

/// How wide lines may be before the program wraps them.
const SIZE: Winsize = Winsize { ws_row: 50, ws_col: 160, ws_xpixel: 0, ws_ypixel: 0 };

/// The lab's end of it, which is read as that of a pipe is.
pub(super) struct Terminal(pipe::Receiver);

impl Terminal {
    /// A new one, with the end for the program.
    pub(super) fn open() -> io::Result<(Self, OwnedFd)> {
        let own = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&own)?;
        unlockpt(&own)?;
        let program = open(ptsname(&own, Vec::new())?, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        tcsetwinsize(&own, SIZE)?;
        ioctl_fionbio(&own, true)?;
        Ok((Self(pipe::Receiver::from_owned_fd_unchecked(own)?), program))
    }

    /// Reads what there is; 0 at the end, which is when nobody has the other end any more.
    pub(super) async fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into).await {
            // That is how Linux says it.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => Ok(0),
            read => read,
        }
    }
}

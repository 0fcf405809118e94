//! Closing a connection whose client is still sending.
//!
//! A socket that is closed with unread bytes in it resets the connection, and a reset destroys
//! what the client has not read yet: it would see a broken pipe and never the 413. So our side is
//! closed first, and what still comes is read and thrown away until the client closes too, within
//! bounds of time and bytes: a client that never ends gains a few seconds of a socket.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    net::TcpStream,
    time::Sleep,
};

/// The most that is thrown away: many times what any route takes, so that only a client that
/// sends without an end, and never listens, loses its answer.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// Read before the task lets others go on.
const BYTES_A_TURN: usize = 256 * 1024;

/// How far closing has come.
pub(super) struct Linger {
    patience: Duration,
    until: Option<Pin<Box<Sleep>>>,
    thrown_away: usize,
}

impl Linger {
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            patience,
            until: None,
            thrown_away: 0,
        }
    }

    /// Closes our side, then waits for the other's.
    pub(super) fn poll_close(
        &mut self,
        stream: &mut TcpStream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if self.until.is_none() {
            ready!(Pin::new(&mut *stream).poll_shutdown(context))?;
        }
        let until = self
            .until
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(self.patience)));
        let mut space = [0; 16 * 1024];
        let mut this_turn = 0;
        loop {
            if until.as_mut().poll(context).is_ready() || self.thrown_away >= MOST_BYTES {
                return Poll::Ready(Ok(()));
            }
            if this_turn >= BYTES_A_TURN {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let mut buffer = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
            let length = buffer.filled().len();
            if length == 0 {
                return Poll::Ready(Ok(()));
            }
            self.thrown_away += length;
            this_turn += length;
        }
    }
}

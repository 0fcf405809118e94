//! A request body that must end in time, and an answer body that knows when it has ended.

use super::connection::Busy;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use std::{
    future::Future as _,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::Sleep;

/// What a body must bring a second beyond the listener's patience: 512 kbit/s, an uplink of the
/// countryside. Ten mebibytes then have under three minutes, and whoever trickles wins no time.
const SLOWEST_BYTES_PER_SECOND: u32 = 64 * 1024;

/// The body did not arrive in time. Whoever reads a body finds it in the error's chain; the
/// listener turns the answer into 408 if the application has not.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the request body did not arrive in time")]
pub struct BodyTimedOut;

/// What became of a request's body.
#[derive(Debug, Clone, Default)]
pub(super) struct Fate(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    out_of_time: AtomicBool,
    given_up: AtomicBool,
}

impl Fate {
    /// It did not arrive in time.
    pub(super) fn out_of_time(&self) -> bool {
        self.0.out_of_time.load(Ordering::Relaxed)
    }

    /// The application read no further: more of it may be on its way.
    pub(super) fn given_up(&self) -> bool {
        self.0.given_up.load(Ordering::Relaxed)
    }
}

/// Reads `inner` until the time is over; what arrives earns a large body more of it. The timer is
/// only made when the body is not there yet: most webhooks arrive in one piece with their head.
pub(super) struct TimedBody {
    inner: Incoming,
    patience: Duration,
    /// What arrived before there was a deadline to move.
    earned: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
    /// A chunked body is known to have ended only by its last frame.
    ended: bool,
    fate: Fate,
}

impl TimedBody {
    pub(super) fn new(inner: Incoming, patience: Duration, fate: Fate) -> Self {
        Self {
            inner,
            patience,
            earned: Duration::ZERO,
            deadline: None,
            ended: false,
            fate,
        }
    }

    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        let over = self
            .deadline
            .as_mut()
            .is_some_and(|deadline| deadline.as_mut().poll(context).is_ready());
        if over {
            self.fate.0.out_of_time.store(true, Ordering::Relaxed);
        }
        over
    }

    fn earn(&mut self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let earned = Duration::from_secs(1) * bytes / SLOWEST_BYTES_PER_SECOND;
        match &mut self.deadline {
            Some(deadline) => {
                let later = deadline.deadline() + earned;
                deadline.as_mut().reset(later);
            }
            None => self.earned += earned,
        }
    }
}

impl Drop for TimedBody {
    fn drop(&mut self) {
        if !self.ended && !self.inner.is_end_stream() {
            self.fate.0.given_up.store(true, Ordering::Relaxed);
        }
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        // An armed deadline goes first: a body that trickles would otherwise always be ready.
        if self.deadline.is_some() && self.is_over(context) {
            return Poll::Ready(Some(Err(BodyTimedOut.into())));
        }
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Pending if self.deadline.is_none() => {
                self.deadline = Some(Box::pin(tokio::time::sleep(self.patience + self.earned)));
                // Polled once so that it wakes this task.
                if self.is_over(context) {
                    return Poll::Ready(Some(Err(BodyTimedOut.into())));
                }
                Poll::Pending
            }
            other => {
                self.ended |= matches!(other, Poll::Ready(None | Some(Err(_))));
                if let Poll::Ready(Some(Ok(frame))) = &other {
                    self.earn(frame.data_ref().map_or(0, Bytes::len));
                }
                other.map_err(Into::into)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An answer on its way. While it exists its connection is not idle.
pub(super) struct AnswerBody {
    inner: Body,
    _busy: Busy,
}

impl AnswerBody {
    pub(super) fn new(inner: Body, busy: Busy) -> Self {
        Self { inner, _busy: busy }
    }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

//! Reading a request body within its bounds: bytes, time and the memory of all bodies together.

use crate::rejection::Rejection;
use axum::{
    body::{Body, Bytes, HttpBody as _},
    http::{HeaderMap, header},
};
use bytes::BytesMut;
use frontdesk_process::listen::BodyTimedOut;
use http_body_util::BodyExt as _;
use std::error::Error;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Bodies up to this need no leave: nearly every webhook, so that no flood of larger ones keeps them out.
/// One address's 64 connections with 32 streams each hold 16 MiB so, and their heads no more than twice that.
const FREE: usize = 8 * 1024;
/// All larger bodies together: 64 of 1 MiB, or 21 of LiveKit's largest. A flood of honest ones is answered
/// 503 above it.
const LARGE_BODIES_KIB: usize = 64 * 1024;
/// The same for senders who prove nothing before their body has come, and whose real bodies are free.
const STRANGERS_BODIES_KIB: usize = 16 * 1024;

/// The memory that large bodies share.
pub(crate) struct Memory(Semaphore);

impl Memory {
    pub(crate) fn for_senders() -> Self {
        Self(Semaphore::new(LARGE_BODIES_KIB))
    }

    pub(crate) fn for_strangers() -> Self {
        Self(Semaphore::new(STRANGERS_BODIES_KIB))
    }
}

/// A body, and its share of the memory until it is dropped.
pub(crate) struct Received<'a> {
    pub(crate) bytes: Bytes,
    _share: Option<SemaphorePermit<'a>>,
}

/// Reads a body of at most `limit` bytes. Memory is taken as bytes arrive and not as they are
/// announced, so that announcing much and sending little blocks nobody else.
pub(crate) async fn read<'a>(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
    memory: &'a Memory,
) -> Result<Received<'a>, Rejection> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|announced| announced > limit as u64) {
        return Err(Rejection::TooLarge { limit });
    }
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    let mut share: Option<SemaphorePermit<'a>> = None;
    while let Some(frame) = body.frame().await {
        // A frame that is not data is a trailer, which no sender of ours uses.
        let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() else {
            continue;
        };
        let length = first.len() + all.len() + data.len();
        if length > limit {
            return Err(Rejection::TooLarge { limit });
        }
        reserve(memory, &mut share, length)?;
        if length == data.len() {
            if body.is_end_stream() {
                // The usual webhook: one frame, never copied.
                return Ok(Received {
                    bytes: data,
                    _share: share,
                });
            }
            first = data;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&data);
        }
    }
    let bytes = if all.is_empty() { first } else { all.freeze() };
    Ok(Received {
        bytes,
        _share: share,
    })
}

fn reserve<'a>(
    memory: &'a Memory,
    share: &mut Option<SemaphorePermit<'a>>,
    length: usize,
) -> Result<(), Rejection> {
    let held = share.as_ref().map_or(0, SemaphorePermit::num_permits);
    let wanted = length.saturating_sub(FREE).div_ceil(1024);
    if wanted <= held {
        return Ok(());
    }
    let more = u32::try_from(wanted - held).map_err(|_| Rejection::Busy)?;
    let permit = memory
        .0
        .try_acquire_many(more)
        .map_err(|_| Rejection::Busy)?;
    match share {
        Some(share) => share.merge(permit),
        None => *share = Some(permit),
    }
    Ok(())
}

fn broken(error: &axum::Error) -> Rejection {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<BodyTimedOut>() {
            return Rejection::TooSlow;
        }
        cause = error.source();
    }
    // A proxy that answers for a sender whose connection was cut would pass a 4xx on, and the
    // sender would take it as the end.
    Rejection::CutOff
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;

    fn body(chunks: &[&'static [u8]]) -> Body {
        let chunks: Vec<_> = chunks
            .iter()
            .map(|chunk| Ok::<_, std::io::Error>(Bytes::from_static(chunk)))
            .collect();
        Body::from_stream(stream::iter(chunks))
    }

    #[tokio::test]
    async fn chunks_are_put_together_up_to_the_limit_and_not_beyond() {
        let memory = Memory::for_senders();
        let headers = HeaderMap::new();
        let read = |chunks| read(&headers, body(chunks), 6, &memory);
        assert_eq!(read(&[b"abc", b"", b"def"]).await.unwrap().bytes, "abcdef");
        assert_eq!(read(&[]).await.unwrap().bytes, "");
        assert!(matches!(
            read(&[b"abcd", b"efg"]).await,
            Err(Rejection::TooLarge { limit: 6 })
        ));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_refused() {
        let broken = stream::iter([
            Ok(Bytes::from_static(b"{")),
            Err(std::io::Error::other("reset")),
        ]);
        let memory = Memory::for_senders();
        let rejection = read(&HeaderMap::new(), Body::from_stream(broken), 6, &memory)
            .await
            .err();
        assert!(matches!(rejection, Some(Rejection::CutOff)));
    }

    #[tokio::test]
    async fn large_bodies_share_a_bounded_memory_and_give_it_back() {
        let memory = Memory(Semaphore::new(100));
        let big: &'static [u8] = Box::leak(vec![b'x'; 80 * 1024].into_boxed_slice());
        let headers = HeaderMap::new();
        let held = read(&headers, body(&[big]), 1 << 20, &memory)
            .await
            .unwrap();
        assert!(matches!(
            read(&headers, body(&[big]), 1 << 20, &memory).await,
            Err(Rejection::Busy)
        ));
        drop(held);
        assert!(read(&headers, body(&[big]), 1 << 20, &memory).await.is_ok());
    }
}

//! Something a provider publishes, asked for once for everybody who waits for it.

use super::Trouble;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use tokio::sync::Mutex;

/// After a failure nobody waits for the same one again so soon.
const SPARED_FOR: TimeDelta = TimeDelta::seconds(5);

pub(super) struct Cached<T>(Mutex<Last<T>>);

struct Last<T> {
    known: Option<(DateTime<Utc>, Arc<T>)>,
    failed: Option<(DateTime<Utc>, Trouble)>,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self(Mutex::new(Last {
            known: None,
            failed: None,
        }))
    }
}

impl<T> Cached<T> {
    /// What is known and not too old, or what is asked for now.
    pub(super) async fn read(
        &self,
        no_older: TimeDelta,
        now: DateTime<Utc>,
        ask: impl AsyncFnOnce() -> Result<T, Trouble>,
    ) -> Result<Arc<T>, Trouble> {
        let mut last = self.0.lock().await;
        if let Some((since, known)) = &last.known
            && now - *since < no_older
        {
            return Ok(known.clone());
        }
        if let Some((since, trouble)) = last.failed
            && now - since < SPARED_FOR
        {
            return Err(trouble);
        }
        match ask().await {
            Ok(answer) => {
                let answer = Arc::new(answer);
                last.known = Some((now, answer.clone()));
                last.failed = None;
                Ok(answer)
            }
            Err(trouble) => {
                last.failed = Some((now, trouble));
                Err(trouble)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[tokio::test]
    async fn it_is_asked_for_when_it_is_old_and_spared_after_a_failure() {
        let cached = Cached::default();
        let hour = TimeDelta::hours(1);
        let known = cached.read(hour, at(0), async || Ok(1)).await;
        assert_eq!(known.unwrap(), 1.into());
        let known = cached
            .read(hour, at(3599), async || panic!("it is known"))
            .await;
        assert_eq!(known.unwrap(), 1.into());
        let failed = cached
            .read(hour, at(3600), async || Err(Trouble::Unavailable))
            .await;
        assert_eq!(failed.unwrap_err(), Trouble::Unavailable);
        let failed = cached
            .read(hour, at(3604), async || panic!("it is spared"))
            .await;
        assert_eq!(failed.unwrap_err(), Trouble::Unavailable);
        assert_eq!(
            cached.read(hour, at(3605), async || Ok(2)).await.unwrap(),
            2.into()
        );
    }
}

//! No account takes all sessions of PostgreSQL: its requests wait for one another before they wait for
//! a session. Without this, one program that asks hard questions all at once would leave everybody else
//! with "come again", and the process would look ill.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// Who has a turn, and how many an account may have at once.
#[derive(Debug)]
pub(super) struct Turns {
    each: usize,
    /// Of those who have or await one.
    accounts: Mutex<HashMap<Uuid, Arc<Semaphore>>>,
}

/// May use a session; given back when dropped.
#[derive(Debug)]
pub(super) struct Turn {
    permit: Option<OwnedSemaphorePermit>,
    account: Uuid,
    turns: Arc<Turns>,
}

impl Turns {
    pub(super) fn of(each: usize) -> Arc<Self> {
        Arc::new(Self {
            each: each.max(1),
            accounts: Mutex::default(),
        })
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// As when no session is free in time.
    pub(super) async fn take(
        self: &Arc<Self>,
        account: Uuid,
        patience: Duration,
    ) -> sqlx::Result<Turn> {
        let semaphore = self
            .accounts()
            .entry(account)
            .or_insert_with(|| Arc::new(Semaphore::new(self.each)))
            .clone();
        let permit = tokio::time::timeout(patience, semaphore.acquire_owned())
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)?
            .expect("these semaphores are never closed");
        Ok(Turn {
            permit: Some(permit),
            account,
            turns: self.clone(),
        })
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Semaphore>>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut accounts = self.turns.accounts();
        self.permit = None;
        // Whoever waits holds the semaphore too.
        let is_last = |semaphore: &Arc<Semaphore>| Arc::strong_count(semaphore) == 1;
        if accounts.get(&self.account).is_some_and(is_last) {
            accounts.remove(&self.account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(1);
    const ADA: Uuid = Uuid::from_u128(1);
    const BOB: Uuid = Uuid::from_u128(2);

    #[tokio::test(start_paused = true)]
    async fn one_account_waits_for_itself_and_nobody_else_does() {
        let turns = Turns::of(2);
        let _first = turns.take(ADA, SOON).await.unwrap();
        let second = turns.take(ADA, SOON).await.unwrap();
        assert!(turns.take(ADA, SOON).await.is_err());
        assert!(turns.take(BOB, SOON).await.is_ok());
        drop(second);
        assert!(turns.take(ADA, SOON).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_kept_of_who_is_done() {
        let turns = Turns::of(1);
        let first = turns.take(ADA, SOON).await.unwrap();
        let waiting = tokio::spawn({
            let turns = turns.clone();
            async move { turns.take(ADA, Duration::from_secs(1)).await.map(drop) }
        });
        tokio::task::yield_now().await;
        drop(first);
        waiting.await.unwrap().unwrap();
        assert!(turns.accounts().is_empty());
    }
}

//! Credentials that come while others are being looked up are looked up together, next: under load one
//! statement lets many requests in. Each lookup begins after it was asked for, so whoever was signed out a
//! moment before is seen to be, as by a lookup of their own. Nothing is kept afterwards.

use crate::problem::Problem;
use futures::future::BoxFuture;
use std::{
    collections::{HashMap, HashSet},
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::oneshot;

/// How long a lookup may take: longer than a statement may, and the wait for a session before it.
const PATIENCE: Duration = Duration::from_secs(8);

/// What was found, by what was looked for.
pub(super) type Found<K, V> = Result<HashMap<K, V>, Problem>;

/// Those who look for something of one kind.
#[derive(Debug)]
pub(super) struct Together<K, V>(Arc<Mutex<Line<K, V>>>);

#[derive(Debug)]
struct Line<K, V> {
    waiting: Vec<Asker<K, V>>,
    is_read: bool,
}

type Asker<K, V> = (K, oneshot::Sender<Result<Option<V>, Problem>>);

impl<K, V> Clone for Together<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> Default for Together<K, V> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Line {
            waiting: Vec::new(),
            is_read: false,
        })))
    }
}

impl<K, V> Together<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    /// What there is under this key. `read` looks for all keys it is given, each once, and begins after this
    /// call, whoever runs it; it goes on when its asker hangs up, for the others.
    pub(super) async fn ask<R, F>(&self, key: K, read: R) -> Result<Option<V>, Problem>
    where
        R: Fn(Vec<K>) -> F + Send + 'static,
        F: Future<Output = Found<K, V>> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        if self.is_first(key, tell) {
            let reading: BoxFuture<'static, ()> = Box::pin(self.clone().answer(read));
            tokio::spawn(reading);
        }
        // The sender is dropped unused only when `read` panicked, which the runtime has logged.
        told.await.unwrap_or_else(|_| Err(Problem::internal()))
    }

    /// Stands in line; true when nobody reads for those who stand there.
    fn is_first(&self, key: K, tell: oneshot::Sender<Result<Option<V>, Problem>>) -> bool {
        let mut line = self.line();
        line.waiting.push((key, tell));
        !std::mem::replace(&mut line.is_read, true)
    }

    async fn answer<R, F>(self, read: R)
    where
        R: Fn(Vec<K>) -> F + Send + 'static,
        F: Future<Output = Found<K, V>> + Send + 'static,
    {
        let reader = Reader(&self);
        loop {
            let askers = reader.take();
            if askers.is_empty() {
                return;
            }
            let keys: HashSet<K> = askers.iter().map(|(key, _)| key.clone()).collect();
            let read = read(keys.into_iter().collect());
            // A session that hangs must not keep everybody out: the next lookup takes another.
            let found = tokio::time::timeout(PATIENCE, read)
                .await
                .unwrap_or_else(|_| Err(Problem::unavailable("the database does not answer")));
            for (key, tell) in askers {
                // Whoever hung up does not mind.
                let _ = tell.send(match &found {
                    Ok(found) => Ok(found.get(&key).cloned()),
                    Err(problem) => Err(problem.clone()),
                });
            }
        }
    }
}

impl<K, V> Together<K, V> {
    fn line(&self) -> MutexGuard<'_, Line<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever reads for the others. When a read panics they are let go: they would else wait for ever.
struct Reader<'a, K, V>(&'a Together<K, V>);

impl<K, V> Reader<'_, K, V> {
    /// Who stands in line now; nobody ends the reading, under the same lock under which others join.
    fn take(&self) -> Vec<Asker<K, V>> {
        let mut line = self.0.line();
        line.is_read = !line.waiting.is_empty();
        std::mem::take(&mut line.waiting)
    }
}

impl<K, V> Drop for Reader<'_, K, V> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut line = self.0.line();
            line.is_read = false;
            line.waiting.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{sync::Semaphore, task::JoinHandle};

    type Numbers = Together<u32, usize>;
    type Told = Result<Option<usize>, Problem>;

    /// Lookups that wait to be let, each remembered; even numbers are found, with the number of the lookup.
    #[derive(Clone)]
    struct Table {
        gate: Arc<Semaphore>,
        lookups: Arc<Mutex<Vec<Vec<u32>>>>,
    }

    impl Table {
        fn new() -> Self {
            Self {
                gate: Arc::new(Semaphore::new(0)),
                lookups: Arc::default(),
            }
        }

        fn ask(&self, numbers: &Numbers, number: u32) -> JoinHandle<Told> {
            let (numbers, table) = (numbers.clone(), self.clone());
            let read = move |keys: Vec<u32>| table.clone().look(keys);
            tokio::spawn(async move { numbers.ask(number, read).await })
        }

        async fn look(self, mut keys: Vec<u32>) -> Found<u32, usize> {
            keys.sort_unstable();
            let nth = {
                let mut lookups = self.lookups.lock().unwrap();
                lookups.push(keys.clone());
                lookups.len()
            };
            self.gate.acquire().await.unwrap().forget();
            if keys.contains(&13) {
                return Err(Problem::unavailable("the table is away"));
            }
            assert!(!keys.contains(&99), "a mistake in the lookup");
            Ok(keys
                .into_iter()
                .filter(|key| key.is_multiple_of(2))
                .map(|key| (key, nth))
                .collect())
        }

        fn lookups(&self) -> Vec<Vec<u32>> {
            self.lookups.lock().unwrap().clone()
        }

        async fn has_begun(&self, lookups: usize) {
            while self.lookups().len() < lookups {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn stand_in_line(numbers: &Numbers, how_many: usize) {
        while numbers.line().waiting.len() < how_many {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn whoever_asks_during_a_lookup_is_answered_by_the_next_one_with_all_others() {
        let (numbers, table) = (Numbers::default(), Table::new());
        let first = table.ask(&numbers, 2);
        table.has_begun(1).await;
        let late: Vec<_> = [2, 4, 4, 5].map(|key| table.ask(&numbers, key)).into();
        stand_in_line(&numbers, 4).await;
        table.gate.add_permits(2);
        assert_eq!(first.await.unwrap().unwrap(), Some(1));
        let mut told = Vec::new();
        for asker in late {
            told.push(asker.await.unwrap().unwrap());
        }
        assert_eq!(told, [Some(2), Some(2), Some(2), None]);
        assert_eq!(table.lookups(), [vec![2], vec![2, 4, 5]]);
    }

    #[tokio::test]
    async fn who_hangs_up_takes_nothing_from_the_others() {
        let (numbers, table) = (Numbers::default(), Table::new());
        let first = table.ask(&numbers, 2);
        table.has_begun(1).await;
        let second = table.ask(&numbers, 4);
        stand_in_line(&numbers, 1).await;
        first.abort();
        table.gate.add_permits(2);
        assert_eq!(second.await.unwrap().unwrap(), Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lookup_that_hangs_keeps_nobody_out_for_long() {
        let (numbers, table) = (Numbers::default(), Table::new());
        let hanging = table.ask(&numbers, 2);
        table.has_begun(1).await;
        let next = table.ask(&numbers, 4);
        stand_in_line(&numbers, 1).await;
        assert_eq!(hanging.await.unwrap().unwrap_err().status(), 503);
        table.has_begun(2).await;
        table.gate.add_permits(1);
        assert_eq!(next.await.unwrap().unwrap(), Some(2));
    }

    #[tokio::test]
    async fn a_lookup_that_fails_or_panics_is_an_answer_and_the_next_one_is_fresh() {
        let (numbers, table) = (Numbers::default(), Table::new());
        for (nth, (key, status)) in [(13, 503), (99, 500)].into_iter().enumerate() {
            let failing = table.ask(&numbers, key);
            table.has_begun(2 * nth + 1).await;
            table.gate.add_permits(1);
            let problem = failing.await.unwrap().unwrap_err();
            assert_eq!(problem.status(), status);
            let fresh = table.ask(&numbers, 2);
            table.gate.add_permits(1);
            assert_eq!(fresh.await.unwrap().unwrap(), Some(2 * nth + 2));
        }
    }
}

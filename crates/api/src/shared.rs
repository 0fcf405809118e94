//! Equal questions asked at the same time get one answer.
//!
//! After every change all open dashboards of a user ask the same again, within the same few
//! milliseconds. While one read is on its way the next askers gather, and one read that begins
//! after all of them answers them all: the same thing ingest does with writes. Nothing is kept
//! afterwards, so an answer is never older than its question.

use crate::problem::Problem;
use bytes::Bytes;
use futures::future::BoxFuture;
use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex},
};
use tokio::sync::oneshot;

/// What everybody who asked is told: JSON, or why not.
pub(crate) type Told = Result<Bytes, Problem>;

/// The questions that are being answered, by what makes two of them equal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<HashMap<String, Vec<oneshot::Sender<Told>>>>>);

impl Shared {
    /// Asks. `key` must hold everything the answer depends on, the viewer included. `read` begins
    /// after this call, whoever runs it; it goes on when its asker hangs up, for the others.
    pub(crate) async fn ask<R, F>(&self, key: String, read: R) -> Told
    where
        R: Fn() -> F + Send + 'static,
        F: Future<Output = Told> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let first = {
            let mut open = self.open();
            match open.get_mut(&key) {
                Some(gathering) => {
                    gathering.push(tell);
                    false
                }
                None => {
                    open.insert(key.clone(), vec![tell]);
                    true
                }
            }
        };
        if first {
            // Boxed, so that the runtime's part of it is compiled once and not for each question.
            let answering: BoxFuture<'static, ()> = Box::pin(self.clone().answer(key, read));
            tokio::spawn(answering);
        }
        // The sender is dropped unused only when `read` panicked, which the runtime has logged.
        told.await.unwrap_or_else(|_| Err(Problem::internal()))
    }

    async fn answer<R, F>(self, key: String, read: R)
    where
        R: Fn() -> F + Send + 'static,
        F: Future<Output = Told> + Send + 'static,
    {
        let forget = Forget {
            shared: &self,
            key: &key,
        };
        loop {
            let askers = forget.gathered();
            if askers.is_empty() {
                return;
            }
            let told = read().await;
            for asker in askers {
                // Whoever hung up does not mind.
                let _ = asker.send(told.clone());
            }
        }
    }

    fn open(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<oneshot::Sender<Told>>>> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

/// Takes the key out when its questions are answered, and also when a read panics: askers would
/// otherwise gather there for ever.
struct Forget<'a> {
    shared: &'a Shared,
    key: &'a str,
}

impl Forget<'_> {
    /// Who gathered meanwhile; nobody ends it, under the same lock under which others join.
    fn gathered(&self) -> Vec<oneshot::Sender<Told>> {
        let mut open = self.shared.open();
        let askers = open
            .get_mut(self.key)
            .map(std::mem::take)
            .unwrap_or_default();
        if askers.is_empty() {
            open.remove(self.key);
        }
        askers
    }
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shared.open().remove(self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::Semaphore;

    /// A read that counts itself and ends when it is let.
    fn read(
        count: &Arc<AtomicUsize>,
        gate: &Arc<Semaphore>,
    ) -> impl Fn() -> futures::future::BoxFuture<'static, Told> + Send + 'static {
        let (count, gate) = (Arc::clone(count), Arc::clone(gate));
        move || {
            let (count, gate) = (Arc::clone(&count), Arc::clone(&gate));
            Box::pin(async move {
                let number = count.fetch_add(1, Ordering::SeqCst);
                gate.acquire().await.unwrap().forget();
                Ok(Bytes::from(number.to_string()))
            })
        }
    }

    #[tokio::test]
    async fn whoever_asks_during_a_read_is_answered_by_the_next_one() {
        let (shared, count, gate) = (
            Shared::default(),
            Arc::default(),
            Arc::new(Semaphore::new(0)),
        );
        let ask = |key: &str| {
            tokio::spawn({
                let (shared, key, read) = (shared.clone(), key.to_owned(), read(&count, &gate));
                async move { shared.ask(key, read).await.unwrap() }
            })
        };
        let first = ask("a");
        while count.load(Ordering::SeqCst) < 1 {
            tokio::task::yield_now().await;
        }
        let late: Vec<_> = (0..5).map(|_| ask("a")).collect();
        while shared.open().get("a").map_or(0, Vec::len) < 5 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(2);
        assert_eq!(
            first.await.unwrap(),
            "0",
            "it was under way before the others asked"
        );
        for asker in late {
            assert_eq!(asker.await.unwrap(), "1");
        }
        let other = ask("b");
        gate.add_permits(1);
        assert_eq!(other.await.unwrap(), "2");
        while !shared.open().is_empty() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_read_that_panics_is_an_answer_and_not_a_trap() {
        let shared = Shared::default();
        for _ in 0..2 {
            let told = shared
                .ask("a".into(), || async {
                    panic!("a mistake of the handler's")
                })
                .await;
            assert_eq!(told.unwrap_err().status(), 500);
        }
    }
}

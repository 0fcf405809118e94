//! Waiting for a condition with a deadline, instead of sleeping and hoping.

use frontdesk_process::clock;
use std::time::Duration;

/// Long enough for a loaded two-core machine; a passing test never waits for it.
const DEADLINE: Duration = Duration::from_secs(30);

/// Asks until the answer is `Some`, and panics with `what` when half a minute has passed.
pub async fn eventually<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    within(ask)
        .await
        .unwrap_or_else(|| panic!("still waiting after {DEADLINE:?}: {what}"))
}

/// Asks until the answer is `Some`; `None` when half a minute has passed.
pub async fn within<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let start = clock::monotonic();
    loop {
        if let Some(answer) = ask().await {
            return Some(answer);
        }
        if start.elapsed() >= DEADLINE {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

//! Readiness: what each role depends on, and why it is not ready.
//!
//! A role reports; nobody polls a dependency from a health request, so a probe can neither load
//! a dependency nor hang on one.

use crate::insiders::Insiders;
use axum::{
    Json, Router,
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// One thing a role needs, as last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// Whether it is as it must be.
    pub ok: bool,
    /// Why not, in one line; empty while it is.
    pub why: String,
}

/// A condition as everybody may see it.
#[derive(Debug, Serialize)]
struct Bare {
    ok: bool,
}

/// Where roles report their conditions. Cheap to clone. A condition that was never reported is
/// not there, so a role declares its own with [`Health::declare`] before it starts.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<BTreeMap<String, Condition>>>);

impl Health {
    /// Announces a condition as "starting", not ready.
    pub fn declare(&self, name: &str) {
        self.set(name, false, "starting");
    }

    /// The condition holds.
    pub fn ok(&self, name: &str) {
        self.set(name, true, "");
    }

    /// It holds, and this is wrong beside it: whoever may look inside sees it, and the process stays ready.
    pub fn remark(&self, name: &str, why: &str) {
        self.set(name, true, why);
    }

    /// It does not, and this is why.
    pub fn not_ok(&self, name: &str, why: &str) {
        self.set(name, false, why);
    }

    fn set(&self, name: &str, ok: bool, why: &str) {
        let mut conditions = self
            .0
            .lock()
            .expect("nothing panics while it holds this lock");
        let new = Condition {
            ok,
            why: why.to_owned(),
        };
        let old = conditions.insert(name.to_owned(), new.clone());
        if old.as_ref() != Some(&new) {
            tracing::info!(condition = name, ok, why, "health changed");
        }
    }

    /// All conditions by name.
    #[must_use]
    pub fn conditions(&self) -> BTreeMap<String, Condition> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
            .clone()
    }

    /// Whether every condition holds.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.conditions().values().all(|condition| condition.ok)
    }

    /// `/healthz` (the process answers), `/readyz` (200 or 503, each condition by name). The reasons name
    /// machines and are for insiders.
    pub fn router(&self, insiders: Insiders) -> Router {
        let health = self.clone();
        let ready = move |request: Request| async move {
            health.answer(insiders.admit(request.extensions(), request.headers()))
        };
        Router::new()
            .route("/healthz", get(async || "ok\n"))
            .route("/readyz", get(ready))
    }

    fn answer(&self, with_reasons: bool) -> Response {
        let conditions = self.conditions();
        let is_ready = conditions.values().all(|condition| condition.ok);
        let status = if is_ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        if with_reasons {
            return (status, Json(conditions)).into_response();
        }
        let bare: BTreeMap<_, _> = conditions
            .into_iter()
            .map(|(name, Condition { ok, .. })| (name, Bare { ok }))
            .collect();
        (status, Json(bare)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broken_condition_makes_the_process_unready() {
        let health = Health::default();
        health.declare("postgres");
        health.ok("nats");
        assert!(!health.is_ready());
        health.ok("postgres");
        assert!(health.is_ready());
        health.not_ok("nats", "disconnected");
        assert_eq!(health.conditions()["nats"].why, "disconnected");
        health.remark("mail", "refused");
        assert!(health.conditions()["mail"].ok);
        assert!(!health.is_ready());
    }
}

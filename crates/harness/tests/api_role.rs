//! The API against real streams, a real projector and a real database. Everything is arranged by
//! publishing events; only accounts, which have no events yet, are written to their tables.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    clippy::too_many_lines,
    reason = "a test fails by panicking; json!(…) reads better without a reference; a table of cases is long"
)]

#[path = "api/authenticator.rs"]
mod authenticator;
#[path = "api/browser.rs"]
mod browser;
#[path = "api/contract.rs"]
mod contract;
#[path = "api/desk.rs"]
mod desk;
#[path = "api/impostor.rs"]
mod impostor;
#[path = "api/person.rs"]
mod person;
#[path = "api/stage.rs"]
mod stage;
#[path = "api/story.rs"]
mod story;

#[path = "api/admin.rs"]
mod admin;
#[path = "api/answering.rs"]
mod answering;
#[path = "api/audit.rs"]
mod audit;
#[path = "api/auth_login.rs"]
mod auth_login;
#[path = "api/auth_password.rs"]
mod auth_password;
#[path = "api/auth_provider.rs"]
mod auth_provider;
#[path = "api/auth_sandbox.rs"]
mod auth_sandbox;
#[path = "api/auth_sessions.rs"]
mod auth_sessions;
#[path = "api/auth_signup.rs"]
mod auth_signup;
#[path = "api/auth_tokens.rs"]
mod auth_tokens;
#[path = "api/auth_totp.rs"]
mod auth_totp;
#[path = "api/billing.rs"]
mod billing;
#[path = "api/call_history.rs"]
mod call_history;
#[path = "api/calls.rs"]
mod calls;
#[path = "api/calls_csv.rs"]
mod calls_csv;
#[path = "api/certified.rs"]
mod certified;
#[path = "api/client_figures.rs"]
mod client_figures;
#[path = "api/client_history.rs"]
mod client_history;
#[path = "api/client_numbers.rs"]
mod client_numbers;
#[path = "api/clients.rs"]
mod clients;
#[path = "api/dead_letters.rs"]
mod dead_letters;
#[path = "api/edge.rs"]
mod edge;
#[path = "api/exports.rs"]
mod exports;
#[path = "api/freshness.rs"]
mod freshness;
#[path = "api/given_up.rs"]
mod given_up;
#[path = "api/hangup.rs"]
mod hangup;
#[path = "api/headers.rs"]
mod headers;
#[path = "api/health.rs"]
mod health;
#[path = "api/keys.rs"]
mod keys;
#[path = "api/leaving.rs"]
mod leaving;
#[path = "api/live.rs"]
mod live;
#[path = "api/live_ends.rs"]
mod live_ends;
#[path = "api/members.rs"]
mod members;
#[path = "api/one_call.rs"]
mod one_call;
#[path = "api/queries.rs"]
mod queries;
#[path = "api/revenue.rs"]
mod revenue;
#[path = "api/schemathesis.rs"]
mod schemathesis;
#[path = "api/search.rs"]
mod search;
#[path = "api/stats.rs"]
mod stats;
#[path = "api/swap.rs"]
mod swap;
#[path = "api/tenants.rs"]
mod tenants;
#[path = "api/users.rs"]
mod users;
#[path = "api/voice_samples.rs"]
mod voice_samples;
#[path = "api/walk.rs"]
mod walk;
#[path = "api/web.rs"]
mod web;

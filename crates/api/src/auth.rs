//! People proving who they are.
//!
//! Everything here comes before there is a viewer, or changes what makes one, so it goes through
//! [`Database::auth`](crate::viewer::Database::auth): the role that sees credentials and nothing of a
//! tenant's. It refuses to tell whether an address has an account: status, body, headers, cookies and
//! the work done are the same for known and unknown ones.
//!
//! Reading order: [`signup`] and [`verify`] (no account before its address is proven), [`login`] with
//! [`hashing`], [`failures`] and [`second_factor`], [`entry`] (a session begins), [`me`] (what a
//! signed-in person is told), [`sessions`], [`account`], [`prove`], [`totp`], [`password`], [`provider`]
//! with [`second_step`] and [`identities`], [`token`] with [`access`] (programs), [`offer`], [`sweep`].

pub(crate) mod access;
pub mod account;
mod entry;
mod failures;
mod guessable;
mod hashing;
pub mod identities;
pub mod jwt;
pub mod login;
pub mod me;
pub mod offer;
pub mod password;
pub mod prove;
pub mod provider;
mod sealed;
pub(crate) mod second_factor;
pub mod second_step;
pub mod sessions;
pub mod signup;
pub(crate) mod sweep;
pub mod token;
pub mod totp;
pub mod verify;

pub(crate) use hashing::Hasher;

//! People proving who they are.
//!
//! Everything here comes before there is a viewer, or changes what makes one, so it goes through
//! [`Database::auth`](crate::viewer::Database::auth): the role that sees credentials and nothing of a
//! tenant's. It refuses to tell whether an address has an account: status, body, headers, cookies and
//! the work done are the same for known and unknown ones.
//!
//! Reading order: [`me`] (what a signed-in person is told), [`second_factor`] and
//! [`totp`].

pub mod me;
pub(crate) mod second_factor;
pub mod totp;

//! The sandbox's services as others meet them: the mailbox with a real mail client, the login
//! providers with a real OAuth client, all over HTTP and SMTP.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod github;
mod google;
mod mailbox;
mod pages;
mod sign_in;
mod stand;

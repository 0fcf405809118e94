//! What people decide about themselves: profile, address, a copy of all that is kept, leaving.
//!
//! It is about the person who is signed in, whoever's account they look at; the export is about the
//! account and its owner's alone. Credentials are the business of [`auth`](crate::auth).
//!
//! Reading order: [`profile`], [`email`], [`export`], [`leaving`] (asked for), [`ending`] (done),
//! [`operator`].

pub mod email;
pub mod ending;
pub mod export;
pub mod leaving;
pub mod operator;
pub mod profile;

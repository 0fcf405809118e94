//! Running the service: every user and client, who may do what, and the record of acts.
//!
//! Every handler takes an [`Administrator`], which nobody else can have, before it looks at anything a
//! request says. So to everybody else all of these paths answer the same, whatever stands in them.
//!
//! Reading order: here, [`users`] (all), [`person`] (one), [`standing`] (suspend, promote and back),
//! [`clients`], [`acts`], [`health`], [`dead_letters`], [`revenue`].

pub mod acts;
pub mod clients;
pub mod dead_letters;
pub mod health;
pub mod person;
pub mod revenue;
pub mod standing;
pub mod users;

use crate::{
    Api,
    problem::Problem,
    viewer::{Right, Viewer},
};
use axum::{extract::FromRequestParts, http::request::Parts};

/// A viewer who runs the service, acting as one.
#[derive(Debug, Clone)]
pub struct Administrator(pub(crate) Viewer);

impl FromRequestParts<Api> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let viewer = Viewer::from_request_parts(parts, api).await?;
        viewer.require(Right::Administrate)?;
        Ok(Self(viewer))
    }
}

/// The largest page of a list.
const LARGEST_LIMIT: i64 = 100;
/// What is asked for without `limit`.
const USUAL_LIMIT: i64 = 50;

/// What somebody looks for: a part of a name, an address, a number.
fn part(text: &str) -> Result<String, String> {
    let part = text.trim();
    match part.chars().count() {
        1..=100 => Ok(part.to_owned()),
        _ => Err("must have 1 to 100 characters".into()),
    }
}

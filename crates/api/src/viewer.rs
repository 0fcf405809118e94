//! Who is asking, and the only way to a database connection for them.
//!
//! A handler cannot read a row without a [`Viewer`], and a viewer comes only from a request's
//! credentials. Today there is one kind: whoever holds the development token, who sees every
//! user's rows. Logged-in users join [`Scope`]; the read methods are where their id goes into
//! the transaction for row-level security, so no handler changes then.

mod database;

pub(crate) use database::Reading;
pub use database::{Database, Plan};

use crate::{Api, config::Access, dev_session, problem::Problem};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, Uri, header, request::Parts},
};
use sqlx::PgConnection;

/// Someone whose credentials were checked.
#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    scope: Scope,
}

/// What a viewer may see.
#[derive(Debug, Clone, Copy)]
enum Scope {
    /// Every user's rows: the development token.
    Everything,
}

/// How a request proved itself.
enum Credential<'a> {
    /// The header `Authorization`, which no page of another site can send.
    Bearer(&'a str),
    /// The cookie of the dashboard, which the browser sends by itself.
    Cookie(&'a str),
}

impl FromRequestParts<Api> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        Self::from_request(api.access(), &parts.method, &parts.headers)
    }
}

impl Viewer {
    fn from_request(
        access: &Access,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Self, Problem> {
        let credential = bearer(headers).map(Credential::Bearer);
        let credential =
            credential.or_else(|| dev_session::cookie(headers).map(Credential::Cookie));
        let (presented, by_cookie) = match credential.ok_or_else(Problem::unauthorised)? {
            Credential::Bearer(token) => (token, false),
            Credential::Cookie(token) => (token, true),
        };
        if !access.admits(presented) {
            return Err(Problem::unauthorised());
        }
        if by_cookie && !method.is_safe() && !is_same_origin(access, headers) {
            return Err(Problem::cross_site());
        }
        Ok(Self {
            scope: Scope::Everything,
        })
    }

    /// What makes two requests the same question: who asks, and what.
    pub(crate) fn question(&self, uri: &Uri) -> String {
        format!("{:?} {uri}", self.scope)
    }

    /// Reads for this viewer what is `wanted`; `query` may run twice, and runs to its end (see
    /// [`Database::read`]).
    ///
    /// # Errors
    /// The problem to answer with.
    pub(crate) async fn read<A, T, Q>(
        &self,
        database: &Database,
        plan: Plan,
        wanted: A,
        query: Q,
    ) -> Result<T, Problem>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        Q: for<'c> Fn(&'c mut PgConnection, &'c A) -> Reading<'c, T> + Send + Sync + 'static,
    {
        match self.scope {
            Scope::Everything => Ok(database.read(plan, wanted, query).await?),
        }
    }
}

/// The token of `Authorization: Bearer …`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether the browser says that a page of ours sent this. A client that says nothing is not a
/// browser of today, and has no business with a cookie.
fn is_same_origin(access: &Access, headers: &HeaderMap) -> bool {
    if headers
        .get("sec-fetch-site")
        .is_some_and(|site| site == "same-origin")
    {
        return true;
    }
    headers
        .get(header::ORIGIN)
        .is_some_and(|origin| origin == access.origin.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ApiArgs;

    #[test]
    fn a_cookie_changes_something_only_from_our_own_pages() {
        let args = ApiArgs {
            api_listen: ([127, 0, 0, 1], 0).into(),
            public_url: "http://localhost:8080".parse().unwrap(),
            cors_origins: Vec::new(),
            dev_token: Some("t".to_owned().into()),
            web_dir: None,
        };
        let access = Access::check(&args).unwrap();
        let admitted = |method: Method, pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            let headers: HeaderMap = pairs
                .collect::<Vec<(header::HeaderName, header::HeaderValue)>>()
                .into_iter()
                .collect();
            Viewer::from_request(&access, &method, &headers)
                .map_or_else(|problem| problem.status().as_u16(), |_| 200)
        };
        let cookie = ("cookie", "frontdesk_dev=t");
        assert_eq!(
            admitted(Method::GET, &[cookie, ("sec-fetch-site", "cross-site")]),
            200,
            "reading changes nothing"
        );
        for own in [
            ("sec-fetch-site", "same-origin"),
            ("origin", "http://localhost:8080"),
        ] {
            assert_eq!(admitted(Method::POST, &[cookie, own]), 200);
        }
        for foreign in [
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "none"),
            ("origin", "http://localhost:8081"),
            ("origin", "null"),
            ("referer", "http://localhost:8080/"),
        ] {
            assert_eq!(
                admitted(Method::DELETE, &[cookie, foreign]),
                403,
                "{foreign:?}"
            );
        }
        assert_eq!(
            admitted(
                Method::POST,
                &[
                    ("authorization", "Bearer t"),
                    ("origin", "https://x.example")
                ]
            ),
            200
        );
        assert_eq!(
            admitted(Method::GET, &[("authorization", "Bearer x"), cookie]),
            401,
            "the header goes before"
        );
    }
}

//! `/api/dev/session`: the development token as a cookie, because a browser's `EventSource`
//! cannot send headers. It exists only where the token does: on a loopback address.

use crate::{
    Api,
    problem::{Problem, SessionProblems},
    viewer::{Viewer, bearer},
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};

const NAME: &str = "frontdesk_dev";

/// A week: long enough not to be asked daily, and the end of any session by the rules for logins.
const SECONDS: u32 = 7 * 24 * 3600;

/// The token in the cookie, if there is one.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='))
}

/// Puts the token of the header into a cookie.
#[utoipa::path(
    post, operation_id = "open_dev_session", path = "/api/dev/session", tag = "session",
    responses(
        (status = 204, description = "The cookie is set", headers(("set-cookie" = String))),
        SessionProblems
    ),
    security(("token" = []))
)]
pub async fn open(
    State(api): State<Api>,
    _: Viewer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // The cookie itself does not open a session: only the header proves that no other page asks.
    let token = bearer(&headers)
        .filter(|token| api.access().admits(token))
        .ok_or_else(Problem::unauthorised)?;
    Ok(answer(api.access().https, token, SECONDS))
}

/// Takes the cookie away.
#[utoipa::path(
    delete, operation_id = "close_dev_session", path = "/api/dev/session", tag = "session",
    responses((status = 204, description = "The cookie is gone", headers(("set-cookie" = String)))),
    security(())
)]
pub async fn close(State(api): State<Api>) -> Response {
    answer(api.access().https, "", 0)
}

fn answer(https: bool, token: &str, seconds: u32) -> Response {
    let secure = if https { "; Secure" } else { "" };
    let cookie =
        format!("{NAME}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    let cookie = HeaderValue::from_str(&cookie).expect("the token was checked to fit a header");
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let headers = |line: &'static str| {
            HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(line))])
        };
        assert_eq!(
            cookie(&headers("a=b; frontdesk_dev=t0k=n; c=d")),
            Some("t0k=n")
        );
        assert_eq!(cookie(&headers("frontdesk_dev2=x; xfrontdesk_dev=y")), None);
        assert_eq!(cookie(&HeaderMap::new()), None);
    }
}

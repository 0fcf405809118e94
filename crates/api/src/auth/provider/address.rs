//! A log-in is kept where the browser began it, and read where the provider sends the browser back to. Whoever
//! came by another name of this machine begins at the one that providers know.

use crate::config::Access;
use axum::http::{HeaderMap, Uri, header};

/// Where to begin instead; nothing when it is here.
pub(super) fn elsewhere(access: &Access, uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let host = match uri.authority() {
        Some(authority) => authority.as_str(),
        None => headers.get(header::HOST)?.to_str().ok()?,
    };
    let scheme = if access.https { "https" } else { "http" };
    let here = format!("{scheme}://{host}");
    let path = uri.path_and_query()?;
    (here != access.origin && access.is_own(&here)).then(|| format!("{}{path}", access.origin))
}

//! Where a browser goes when it is signed in: a page of ours, whatever an address says.

use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded::Serializer};

/// No page of ours has a longer address.
const LONGEST: usize = 400;

/// A page of ours: path, query and fragment, in ASCII.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReturnTo(String);

impl Default for ReturnTo {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl ReturnTo {
    /// Where logins are linked and unlinked.
    pub(super) fn security() -> Self {
        Self("/settings/security".to_owned())
    }

    /// Takes a path of ours and nothing that a browser would take for another address.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let refused = || "must be a path of this dashboard like /calls".to_owned();
        let is_plain = text.starts_with('/')
            && text.len() <= LONGEST
            && !text.contains('\\')
            && !text.chars().any(char::is_control);
        // Parsed as a browser does, on a host that is surely not the one it could leave for.
        let here = Url::parse("https://frontdesk.invalid").map_err(|_| refused())?;
        let page = here.join(text).ok().filter(|page| {
            is_plain && page.origin() == here.origin() && !page.path().starts_with("//")
        });
        let page = page.ok_or_else(refused)?;
        let is_api = page.path() == "/api" || page.path().starts_with("/api/");
        let kept = page[url::Position::BeforePath..].to_owned();
        if is_api || kept.len() > 3 * LONGEST {
            return Err(refused());
        }
        Ok(Self(kept))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A page of ours with these parameters. Coming back to the first page needs no telling.
pub(super) fn with(page: &str, pairs: &[(&str, &str)]) -> String {
    let told = pairs.iter().filter(|pair| **pair != ("return_to", "/"));
    let query = Serializer::new(String::new()).extend_pairs(told).finish();
    format!("{page}?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_ours_are_kept() {
        for (text, kept) in [
            ("/", "/"),
            (
                "/calls?status=answered&from=2026-01-01",
                "/calls?status=answered&from=2026-01-01",
            ),
            ("/invitation#token", "/invitation#token"),
            ("/clients/ä", "/clients/%C3%A4"),
            ("/a/../calls", "/calls"),
            ("/apiary", "/apiary"),
        ] {
            assert_eq!(ReturnTo::parse(text).unwrap().as_str(), kept);
        }
    }

    #[test]
    fn whatever_leads_elsewhere_is_refused() {
        let long = format!("/{}", "x".repeat(LONGEST));
        for text in [
            "",
            "calls",
            "//example.com",
            "///example.com",
            "/\\example.com",
            "/\t/example.com",
            "/\n/example.com",
            "/.//example.com",
            "/a/..//example.com",
            "https://example.com",
            "javascript:alert(1)",
            "\\\\example.com",
            "/calls\r\nset-cookie: a=b",
            "/api/auth/logout",
            "/a/../api/auth/me",
            "/api",
            &long,
        ] {
            assert!(ReturnTo::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn parameters_are_encoded() {
        let page = with(
            "/sign-in",
            &[("problem", "a b"), ("return_to", "/calls?a=b")],
        );
        assert_eq!(page, "/sign-in?problem=a+b&return_to=%2Fcalls%3Fa%3Db");
        assert_eq!(
            with("/sign-in", &[("step", "code"), ("return_to", "/")]),
            "/sign-in?step=code"
        );
    }
}

//! Who can sign in: invented people to press, or whoever one says to be. The same address is the
//! same person for ever, at each provider under an id of its own.

use crate::pages::shown;
use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// Somebody with an account at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) email: String,
    /// Whether the provider knows the address to be theirs.
    pub(super) verified: bool,
}

/// Name, address, whether it is verified. The third is the owner of an account of the town: who
/// comes with a known address is still a stranger until the owner has linked the login.
const PEOPLE: [(&str, &str, bool); 4] = [
    ("Lena Brandt", "lena.brandt@example.com", true),
    ("Tomás Oliveira", "tomas.oliveira@example.com", true),
    ("Amara Okafor", "okafor@example.com", true),
    ("Jo Mistry", "jo.mistry@example.com", false),
];
const MOST_LETTERS: usize = 254;

/// What the page's forms send beside the request's own parameters.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Choice {
    /// Its place in the list. A string, as everything in a form is.
    person: Option<String>,
    name: Option<String>,
    email: Option<String>,
    verified: Option<String>,
    deny: Option<String>,
}

/// What was chosen.
pub(super) enum Chosen {
    Person(Person),
    /// Nobody is to be told who it is.
    Denied,
    /// Nothing yet, or something that is nobody; why, in words.
    Nobody(Option<&'static str>),
}

impl Choice {
    pub(super) fn made(self) -> Chosen {
        if self.deny.is_some() {
            return Chosen::Denied;
        }
        if let Some(person) = self.person {
            let row = person
                .parse()
                .ok()
                .and_then(|place: usize| PEOPLE.get(place));
            return row.map_or(Chosen::Nobody(None), |row| {
                Chosen::Person(Person::from(*row))
            });
        }
        let (Some(name), Some(email)) = (self.name, self.email) else {
            return Chosen::Nobody(None);
        };
        let (name, email) = (name.trim().to_owned(), email.trim().to_owned());
        let parts = email.split_once('@');
        let is_address = parts
            .is_some_and(|(mailbox, domain)| !mailbox.is_empty() && !domain.is_empty())
            && !email.contains(char::is_whitespace);
        if name.is_empty() || name.chars().count() > MOST_LETTERS {
            return Chosen::Nobody(Some("Say a name, please."));
        }
        if !is_address || email.chars().count() > MOST_LETTERS {
            return Chosen::Nobody(Some("That is no e-mail address."));
        }
        Chosen::Person(Person {
            name,
            email,
            verified: self.verified.is_some(),
        })
    }
}

impl From<(&str, &str, bool)> for Person {
    fn from((name, email, verified): (&str, &str, bool)) -> Self {
        Self {
            name: name.to_owned(),
            email: email.to_owned(),
            verified,
        }
    }
}

impl Person {
    /// A number below `bound` that is this person's at this provider.
    pub(super) fn number(&self, provider: &str, bound: u64) -> u64 {
        let hash = Sha256::digest(format!("{provider}\0{}", self.email.to_lowercase()));
        let first = hash.iter().take(8);
        first.fold(0_u64, |number, byte| number << 8 | u64::from(*byte)) % bound
    }

    /// First name and the rest.
    pub(super) fn names(&self) -> (&str, &str) {
        self.name.split_once(' ').unwrap_or((&self.name, ""))
    }
}

/// The page on which somebody says who they are. The request's parameters travel in every form and
/// are looked at anew when it comes back.
#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    provider: &'a str,
    action: &'a str,
    parameters: &'a [(String, String)],
    people: [Person; PEOPLE.len()],
    trouble: Option<&'a str>,
}

/// Asks who it is.
pub(super) fn page(
    provider: &str,
    action: &str,
    parameters: &[(String, String)],
    trouble: Option<&str>,
) -> Response {
    shown(&SignIn {
        provider,
        action,
        parameters,
        people: PEOPLE.map(Person::from),
        trouble,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(name: &str, email: &str) -> Chosen {
        Choice {
            name: Some(name.to_owned()),
            email: Some(email.to_owned()),
            ..Choice::default()
        }
        .made()
    }

    #[test]
    fn the_same_address_is_the_same_person_however_it_is_written() {
        let number = |email: &str| Person::from(("A", email, true)).number("google", 1_000_000);
        assert_eq!(number("A@Example.com"), number("a@example.com"));
        assert_ne!(number("a@example.com"), number("b@example.com"));
    }

    #[test]
    fn a_name_and_an_address_are_needed() {
        assert!(
            matches!(typed("Ann", "ann@example.com"), Chosen::Person(person) if !person.verified)
        );
        for (name, email) in [
            ("", "ann@example.com"),
            ("  ", "ann@example.com"),
            ("Ann", "ann"),
            ("Ann", "@"),
            ("Ann", "a nn@example.com"),
        ] {
            assert!(
                matches!(typed(name, email), Chosen::Nobody(Some(_))),
                "{name:?} {email:?}"
            );
        }
        assert!(matches!(
            Choice {
                person: Some("99".to_owned()),
                ..Choice::default()
            }
            .made(),
            Chosen::Nobody(None)
        ));
    }
}

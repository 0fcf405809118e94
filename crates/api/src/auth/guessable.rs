//! Passwords that are tried first: the most common ones that leaked, what is known of the person, and
//! the name of the service, each also with the year or the sign behind it that is tried next.
//!
//! No rules of composition: they make passwords worse (NIST SP 800-63B-4, 3.1.1.2). The list is
//! Django's, in lower case; its licence lies beside it.

use std::{collections::HashSet, sync::LazyLock};

static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("guessable/passwords.txt").lines().collect());

/// Who must have a digit or sign in it puts it at the end, and guesses are made like that. A year and two
/// signs; more than that is no longer tried through.
const LONGEST_TAIL: usize = 6;

/// Refuses a password that a stranger would try.
///
/// # Errors
/// In words.
pub(crate) fn refuse(password: String, email: &str, name: &str) -> Result<String, String> {
    let typed = password.to_lowercase();
    if typed.trim().is_empty() {
        return Err("must not be blanks alone".into());
    }
    let tried = [typed.as_str(), without_tail(&typed)];
    if tried.iter().any(|typed| COMMON.contains(typed)) {
        return Err("is one of the passwords that are tried first; choose another".into());
    }
    let letters = typed.chars().filter(|sign| sign.is_alphabetic());
    if letters.eq("frontdesk".chars()) {
        return Err("must not be the name of this service".into());
    }
    let mailbox = email.split('@').next().unwrap_or_default();
    let own = [email, mailbox, name].map(str::to_lowercase);
    if own.iter().any(|own| tried.contains(&own.as_str())) {
        return Err("must not be your name or e-mail address".into());
    }
    Ok(password)
}

fn without_tail(typed: &str) -> &str {
    let head = typed.trim_end_matches(|sign: char| !sign.is_alphabetic());
    let is_short = typed[head.len()..].chars().count() <= LONGEST_TAIL;
    if is_short { head } else { typed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str) -> Result<String, String> {
        refuse(
            password.to_owned(),
            "augusta.ada@example.com",
            "Ada Lovelace",
        )
    }

    #[test]
    fn what_everybody_tries_is_refused_however_it_is_written() {
        for bad in [
            "password",
            "PASSWORD",
            "Password1",
            "12345678",
            "qwertyuiop",
            "iloveyou",
            "password2024!",
            "Sunshine#1",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        for good in ["correct horse battery staple", "sunshine 4831977"] {
            assert!(check(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn blanks_alone_are_no_password() {
        for bad in [
            "        ",
            "\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}",
            " \t \u{a0}    ",
        ] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_name_of_the_service_is_refused_whatever_stands_around_it() {
        for bad in [
            "Frontdesk",
            "Frontdesk1",
            "frontdesk2024!",
            "#Front-Desk 2026",
            "1234frontdesk5678",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check("the front desk is closed").is_ok());
    }

    #[test]
    fn what_is_known_of_the_person_is_refused() {
        for bad in [
            "augusta.ada@example.com",
            "Augusta.Ada",
            "ada lovelace",
            "Ada Lovelace1815!",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_list_is_long_and_holds_only_what_could_be_chosen() {
        assert!(COMMON.len() > 8_000);
        for password in COMMON.iter() {
            assert!(
                password.chars().count() >= 8 && *password == password.to_lowercase(),
                "{password}"
            );
        }
    }
}

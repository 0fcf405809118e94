//! Passwords that are tried first: the most common ones that leaked, and what is known of the person.
//!
//! No rules of composition: they make passwords worse (NIST SP 800-63B-4, 3.1.1.2). The list is
//! Django's, in lower case; its licence lies beside it.

use std::{collections::HashSet, sync::LazyLock};

static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("guessable/passwords.txt").lines().collect());

/// Refuses a password that a stranger would try.
///
/// # Errors
/// In words.
pub(crate) fn refuse(password: String, email: &str, name: &str) -> Result<String, String> {
    let typed = password.to_lowercase();
    if COMMON.contains(typed.as_str()) {
        return Err("is one of the passwords that are tried first; choose another".into());
    }
    let mailbox = email.split('@').next().unwrap_or_default();
    let own = [email, mailbox, name].map(str::to_lowercase);
    if own.contains(&typed) {
        return Err("must not be your name or e-mail address".into());
    }
    Ok(password)
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
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check("correct horse battery staple").is_ok());
    }

    #[test]
    fn what_is_known_of_the_person_is_refused() {
        for bad in ["augusta.ada@example.com", "Augusta.Ada", "ada lovelace"] {
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

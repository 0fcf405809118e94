//! NATS subjects, built only from encoded tokens.
//!
//! Event and room names come from outside and may hold dots, wildcards, spaces or line breaks.
//! A token keeps lower-case letters, digits, `_` and `-`; a dot becomes `-`; every other byte is
//! written as `=` and two hex digits. What is longer than 80 bytes ends in a hash.

use crate::{Partition, StreamName, catalogue::account};
use sha2::{Digest, Sha256};

const LONGEST_TOKEN: usize = 80;

/// One subject token out of any text. Never empty.
#[must_use]
pub fn token(text: &str) -> String {
    let mut token = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => token.push(char::from(byte)),
            b'A'..=b'Z' => token.push(char::from(byte.to_ascii_lowercase())),
            b'.' => token.push('-'),
            other => {
                token.push('=');
                token.push_str(&hex::encode_upper([other]));
            }
        }
        if token.len() > LONGEST_TOKEN {
            token.truncate(LONGEST_TOKEN - 17);
            token.push('-');
            token.push_str(&hex::encode(&Sha256::digest(text.as_bytes())[..8]));
            break;
        }
    }
    if token.is_empty() {
        token.push('=');
    }
    token
}

/// `calls.<pp>.<source>.<type>` and `billing.<pp>.<source>.<type>`: `source` is the short name
/// of the sender (`livekit`, `paypal`, `agent`), `kind` the type without its reverse-DNS prefix.
#[must_use]
pub fn event(stream: StreamName, partition: Partition, source: &str, kind: &str) -> String {
    format!(
        "{}.{partition}.{}.{}",
        stream.prefix(),
        token(source),
        token(kind)
    )
}

/// `accounts.<pp>.<type>`: a fact by its full type.
#[must_use]
pub fn fact(partition: Partition, kind: &str) -> String {
    format!(
        "{}.{partition}.{}",
        StreamName::Accounts.prefix(),
        token_of_fact(kind)
    )
}

/// `accounts.*.<type>`: every fact of a type, in whichever partition.
#[must_use]
pub fn facts_of(kind: &str) -> String {
    format!(
        "{}.*.{}",
        StreamName::Accounts.prefix(),
        token_of_fact(kind)
    )
}

fn token_of_fact(kind: &str) -> String {
    token(kind.strip_prefix(account::PREFIX).unwrap_or(kind))
}

/// `dead.<stream>.<reader>`.
#[must_use]
pub fn dead(stream: StreamName, reader: &str) -> String {
    format!("dead.{}.{}", stream.prefix(), token(reader))
}

/// `live.<user>`: core NATS, told after a commit. Calls without an owner go to `live.unassigned`.
#[must_use]
pub fn live(user: Option<&str>) -> String {
    format!("live.{}", token(user.unwrap_or("unassigned")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_one_token() {
        for hostile in [
            "a.b.>",
            "*",
            "x\r\nNats-Msg-Id: 1",
            "",
            " ",
            "ß",
            &"long".repeat(3000),
        ] {
            let token = token(hostile);
            assert!(!token.is_empty() && token.len() <= LONGEST_TOKEN, "{token}");
            assert!(
                token
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"_-=".contains(&b)),
                "{token}"
            );
        }
        assert_eq!(token("payment.sale.completed"), "payment-sale-completed");
    }

    #[test]
    fn two_long_names_do_not_become_one() {
        let (a, b) = ("x".repeat(200), "x".repeat(201));
        assert_ne!(token(&a), token(&b));
    }
}

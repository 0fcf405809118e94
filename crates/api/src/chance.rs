//! Chance, drawn from the system: what nobody may guess begins here.

use crate::problem::Problem;
use ring::rand::{SecureRandom as _, SystemRandom};

/// Letters and digits that look different from each other in any hand: RFC 4648's base32 in lower
/// case. A multiple of the values of a byte fits, so each is as likely as any other.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Fills bytes with chance.
///
/// # Errors
/// 500 when the system has none.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), Problem> {
    SystemRandom::new().fill(bytes).map_err(|_| {
        tracing::error!("the system gives no random numbers");
        Problem::internal()
    })
}

/// So many letters of five random bits each, for people to copy.
///
/// # Errors
/// 500 when the system has no chance.
pub(crate) fn letters(count: usize) -> Result<String, Problem> {
    let mut bytes = vec![0; count];
    fill(&mut bytes)?;
    let letters = bytes
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    Ok(letters.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_drawn_anew_each_time() {
        let (one, two) = (letters(16).unwrap(), letters(16).unwrap());
        assert_ne!(one, two);
        assert!(one.len() == 16 && one.bytes().all(|letter| LETTERS.contains(&letter)));
    }
}

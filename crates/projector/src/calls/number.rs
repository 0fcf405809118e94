//! Phone numbers as SIP servers send them.

/// A number as LiveKit's server normalises it: spaces, dashes and brackets out, a `+` before it.
/// `None` when it is not made of digits: hidden, `anonymous`, or a SIP user's name.
#[must_use]
pub fn normalised(raw: &str) -> Option<String> {
    let raw = raw.trim();
    let digits = raw.strip_prefix('+').unwrap_or(raw);
    let mut number = String::with_capacity(digits.len() + 1);
    number.push('+');
    for letter in digits.chars() {
        match letter {
            '0'..='9' => number.push(letter),
            ' ' | '-' | '(' | ')' => {}
            _ => return None,
        }
    }
    (number.len() > 1).then_some(number)
}

/// Whether a number is one that can be assigned to a client (E.164).
#[must_use]
pub fn is_assignable(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (4..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_normalised_as_the_server_does() {
        for (raw, number) in [
            ("+14155550123", Some("+14155550123")),
            ("14155550123", Some("+14155550123")),
            ("(415) 555-0123", Some("+4155550123")),
            (" +1 415 555 01 23 ", Some("+14155550123")),
            ("anonymous", None),
            ("", None),
            ("+", None),
            ("()-", None),
            ("1415+5550123", None),
            ("٣٤٥", None),
            ("reception@example.test", None),
        ] {
            assert_eq!(normalised(raw).as_deref(), number, "{raw:?}");
        }
    }

    #[test]
    fn only_e164_can_be_assigned() {
        assert!(is_assignable("+14155550123"));
        for number in [
            "+911",
            "+04155550123",
            "14155550123",
            "+1234567890123456",
            "",
            "+",
        ] {
            assert!(!is_assignable(number), "{number:?}");
        }
    }
}

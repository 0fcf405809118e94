//! Rules for texts people type, each a function from what was sent to what is kept, or to what is
//! wrong with it in words.

use chrono_tz::Tz;
use email_address::EmailAddress;
use unicode_normalization::UnicodeNormalization as _;

/// The longest name of a person, business, or key, in characters.
pub const LONGEST_NAME: usize = 100;

/// The longest address SMTP carries (RFC 5321, 4.5.3.1.3, without the angle brackets).
const LONGEST_ADDRESS: usize = 254;

/// A name on one line: normalised, trimmed, 1 to 100 characters, and none that only differs from another
/// in what nobody sees.
///
/// # Errors
/// In words.
pub fn name(given: impl AsRef<str>) -> Result<String, String> {
    let name: String = given.as_ref().nfc().collect();
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return Err("must not be empty".into());
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(format!("must not be longer than {LONGEST_NAME} characters"));
    }
    readable(&name)?;
    if name.chars().any(is_blank) || name.chars().all(joins) {
        return Err("holds characters that cannot be seen".into());
    }
    Ok(name)
}

/// Several lines, at most so many characters; may be empty.
pub fn lines(most: usize) -> impl Fn(String) -> Result<String, String> {
    move |given| {
        let text: String = given.replace("\r\n", "\n").nfc().collect();
        let text = text.trim().to_owned();
        if text.chars().count() > most {
            return Err(format!("must not be longer than {most} characters"));
        }
        readable(&text.replace(['\n', '\t'], " "))?;
        Ok(text)
    }
}

/// What can be shown on one line of a text from elsewhere, at most so many characters; may be empty.
/// For what is not worth refusing, like the name of a file.
pub fn shown(given: &str, most: usize) -> String {
    let line: String = given
        .nfc()
        .filter(|c| !turns(*c) && !is_hidden(*c))
        .collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(most).collect()
}

/// Refuses what cannot be seen or turns the writing of what stands beside it around.
fn readable(text: &str) -> Result<(), String> {
    if text.chars().any(turns) {
        return Err("holds characters that change the direction of writing".into());
    }
    if text.chars().any(is_hidden) {
        return Err("holds characters that cannot be shown".into());
    }
    Ok(())
}

fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffd}')
}

/// What is a character and leaves nothing to see: zero-width and soft breaks, operators of formulas, and
/// letters that are fillers. In longer texts they are harmless, and pasted along.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{ffa0}' | '\u{e0001}')
}

/// What is seen only in what stands beside it: joiners, as in Persian words and joined emoji, and what
/// chooses among the shapes of a sign, as in Mongolian and in flags.
fn joins(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0020}'..='\u{e007f}'
            | '\u{e0100}'..='\u{e01ef}')
}

/// An e-mail address, kept in lower case: no provider of today tells letters apart, and one mailbox
/// must not have two accounts.
///
/// # Errors
/// In words.
pub fn email(given: impl AsRef<str>) -> Result<String, String> {
    let email = given.as_ref().trim();
    let options = email_address::Options::default()
        .without_display_text()
        .without_domain_literal()
        .with_required_tld();
    let parsed = EmailAddress::parse_with_options(email, options)
        .ok()
        .filter(|_| email.len() <= LONGEST_ADDRESS && email.is_ascii() && !email.contains('"'));
    parsed
        .map(|address| address.as_str().to_lowercase())
        .ok_or_else(|| "must be an e-mail address like name@example.com".to_owned())
}

/// A name of the IANA time zone database.
///
/// # Errors
/// In words.
pub fn time_zone(given: impl AsRef<str>) -> Result<String, String> {
    given
        .as_ref()
        .parse::<Tz>()
        .map(|zone| zone.name().to_owned())
        .map_err(|_| "must be an IANA time zone like Europe/Berlin".to_owned())
}

/// A language and region as browsers name them (BCP 47: letters, digits, dashes).
///
/// # Errors
/// In words.
pub fn locale(given: impl AsRef<str>) -> Result<String, String> {
    let locale = given.as_ref();
    let mut parts = locale.split('-');
    let language = parts.next().is_some_and(|part| {
        (2..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic())
    });
    let rest = parts.all(|part| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    if language && rest && locale.len() <= 35 {
        Ok(locale.to_owned())
    } else {
        Err("must be a locale like en-US".into())
    }
}

/// The shortest and the longest password, in characters. A longer one would cost more to hash and be
/// no safer.
const SHORTEST_PASSWORD: usize = 8;
const LONGEST_PASSWORD: usize = 128;

/// A password that is to be one: 8 to 128 characters, kept as typed (no trimming, no rules of
/// composition) but for how accents are written, which differs between keyboards.
///
/// # Errors
/// In words.
pub fn password(given: impl AsRef<str>) -> Result<String, String> {
    let given = given.as_ref();
    if given.chars().count() < SHORTEST_PASSWORD {
        return Err(format!("must have at least {SHORTEST_PASSWORD} characters"));
    }
    if given.chars().any(char::is_control) {
        return Err("holds characters that cannot be typed".into());
    }
    shown_password(given)
}

/// A password that is shown to be compared with one.
///
/// # Errors
/// In words.
pub fn shown_password(given: impl AsRef<str>) -> Result<String, String> {
    let given = given.as_ref();
    match given.chars().count() {
        0 => Err("must not be empty".into()),
        1..=LONGEST_PASSWORD => Ok(given.nfc().collect()),
        _ => Err(format!(
            "must not have more than {LONGEST_PASSWORD} characters"
        )),
    }
}

/// Invisible marks that come along when a number is copied, none of which turns digits round: what was
/// seen would then be another number.
const MARKS: [char; 9] = [
    '\u{200b}', '\u{200e}', '\u{202a}', '\u{202c}', '\u{2060}', '\u{2066}', '\u{2068}', '\u{2069}',
    '\u{feff}',
];

/// A telephone number in E.164: a plus, then 4 to 15 digits, the first not zero. What people and their
/// phones write beside the digits is left out: spaces, dashes, dots, slashes, brackets, `tel:` and some
/// invisible marks. A zero in brackets is refused: it is dialled within the country alone, and guessing
/// which of the two was meant would put callers through to nowhere.
///
/// # Errors
/// In words.
pub fn phone_number(given: impl AsRef<str>) -> Result<String, String> {
    let is_dash = |c: char| matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}');
    let given = given
        .as_ref()
        .replace(|c| MARKS.contains(&c) || c.is_whitespace(), "");
    let given = given.strip_prefix("tel:").unwrap_or(&given);
    if given.contains("(0") {
        return Err("must be without the zero in brackets: +44 20 7946 0018".into());
    }
    let number = given.replace(|c| is_dash(c) || matches!(c, '.' | '/' | '(' | ')'), "");
    let digits = number.strip_prefix('+').unwrap_or_default();
    let fits = (4..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    if fits {
        Ok(number)
    } else {
        Err("must be a number in international form like +12025550147".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_readable_line() {
        assert_eq!(name("  Ada   Lovelace ").unwrap(), "Ada Lovelace");
        assert_eq!(name("Zoe\u{308}").unwrap(), "Zoë");
        assert_eq!(name("🦷 Bright Smile").unwrap(), "🦷 Bright Smile");
        assert!(name("x".repeat(100)).is_ok());
        for bad in [
            "",
            "  \t ",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\0b",
            "a\u{7}b",
            &"x".repeat(101),
        ] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_name_can_be_seen() {
        for good in [
            "👩\u{200d}🔧 Plumbing",
            "❤\u{fe0f} Dental",
            "کتاب\u{200c}خانه",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "ㅋㅋ",
            "크다",
        ] {
            assert_eq!(name(good).as_deref(), Ok(good));
        }
        for blank in [
            "\u{200b}",
            "\u{200d}",
            "\u{fe0f} \u{200c}",
            "Acme\u{200b}",
            "Ac\u{ad}me",
            "Acme\u{2060}",
            "Acme\u{2064}",
            "\u{3164}",
            "\u{115f}",
            "\u{2800}",
        ] {
            assert!(name(blank).is_err(), "{blank:?}");
        }
        assert!(lines(100)("a soft\u{ad}ly broken word".to_owned()).is_ok());
    }

    #[test]
    fn addresses_are_plain_and_lower_case() {
        assert_eq!(email(" Ada@Example.COM ").unwrap(), "ada@example.com");
        for bad in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "a b@example.com",
            "ada@localhost",
            "ada@[127.0.0.1]",
            "Ada <ada@example.com>",
            "ada@example.com\r\nBcc: x@example.com",
            "ädä@example.com",
            "\"a b\"@example.com",
            &format!("{}@example.com", "a".repeat(300)),
        ] {
            assert!(email(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn numbers_of_every_country_and_of_none() {
        for (given, kept) in [
            ("+1 (202) 555-0147", "+12025550147"),
            ("+49 30 901820", "+4930901820"),
            ("+2901234", "+2901234"),
            ("+247.62100", "+24762100"),
            (
                "\u{202a}+49\u{a0}151\u{202f}23456789\u{202c}",
                "+4915123456789",
            ),
            (
                "\u{200e}+1\u{2011}202\u{2013}555\u{2011}0147",
                "+12025550147",
            ),
            ("tel:+12025550147", "+12025550147"),
            ("+49 30/901820", "+4930901820"),
        ] {
            assert_eq!(phone_number(given).as_deref(), Ok(kept));
        }
        for bad in [
            "",
            "+",
            "2025550147",
            "+0123456",
            "+1234567890123456",
            "+12a5550147",
            "++12025550147",
            "+١٢٣٤٥٦",
            "0049301234",
            "+12",
            "+1202555\u{202e}0147",
            "+44 (0)20 7946 0018",
            "+49 ( 0 ) 30 901820",
            "+44 (020) 7946 0018",
        ] {
            assert!(phone_number(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn zones_and_locales_are_known_names() {
        assert!(time_zone("America/New_York").is_ok());
        for bad in [
            "",
            "Mars/Olympus",
            "america/new_york ",
            "+02:00",
            "EST5EDT,M3.2.0",
        ] {
            assert!(time_zone(bad).is_err(), "{bad:?}");
        }
        for good in ["en", "en-US", "zh-Hant-TW", "de-CH-1996"] {
            assert!(locale(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "e",
            "english",
            "en_US",
            "en-",
            "en-ü",
            "en-US-aaaaaaaaa",
        ] {
            assert!(locale(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn passwords_are_counted_in_characters() {
        assert!(password("ääääääää").is_ok());
        assert!(password("1234567").is_err());
        assert!(password("x".repeat(129)).is_err());
        assert!(password("a\0bcdefgh").is_err());
        assert_eq!(
            password("cafe\u{301} au lait"),
            shown_password("café au lait")
        );
        assert_eq!(password(" spaces count ").unwrap(), " spaces count ");
        assert!(shown_password("x").is_ok() && shown_password("").is_err());
    }
}

//! Money as whole minor units of a currency.
//!
//! Never a float, and never a guess: a text that is not exactly a number of minor units is not
//! money. How many decimals a currency has is PayPal's word where PayPal differs from ISO 4217,
//! because PayPal's amounts are the ones we keep.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Three capital letters. Whether such a currency exists is not checked: a new one must not lose
/// an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// A text that is no currency code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a currency is three letters")]
pub struct NotACurrency;

/// Without decimals. HUF and TWD have two in ISO 4217, but PayPal refuses decimals for them.
const WHOLE: [&[u8; 3]; 18] = [
    b"HUF", b"JPY", b"TWD", b"BIF", b"CLP", b"DJF", b"GNF", b"ISK", b"KMF", b"KRW", b"PYG", b"RWF",
    b"UGX", b"VND", b"VUV", b"XAF", b"XOF", b"XPF",
];
/// With three decimals.
const THOUSANDTHS: [&[u8; 3]; 7] = [b"BHD", b"IQD", b"JOD", b"KWD", b"LYD", b"OMR", b"TND"];

impl Currency {
    /// A code in any case; `None` when it is not three letters.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let letters: [u8; 3] = code.trim().as_bytes().try_into().ok()?;
        letters
            .iter()
            .all(u8::is_ascii_alphabetic)
            .then(|| Self(letters.map(|letter| letter.to_ascii_uppercase())))
    }

    /// The code, for example `USD`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("three ASCII letters, checked when it was made")
    }

    /// How many decimals an amount has: 2 unless known otherwise.
    #[must_use]
    pub fn exponent(self) -> u32 {
        if WHOLE.contains(&&self.0) {
            0
        } else if THOUSANDTHS.contains(&&self.0) {
            3
        } else {
            2
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Currency {
    type Error = NotACurrency;

    fn try_from(code: String) -> Result<Self, NotACurrency> {
        Self::parse(&code).ok_or(NotACurrency)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

/// An amount. Its order is a total one for breaking ties, not a comparison of worth: amounts of
/// two currencies cannot be compared, added or subtracted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Money {
    /// In the currency's smallest unit: cents, but whole yen.
    pub minor: i64,
    /// Its currency.
    pub currency: Currency,
}

impl Money {
    /// Reads `"9.9"`, `"50"`, `"-29.00"` or `"1000.0"` as an amount of the currency.
    ///
    /// `None` when the text is no plain decimal, says more decimals than the currency has (zeros
    /// aside), or does not fit: half a yen is not rounded, it is not there.
    #[must_use]
    pub fn parse(decimal: &str, currency: &str) -> Option<Self> {
        let currency = Currency::parse(currency)?;
        Some(Self {
            minor: minor_units(decimal, currency.exponent())?,
            currency,
        })
    }

    /// The same amount without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        Self {
            minor: self.minor.saturating_abs(),
            ..self
        }
    }

    /// The amount in whole units, with the currency's decimals and without its code: `9.90`.
    #[must_use]
    pub fn decimal(&self) -> String {
        let exponent = self.currency.exponent();
        let unit = 10_u64.pow(exponent);
        let (sign, minor) = (
            if self.minor < 0 { "-" } else { "" },
            self.minor.unsigned_abs(),
        );
        if exponent == 0 {
            return format!("{sign}{minor}");
        }
        format!(
            "{sign}{}.{:0width$}",
            minor / unit,
            minor % unit,
            width = exponent as usize
        )
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

impl JsonSchema for Currency {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$" })
    }
}

/// Whether a text is a decimal that says nothing but zeros, whatever the currency.
#[must_use]
pub fn is_zero(decimal: &str) -> bool {
    minor_units(decimal, 0) == Some(0)
}

fn minor_units(decimal: &str, exponent: u32) -> Option<i64> {
    let decimal = decimal.trim();
    let (negative, digits) = match decimal.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, decimal.strip_prefix('+').unwrap_or(decimal)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let (kept, beyond) = fraction.split_at(fraction.len().min(exponent as usize));
    if beyond.bytes().any(|byte| byte != b'0') {
        return None;
    }
    let mut minor: i64 = 0;
    let missing = exponent as usize - kept.len();
    for digit in whole
        .bytes()
        .chain(kept.bytes())
        .chain(std::iter::repeat_n(b'0', missing))
    {
        minor = minor
            .checked_mul(10)?
            .checked_add(i64::from(digit - b'0'))?;
    }
    Some(if negative { -minor } else { minor })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(decimal: &str, currency: &str) -> Option<i64> {
        Money::parse(decimal, currency).map(|money| money.minor)
    }

    #[test]
    fn paypals_spellings_of_one_amount_are_one_amount() {
        for text in ["9.9", "9.90", "09.900", " 9.90 ", "+9.9"] {
            assert_eq!(read(text, "USD"), Some(990), "{text}");
        }
        assert_eq!(read("50", "usd"), Some(5000));
        assert_eq!(read("-29.00", "USD"), Some(-2900));
        assert_eq!(read("0.0", "EUR"), Some(0));
        assert_eq!(read(".5", "EUR"), Some(50));
    }

    #[test]
    fn currencies_have_paypals_decimals() {
        assert_eq!(read("1200", "JPY"), Some(1200));
        assert_eq!(
            read("1200.0", "JPY"),
            Some(1200),
            "zeros behind the point say nothing"
        );
        assert_eq!(
            read("3500", "HUF"),
            Some(3500),
            "ISO gives the forint two decimals, PayPal none"
        );
        assert_eq!(read("900", "TWD"), Some(900));
        assert_eq!(read("1.234", "KWD"), Some(1234));
        assert_eq!(read("1.2", "BHD"), Some(1200));
    }

    #[test]
    fn what_is_no_amount_is_not_rounded_or_guessed() {
        for text in [
            "",
            ".",
            "-",
            "9,90",
            "1e3",
            "NaN",
            "9.9.9",
            "0x10",
            "９",
            "9.905",
            "99999999999999999999",
        ] {
            assert_eq!(read(text, "USD"), None, "{text:?}");
        }
        assert_eq!(read("12.5", "JPY"), None);
        assert_eq!(read("1", "US"), None);
        assert_eq!(read("1", "€"), None, "three bytes, but no letters");
    }

    #[test]
    fn amounts_are_written_with_their_decimals() {
        let written = |decimal, currency| Money::parse(decimal, currency).unwrap().to_string();
        assert_eq!(written("9.9", "USD"), "9.90 USD");
        assert_eq!(written("-0.05", "EUR"), "-0.05 EUR");
        assert_eq!(written("1200.0", "JPY"), "1200 JPY");
        assert_eq!(written("1.2", "KWD"), "1.200 KWD");
    }

    #[test]
    fn zero_is_zero_in_every_spelling() {
        assert!(["0", "0.0", "0.000", "-0.00"].into_iter().all(is_zero));
        assert!(!["0.01", "", "zero", "9.9"].into_iter().any(is_zero));
    }

    #[test]
    fn a_currency_survives_json() {
        let money = Money::parse("9.9", "CAD").unwrap();
        let json = serde_json::to_string(&money).unwrap();
        assert_eq!(json, r#"{"minor":990,"currency":"CAD"}"#);
        assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        assert!(serde_json::from_str::<Currency>(r#""dollar""#).is_err());
    }
}

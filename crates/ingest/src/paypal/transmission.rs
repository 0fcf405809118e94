//! The transmission headers of a delivery: their shape, and the text that is signed.

use crate::rejection::Rejection;
use axum::http::HeaderMap;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::DateTime;

/// The only algorithm PayPal has ever named.
const ALGORITHM: &str = "SHA256withRSA";

/// The headers as they came, each checked for shape.
#[derive(Debug)]
pub(super) struct Transmission<'a> {
    pub(super) id: &'a str,
    pub(super) time: &'a str,
    pub(super) certificate_url: &'a str,
    pub(super) algorithm: &'a str,
    pub(super) signature_text: &'a str,
    pub(super) signature: Vec<u8>,
}

impl<'a> Transmission<'a> {
    /// Missing or malformed headers are 400; an algorithm or signature that cannot be PayPal's
    /// is 401.
    pub(super) fn read(headers: &'a HeaderMap) -> Result<Self, Rejection> {
        let id = header(headers, "paypal-transmission-id")?;
        let time = header(headers, "paypal-transmission-time")?;
        let signature_text = header(headers, "paypal-transmission-sig")?;
        let certificate_url = header(headers, "paypal-cert-url")?;
        let algorithm = header(headers, "paypal-auth-algo")?;
        // `|` separates the signed parts, so it must not be in one.
        if id.len() > 64 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(malformed("paypal-transmission-id", "is not an id"));
        }
        if time.len() > 40 || DateTime::parse_from_rfc3339(time).is_err() {
            return Err(malformed("paypal-transmission-time", "is not a time"));
        }
        if algorithm != ALGORITHM {
            return Err(Rejection::Unsigned {
                reason: "wrong_algorithm",
            });
        }
        let signature = STANDARD.decode(signature_text).unwrap_or_default();
        if !(256..=1024).contains(&signature.len()) {
            return Err(Rejection::Unsigned {
                reason: "wrong_signature",
            });
        }
        Ok(Self {
            id,
            time,
            certificate_url,
            algorithm,
            signature_text,
            signature,
        })
    }

    /// PayPal: id, time, webhook id and the body's CRC-32 as an unsigned decimal, with bars.
    pub(super) fn signed_text(&self, webhook_id: &str, body: &[u8]) -> String {
        format!(
            "{}|{}|{webhook_id}|{}",
            self.id,
            self.time,
            crc32fast::hash(body)
        )
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Rejection> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or_else(|| malformed(name, "is missing"))?;
    if values.next().is_some() {
        return Err(malformed(name, "comes twice"));
    }
    value
        .to_str()
        .ok()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| malformed(name, "is not plain text"))
}

fn malformed(name: &'static str, why: &str) -> Rejection {
    Rejection::Malformed {
        reason: "transmission_headers",
        detail: format!("header {name} {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signed_text_is_the_one_of_paypals_own_libraries() {
        let headers = HeaderMap::from_iter(
            [
                (
                    "paypal-transmission-id",
                    "dfb3be50-fd74-11e4-8bf3-77339302725b",
                ),
                ("paypal-transmission-time", "2015-05-18T15:45:13Z"),
                (
                    "paypal-transmission-sig",
                    STANDARD.encode([0; 256]).as_str(),
                ),
                (
                    "paypal-cert-url",
                    "https://api.paypal.com/v1/notifications/certs/CERT-1",
                ),
                ("paypal-auth-algo", ALGORITHM),
            ]
            .map(|(name, value)| {
                (
                    axum::http::HeaderName::from_static(name),
                    value.parse().unwrap(),
                )
            }),
        );
        let transmission = Transmission::read(&headers).unwrap();
        // CRC-32 of "123456789" is the check value of the algorithm: cbf43926.
        assert_eq!(
            transmission.signed_text("4JH86294D6297924G", b"123456789"),
            "dfb3be50-fd74-11e4-8bf3-77339302725b|2015-05-18T15:45:13Z|4JH86294D6297924G|3421780262"
        );
        for name in headers.keys() {
            let mut fewer = headers.clone();
            fewer.remove(name);
            assert_eq!(
                Transmission::read(&fewer).unwrap_err().reason(),
                "transmission_headers",
                "{name}"
            );
        }
        let changed = |name: &'static str, value: &str| {
            let mut changed = headers.clone();
            changed.insert(name, value.parse().unwrap());
            Transmission::read(&changed).map_or_else(|refusal| refusal.reason(), |_| "good")
        };
        assert_eq!(
            changed("paypal-auth-algo", "SHA1withRSA"),
            "wrong_algorithm"
        );
        assert_eq!(
            changed("paypal-transmission-sig", "AAAA"),
            "wrong_signature"
        );
        assert_eq!(
            changed("paypal-transmission-time", "2018-19-12T22:20:32.000Z"),
            "transmission_headers"
        );
        assert_eq!(
            changed("paypal-transmission-id", "a|b"),
            "transmission_headers"
        );
    }
}

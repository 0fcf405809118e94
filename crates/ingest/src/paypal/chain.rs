//! Whether a certificate is PayPal's: its chain, its name, its time.
//!
//! Neither the system's authorities nor a TLS library's are asked: the root PayPal has used for
//! ten years has left them. The bundle is ours.

use super::origin::Environment;
use chrono::{DateTime, NaiveDateTime, Utc};
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime, pem::PemObject as _};
use std::{path::Path, sync::Arc, time::Duration};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring as algorithms};

/// What a certificate may be signed with.
const CHAIN_ALGORITHMS: &[&dyn rustls_pki_types::SignatureVerificationAlgorithm] = &[
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P384_SHA384,
];

const BUILT_IN: &[u8] = include_bytes!("../../trust/paypal.pem");

/// The authorities: self-issued certificates are anchors, the others intermediates.
pub(super) struct Bundle {
    anchors: Vec<TrustAnchor<'static>>,
    intermediates: Vec<CertificateDer<'static>>,
}

impl Bundle {
    /// Reads the configured file, or the one built in.
    pub(super) fn read(path: Option<&Path>) -> Result<Self, String> {
        let bytes = match path {
            Some(path) => std::fs::read(path)
                .map_err(|error| format!("PAYPAL_TRUST_BUNDLE {}: {error}", path.display()))?,
            None => BUILT_IN.to_vec(),
        };
        let bundle = Self::parse(&bytes)?;
        if bundle.anchors.is_empty() {
            return Err("PAYPAL_TRUST_BUNDLE holds no self-signed authority".into());
        }
        Ok(bundle)
    }

    fn parse(pem: &[u8]) -> Result<Self, String> {
        let mut bundle = Self {
            anchors: Vec::new(),
            intermediates: Vec::new(),
        };
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate =
                certificate.map_err(|error| format!("PAYPAL_TRUST_BUNDLE: {error}"))?;
            let parsed = EndEntityCert::try_from(&certificate);
            let self_issued = parsed.is_ok_and(|parsed| parsed.issuer() == parsed.subject());
            if self_issued {
                let anchor = anchor_from_trusted_cert(&certificate)
                    .map_err(|error| format!("PAYPAL_TRUST_BUNDLE: {error}"))?
                    .to_owned();
                bundle.anchors.push(anchor);
            } else {
                bundle.intermediates.push(certificate);
            }
        }
        Ok(bundle)
    }
}

/// A certificate as fetched, with the authorities it is judged by.
pub(super) struct Certificate {
    leaf: CertificateDer<'static>,
    served: Vec<CertificateDer<'static>>,
    bundle: Arc<Bundle>,
    /// The last moment at which the leaf is good.
    ends: DateTime<Utc>,
}

/// Why a certificate proves nothing, as the label of a metric.
pub(super) type Distrust = &'static str;

impl Certificate {
    /// The first certificate of a PEM text is the leaf, further ones are intermediates.
    pub(super) fn parse(pem: &[u8], bundle: Arc<Bundle>) -> Result<Self, Distrust> {
        let mut certificates = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| "not_a_certificate")?;
        if certificates.is_empty() || certificates.len() > 8 {
            return Err("not_a_certificate");
        }
        let leaf = certificates.remove(0);
        let ends = not_after(&leaf).ok_or("not_a_certificate")?;
        Ok(Self {
            leaf,
            served: certificates,
            bundle,
            ends,
        })
    }

    /// Nothing can make it good again: its address must be asked for the next one.
    pub(super) fn has_ended(&self, now: DateTime<Utc>) -> bool {
        now > self.ends
    }

    /// Chain, time and name.
    pub(super) fn check(
        &self,
        environment: Environment,
        now: DateTime<Utc>,
    ) -> Result<(), Distrust> {
        let leaf = EndEntityCert::try_from(&self.leaf).map_err(|_| "not_a_certificate")?;
        let intermediates: Vec<_> = self
            .served
            .iter()
            .chain(&self.bundle.intermediates)
            .cloned()
            .collect();
        let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
        leaf.verify_for_usage(
            CHAIN_ALGORITHMS,
            &self.bundle.anchors,
            &intermediates,
            UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
            KeyUsage::server_auth(),
            None,
            None,
        )
        .map_err(|error| match error {
            webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } => {
                "certificate_out_of_date"
            }
            _ => "untrusted_certificate",
        })?;
        is_issued_to(&leaf, environment.certificate_name())
            .then_some(())
            .ok_or("foreign_certificate")
    }

    /// RSA PKCS#1 v1.5 with SHA-256; a key below 2,048 bits verifies nothing.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        EndEntityCert::try_from(&self.leaf).is_ok_and(|leaf| {
            leaf.verify_signature(algorithms::RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok()
        })
    }
}

/// The end of a certificate's validity. webpki compares it and does not tell it.
fn not_after(der: &[u8]) -> Option<DateTime<Utc>> {
    // Certificate ::= SEQUENCE { SEQUENCE { version, serial number, algorithm, issuer, validity, … } … }
    let (_, certificate, _) = element(der)?;
    let (_, fields, _) = element(certificate)?;
    let (_, _, fields) = element(fields)?;
    let (_, _, fields) = element(fields)?;
    let (_, _, fields) = element(fields)?;
    let (_, _, fields) = element(fields)?;
    let (_, validity, _) = element(fields)?;
    let (_, _, after) = element(validity)?;
    let (tag, text, _) = element(after)?;
    time(tag, std::str::from_utf8(text).ok()?)
}

/// RFC 5280, 4.1.2.5: a year of two digits is one between 1950 and 2049.
fn time(tag: u8, text: &str) -> Option<DateTime<Utc>> {
    const UTC_TIME: u8 = 0x17;
    const GENERALIZED_TIME: u8 = 0x18;
    let century = match tag {
        UTC_TIME if text < "50" => "20",
        UTC_TIME => "19",
        GENERALIZED_TIME => "",
        _ => return None,
    };
    let whole = format!("{century}{text}");
    NaiveDateTime::parse_from_str(&whole, "%Y%m%d%H%M%SZ")
        .ok()
        .map(|time| time.and_utc())
}

/// Both names, where present, must be exactly the one; a wildcard is another name.
fn is_issued_to(leaf: &EndEntityCert<'_>, name: &str) -> bool {
    let alternatives: Vec<&str> = leaf.valid_dns_names().collect();
    let common = common_name(leaf.subject());
    let alternative_fits = alternatives
        .iter()
        .any(|alternative| alternative.eq_ignore_ascii_case(name));
    let common_fits = common.is_some_and(|common| common.eq_ignore_ascii_case(name.as_bytes()));
    (alternative_fits || alternatives.is_empty())
        && (common_fits || common.is_none())
        && (alternative_fits || common_fits)
}

/// The common name in a subject's DER: the value that follows the object id 2.5.4.3.
fn common_name(mut subject: &[u8]) -> Option<&[u8]> {
    const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
    // Name ::= SEQUENCE OF (SET OF (SEQUENCE { type, value })); webpki has opened the first.
    while let Some((_, set, rest)) = element(subject) {
        subject = rest;
        let mut set = set;
        while let Some((_, pair, rest)) = element(set) {
            set = rest;
            if let Some((_, COMMON_NAME, value)) = element(pair) {
                return element(value).map(|(_, text, _)| text);
            }
        }
    }
    None
}

/// Tag, content and rest of a DER element with a length up to 65,535.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match (first, rest) {
        (0..=0x7f, rest) => (usize::from(first), rest),
        (0x81, [length, rest @ ..]) => (usize::from(*length), rest),
        (0x82, [high, low, rest @ ..]) => (usize::from(*high) << 8 | usize::from(*low), rest),
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_built_in_bundle_holds_two_roots_and_the_intermediate_paypal_does_not_serve() {
        let bundle = Bundle::read(None).unwrap();
        assert_eq!((bundle.anchors.len(), bundle.intermediates.len()), (2, 1));
    }

    #[test]
    fn a_bundle_without_an_authority_is_refused() {
        assert!(Bundle::read(Some(Path::new("/nowhere"))).is_err());
        assert!(Bundle::parse(b"").is_ok_and(|bundle| bundle.anchors.is_empty()));
    }

    #[test]
    fn a_common_name_is_found_among_others() {
        let name = |oid: u8, text: &str| {
            let mut pair = vec![
                0x06,
                3,
                0x55,
                0x04,
                oid,
                0x0c,
                u8::try_from(text.len()).unwrap(),
            ];
            pair.extend_from_slice(text.as_bytes());
            let sequence = [&[0x30, u8::try_from(pair.len()).unwrap()], pair.as_slice()].concat();
            [
                &[0x31, u8::try_from(sequence.len()).unwrap()],
                sequence.as_slice(),
            ]
            .concat()
        };
        let subject = [
            name(0x06, "US"),
            name(0x0a, "PayPal, Inc."),
            name(0x03, "a.example"),
        ]
        .concat();
        assert_eq!(common_name(&subject), Some(b"a.example".as_slice()));
        assert_eq!(common_name(&name(0x0a, "x")), None);
    }

    #[test]
    fn a_certificate_tells_its_end() {
        let ends: Vec<_> = CertificateDer::pem_slice_iter(BUILT_IN)
            .map(|certificate| not_after(&certificate.unwrap()).unwrap().to_rfc3339())
            .collect();
        let expected = [
            "2031-11-10T00:00:00+00:00",
            "2028-10-22T12:00:00+00:00",
            "2038-01-15T12:00:00+00:00",
        ];
        assert_eq!(ends, expected);
        let year = |tag, text| time(tag, text).map(|time| time.format("%Y-%m-%d").to_string());
        assert_eq!(year(0x17, "491231235959Z").unwrap(), "2049-12-31");
        assert_eq!(year(0x17, "500101000000Z").unwrap(), "1950-01-01");
        assert_eq!(year(0x18, "20500101000000Z").unwrap(), "2050-01-01");
        assert_eq!(year(0x18, "500101000000Z"), None);
        assert_eq!(year(0x0c, "20500101000000Z"), None);
    }

    proptest! {
        #[test]
        fn any_subject_is_taken(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = common_name(&bytes);
            let _ = not_after(&bytes);
        }
    }
}

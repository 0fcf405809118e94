//! The sandbox's certificate authority and the message certificate it signs with: RSA like
//! PayPal's, kept in the state directory so that a restart keeps the trust others have loaded.

use crate::keys::{SigningKey, write_private};
use anyhow::Context as _;
use chrono::{DateTime, Datelike as _, Days, TimeDelta, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_RSA_SHA256, date_time_ymd,
};
use sha2::{Digest as _, Sha256};
use std::{fs, path::Path};

/// The name on PayPal's sandbox message certificate.
pub const MESSAGE_NAME: &str = "messageverificationcerts.sandbox.paypal.com";
/// What others load as their trust bundle.
pub const CA_FILE: &str = "paypal-ca.pem";
const CA_KEY_FILE: &str = "paypal-ca.key";
const LOCK_FILE: &str = "lock";
const LEAF_FILE: &str = "paypal-leaf.pem";
const LEAF_KEY_FILE: &str = "paypal-leaf.key";
/// PayPal's lives about thirteen months.
const LEAF_DAYS: u64 = 395;
/// A leaf that ends sooner than this is made anew at start.
const RENEW_BEFORE: TimeDelta = TimeDelta::days(30);

/// A certificate and the key that belongs to it.
pub struct Signer {
    /// PEM.
    pub certificate: String,
    key: SigningKey,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Signer")
            .field("certificate", &self.certificate_id())
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// The last part of its address; another certificate has another, so that no cache mixes them.
    #[must_use]
    pub fn certificate_id(&self) -> String {
        let hash = hex::encode(Sha256::digest(&self.certificate));
        format!("CERT-{}-{}-{}", &hash[..8], &hash[8..16], &hash[16..24])
    }

    /// SHA256withRSA: PKCS#1 v1.5.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.key.sign(message)
    }
}

/// What a certificate should look like; the product is told apart from its imitations by these.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// CN and SAN.
    pub name: &'a str,
    /// First day.
    pub from: DateTime<Utc>,
    /// Last day.
    pub until: DateTime<Utc>,
}

/// A certificate authority of our own.
#[derive(Debug)]
pub struct Authority {
    ca: Signer,
}

impl Authority {
    /// A new one; nobody trusts it yet.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn create(now: DateTime<Utc>) -> anyhow::Result<Self> {
        let key = SigningKey::create()?;
        let pair = KeyPair::from_pkcs8_pem_and_sign_algo(key.pem(), &PKCS_RSA_SHA256)?;
        let certificate = ca_params(now)
            .self_signed(&pair)
            .context("signing the authority's certificate")?;
        Ok(Self {
            ca: Signer {
                certificate: certificate.pem(),
                key,
            },
        })
    }

    /// Its own certificate, for trust bundles.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.ca.certificate
    }

    /// A message certificate as PayPal has it.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn issue_message_certificate(&self, now: DateTime<Utc>) -> anyhow::Result<Signer> {
        let from = now.checked_sub_days(Days::new(1)).unwrap_or(now);
        let until = now.checked_add_days(Days::new(LEAF_DAYS)).unwrap_or(now);
        self.issue(&Request {
            name: MESSAGE_NAME,
            from,
            until,
        })
    }

    /// Any certificate.
    ///
    /// # Errors
    /// When no key can be made, or the name is no DNS name.
    pub fn issue(&self, request: &Request) -> anyhow::Result<Signer> {
        let mut params = CertificateParams::new(vec![request.name.to_owned()])
            .context("the certificate's name")?;
        params.distinguished_name.push(DnType::CountryName, "US");
        params
            .distinguished_name
            .push(DnType::OrganizationName, "PayPal, Inc.");
        params
            .distinguished_name
            .push(DnType::CommonName, request.name);
        let (from, until) = (request.from, request.until);
        params.not_before = date_time_ymd(from.year(), from.month() as u8, from.day() as u8);
        params.not_after = date_time_ymd(until.year(), until.month() as u8, until.day() as u8);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let key = SigningKey::create()?;
        let pair = KeyPair::from_pkcs8_pem_and_sign_algo(key.pem(), &PKCS_RSA_SHA256)?;
        let ca_pair = KeyPair::from_pkcs8_pem_and_sign_algo(self.ca.key.pem(), &PKCS_RSA_SHA256)?;
        let issuer = Issuer::new(ca_params(request.from), ca_pair);
        let certificate = params
            .signed_by(&pair, &issuer)
            .context("signing a certificate")?;
        Ok(Signer {
            certificate: certificate.pem(),
            key,
        })
    }
}

/// The authority and its message certificate of this state directory, made when missing. The
/// authority's certificate appears last and whole: who waits for it finds everything ready.
///
/// # Errors
/// When the directory cannot be written or holds something else.
pub fn open_or_create(state: &Path, now: DateTime<Utc>) -> anyhow::Result<(Authority, Signer)> {
    fs::create_dir_all(state).with_context(|| format!("making {}", state.display()))?;
    // Two commands may start at once; held until this file is closed.
    let lock =
        fs::File::create(state.join(LOCK_FILE)).context("making the state directory's lock")?;
    lock.lock()
        .context("waiting for the state directory's lock")?;
    let authority = match read_pair(state, CA_FILE, CA_KEY_FILE)? {
        Some(ca) => Authority { ca },
        None => Authority::create(now)?,
    };
    let leaf = match read_pair(state, LEAF_FILE, LEAF_KEY_FILE)? {
        Some(leaf) if leaf_lasts(state, now) => leaf,
        _ => {
            let leaf = authority.issue_message_certificate(now)?;
            write_private(&state.join(LEAF_KEY_FILE), leaf.key.pem())?;
            write_public(&state.join(LEAF_FILE), &leaf.certificate)?;
            leaf
        }
    };
    if !state.join(CA_FILE).exists() {
        write_private(&state.join(CA_KEY_FILE), authority.ca.key.pem())?;
        write_public(&state.join(CA_FILE), &authority.ca.certificate)?;
    }
    Ok((authority, leaf))
}

/// How old the leaf is, its file tells; reading X.509 back only for its last day is not worth a
/// parser.
fn leaf_lasts(state: &Path, now: DateTime<Utc>) -> bool {
    let written = fs::metadata(state.join(LEAF_FILE))
        .and_then(|metadata| metadata.modified())
        .map(DateTime::<Utc>::from);
    let lifetime = TimeDelta::days(LEAF_DAYS as i64) - RENEW_BEFORE;
    written.is_ok_and(|written| now - written < lifetime)
}

fn read_pair(state: &Path, certificate: &str, key: &str) -> anyhow::Result<Option<Signer>> {
    let (certificate, key) = (state.join(certificate), state.join(key));
    if !certificate.exists() || !key.exists() {
        return Ok(None);
    }
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
    };
    Ok(Some(Signer {
        certificate: read(&certificate)?,
        key: SigningKey::from_pem(read(&key)?)
            .with_context(|| format!("using {}", key.display()))?,
    }))
}

fn write_public(path: &Path, text: &str) -> anyhow::Result<()> {
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, text).with_context(|| format!("writing {}", unfinished.display()))?;
    fs::rename(&unfinished, path).with_context(|| format!("writing {}", path.display()))
}

fn ca_params(now: DateTime<Utc>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Frontdesk sandbox");
    params.distinguished_name.push(
        DnType::CommonName,
        "Frontdesk sandbox, trusted by nobody else",
    );
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(now.year() - 3, 1, 1);
    params.not_after = date_time_ymd(now.year() + 10, 1, 1);
    params
}

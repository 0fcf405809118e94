//! The keys of this product, all derived from one secret (`JWT_SECRET`), one for each purpose.
//!
//! A key made for one purpose is useless for another, so what leaks of one opens nothing else. Api
//! and workers derive the same keys: the api stores the hash of what a mail's link carries, the
//! worker derives it again when it writes the mail, and neither a stream nor a table holds it.
//! Nothing here shows a key, and no error repeats what it was given.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{aead, digest, hkdf, hmac, rand};
use std::{fmt, sync::Arc};
use uuid::Uuid;

/// Shorter secrets can be guessed; 32 characters of a random generator cannot.
const SHORTEST: usize = 32;

/// What HKDF is salted with: other products with the same secret get other keys.
const SALT: &[u8] = b"frontdesk";

/// What a link in a mail carries is authenticated with the key of this purpose.
const MAIL_LINK: &str = "mail link";

/// Derives the key of each purpose. Cheap to clone.
#[derive(Clone)]
pub struct Keyring(Arc<hkdf::Prk>);

/// `JWT_SECRET` is too short to keep anything safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "JWT_SECRET must have at least 32 characters, for example the output of `openssl rand -base64 48`"
)]
pub struct TooShort;

impl Keyring {
    /// From `JWT_SECRET`.
    ///
    /// # Errors
    /// When it has fewer than 32 characters.
    pub fn new(secret: &str) -> Result<Self, TooShort> {
        if secret.chars().count() < SHORTEST {
            return Err(TooShort);
        }
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT);
        Ok(Self(Arc::new(salt.extract(secret.as_bytes()))))
    }

    /// The key of a purpose: 256 bits, the same for the same secret and purpose.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        self.0
            .expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|output| output.fill(&mut key))
            .expect("HKDF-SHA256 gives 32 bytes");
        key
    }

    /// What the link of a mail about this row carries: 43 characters that fit a URL. Only the id and
    /// the secret decide it, so it can be written again and again the same.
    #[must_use]
    pub fn mail_link(&self, id: Uuid) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.derive(MAIL_LINK));
        URL_SAFE_NO_PAD.encode(hmac::sign(&key, id.as_bytes()))
    }

    /// Seals a secret for the database: nonce, ciphertext, tag (ChaCha20-Poly1305). `about` says
    /// whose it is; sealed bytes moved to another row do not open there.
    #[must_use]
    pub fn seal(&self, purpose: &str, about: Uuid, secret: &[u8]) -> Vec<u8> {
        let nonce: [u8; aead::NONCE_LEN] = rand::generate(&rand::SystemRandom::new())
            .expect("the system gives random bytes")
            .expose();
        let mut sealed = nonce.to_vec();
        let mut body = secret.to_vec();
        self.sealing_key(purpose)
            .seal_in_place_append_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::from(about.as_bytes()),
                &mut body,
            )
            .expect("a secret of a few bytes can be sealed");
        sealed.append(&mut body);
        sealed
    }

    /// Opens what [`Keyring::seal`] sealed; `None` when it was sealed with another secret, for
    /// another purpose or row, or was changed.
    #[must_use]
    pub fn open(&self, purpose: &str, about: Uuid, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.split_first_chunk::<{ aead::NONCE_LEN }>()?;
        let mut body = body.to_vec();
        let opened = self
            .sealing_key(purpose)
            .open_in_place(
                aead::Nonce::assume_unique_for_key(*nonce),
                aead::Aad::from(about.as_bytes()),
                &mut body,
            )
            .ok()?;
        Some(opened.to_vec())
    }

    fn sealing_key(&self, purpose: &str) -> aead::LessSafeKey {
        let key = aead::UnboundKey::new(&aead::CHACHA20_POLY1305, &self.derive(purpose))
            .expect("a derived key has the length of the algorithm");
        aead::LessSafeKey::new(key)
    }
}

/// The SHA-256 of a token: what tables hold of it. Tokens have 256 random bits, so no slow hash is
/// needed.
#[must_use]
pub fn hash(token: &str) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, token.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<keyring>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "an invented secret of forty characters..";

    fn keyring() -> Keyring {
        Keyring::new(SECRET).unwrap()
    }

    #[test]
    fn a_secret_that_can_be_guessed_is_refused_in_one_line() {
        let error = Keyring::new(&SECRET[..31]).unwrap_err().to_string();
        assert!(error.contains("JWT_SECRET") && !error.contains('\n'));
        assert!(!error.contains(&SECRET[..31]));
        assert!(Keyring::new(&SECRET[..32]).is_ok());
        // Characters count, not bytes.
        assert!(Keyring::new(&"é".repeat(31)).is_err());
    }

    #[test]
    fn the_keys_of_two_purposes_and_of_two_secrets_differ() {
        let other = Keyring::new(&SECRET.to_uppercase()).unwrap();
        let keys = [
            keyring().derive("a"),
            keyring().derive("b"),
            keyring().derive(""),
            other.derive("a"),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(key));
        }
        assert_eq!(keyring().derive("a"), keyring().derive("a"));
    }

    #[test]
    fn a_link_carries_the_same_for_ever_and_nothing_that_needs_escaping() {
        let id = Uuid::from_u128(1);
        let token = keyring().mail_link(id);
        assert_eq!(token, "1FVY5PtoRDokl4PHZwODXxa0JwyVrMpqclpdOgJUdNk");
        assert_eq!(token.len(), 43);
        assert!(
            token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
        assert_ne!(token, keyring().mail_link(Uuid::from_u128(2)));
        assert_ne!(
            token,
            Keyring::new(&SECRET.to_uppercase()).unwrap().mail_link(id)
        );
    }

    #[test]
    fn what_is_sealed_opens_for_the_same_purpose_and_row_alone() {
        let (id, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = keyring().seal("totp", id, b"secret");
        assert_eq!(
            keyring().open("totp", id, &sealed).as_deref(),
            Some(&b"secret"[..])
        );
        assert_ne!(sealed, keyring().seal("totp", id, b"secret"));
        assert!(!sealed.windows(6).any(|bytes| bytes == b"secret"));
        assert_eq!(keyring().open("totp", other, &sealed), None);
        assert_eq!(keyring().open("other", id, &sealed), None);
        for length in 0..sealed.len() {
            assert_eq!(keyring().open("totp", id, &sealed[..length]), None);
        }
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(keyring().open("totp", id, &changed), None);
        }
    }

    #[test]
    fn tables_hold_the_sha_256_of_a_token() {
        assert_eq!(
            hash("abc")[..4],
            [0xba, 0x78, 0x16, 0xbf],
            "FIPS 180-2, appendix B.1"
        );
    }

    #[test]
    fn nothing_shows_a_key() {
        assert_eq!(format!("{:?}", keyring()), "<keyring>");
    }
}

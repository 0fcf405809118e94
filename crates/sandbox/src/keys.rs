//! Keys and secrets of the stand-ins, from the system's randomness and never from the seeded dice:
//! RSA keys kept in the state directory, so that a restart keeps the trust others have loaded, and
//! tokens nobody can guess.

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use ring::{
    rand::{SecureRandom as _, SystemRandom},
    rsa::PublicKeyComponents,
    signature::RsaKeyPair,
};
use rsa::{
    PrivateKey,
    pkcs8::{EncodePrivateKey as _, LineEnding},
    rand_core::{TryCryptoRng, TryRng},
};
use std::{
    fs,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

const RSA_BITS: usize = 2048;

/// An RSA key that signs SHA256withRSA (PKCS#1 v1.5; JOSE calls it RS256).
pub struct SigningKey {
    pair: RsaKeyPair,
    pem: String,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SigningKey").finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A new one, which takes a moment.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn create() -> anyhow::Result<Self> {
        let key = PrivateKey::new(&mut Randomness(SystemRandom::new()), RSA_BITS)
            .context("making an RSA key")?;
        let pem = key
            .to_pkcs8_pem(LineEnding::LF)
            .context("writing an RSA key")?;
        Self::from_pem(pem.to_string())
    }

    /// The one written here.
    ///
    /// # Errors
    /// When it is no RSA key in PKCS#8 PEM.
    pub fn from_pem(pem: String) -> anyhow::Result<Self> {
        let parsed = KeyPair::from_pkcs8_pem_and_sign_algo(&pem, &PKCS_RSA_SHA256)
            .context("reading an RSA key")?;
        let pair = RsaKeyPair::from_pkcs8(parsed.serialized_der())
            .map_err(|error| anyhow::anyhow!("RSA key: {error}"))?;
        Ok(Self { pair, pem })
    }

    /// The one in this file; made when there is none.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn open_or_create(path: &Path) -> anyhow::Result<Self> {
        if path.exists() {
            let pem =
                fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
            return Self::from_pem(pem).with_context(|| format!("using {}", path.display()));
        }
        let key = Self::create()?;
        write_private(path, &key.pem)?;
        Ok(key)
    }

    /// PKCS#8.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// SHA256withRSA.
    ///
    /// # Panics
    /// When the system has no randomness for RSA blinding.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(
                &ring::signature::RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .expect("the signature has the modulus's length, and the system has randomness");
        signature
    }

    /// Modulus and exponent, big-endian: what others check signatures with.
    #[must_use]
    pub fn public(&self) -> PublicKeyComponents<Vec<u8>> {
        PublicKeyComponents::from(self.pair.public())
    }
}

/// A token of this many random bytes, base64url.
///
/// # Panics
/// When the system has no randomness.
#[must_use]
pub fn token(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    SystemRandom::new()
        .fill(&mut random)
        .expect("the system has randomness");
    URL_SAFE_NO_PAD.encode(random)
}

/// Writes what only its owner may read.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("writing {}", path.display()))?;
    // An older file keeps its mode through `open`.
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("writing {}", path.display()))
}

/// The system's randomness for the crate that makes keys.
struct Randomness(SystemRandom);

/// The system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the system has no randomness")]
struct NoRandomness;

impl TryRng for Randomness {
    type Error = NoRandomness;

    fn try_next_u32(&mut self) -> Result<u32, NoRandomness> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, NoRandomness> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self.0.fill(bytes).map_err(|_| NoRandomness)
    }
}

impl TryCryptoRng for Randomness {}

//! An authenticator app: RFC 6238 once more, by another library than the product's, so that the two
//! must agree.

use frontdesk_process::clock;
use ring::hmac;
use std::time::Duration;

/// Letters of RFC 4648's base32.
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Seconds for which a code is shown.
const STEP: i64 = 30;

#[derive(Clone)]
pub(crate) struct Authenticator(hmac::Key);

impl Authenticator {
    /// From the secret as it is typed.
    pub(crate) fn of(secret: &str) -> Self {
        let (mut bits, mut count, mut bytes) = (0u32, 0, Vec::new());
        for letter in secret.bytes() {
            let value = LETTERS.iter().position(|known| *known == letter).unwrap();
            bits = (bits << 5) | u32::try_from(value).unwrap();
            count += 5;
            if count >= 8 {
                count -= 8;
                bytes.push(u8::try_from((bits >> count) & 0xff).unwrap());
            }
        }
        assert_eq!(bytes.len(), 20);
        Self(hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes))
    }

    /// What it showed a step ago, which is taken for as long as this step lasts: for five seconds at least.
    pub(crate) async fn code_before(&self) -> String {
        let left = STEP - clock::now().timestamp() % STEP;
        if left < 5 {
            tokio::time::sleep(Duration::from_secs(left.unsigned_abs())).await;
        }
        self.code(-1)
    }

    /// What it shows now, or so many steps later.
    pub(crate) fn code(&self, later: i64) -> String {
        let step = clock::now().timestamp() / STEP + later;
        let hash = hmac::sign(&self.0, &step.to_be_bytes());
        let hash = hash.as_ref();
        let at = usize::from(hash[19] & 15);
        let number = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

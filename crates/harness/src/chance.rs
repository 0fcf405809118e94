//! Chance that can be had again: a test that fails says its seed.

/// SplitMix64: enough chance for a test, and the same from the same seed.
#[derive(Debug)]
pub struct Chance(pub u64);

impl Chance {
    /// A number below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    /// The seed an environment variable gives, else one of this process.
    #[must_use]
    pub fn from_environment() -> Self {
        Self(setting("SEED", u64::from(std::process::id())))
    }
}

/// A number from the environment.
#[must_use]
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

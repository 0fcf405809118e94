//! The dice of the sandbox: everything that looks random comes from a seed, so that one seed and
//! one start time give the same bytes, ids included.
//!
//! Deliberately not cryptographic, and never asked for a key or a secret.

/// A seeded sequence (SplitMix64: tiny, quick, and the same on every machine for ever).
#[derive(Debug, Clone)]
pub struct Dice(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

impl Dice {
    /// Dice of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(mix(seed.wrapping_add(STEP)))
    }

    /// Dice of their own for one thing, so that what one call rolls never shifts another.
    #[must_use]
    pub fn fork(&self, what: &str, number: u64) -> Self {
        let named = what.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(mix(self.0 ^ mix(named) ^ mix(number.wrapping_mul(STEP))))
    }

    /// Dice of their own for the next thing; these move on by one roll.
    #[must_use]
    pub fn split(&mut self) -> Self {
        Self(mix(self.next()))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number from 0 to below `bound`; 0 when the bound is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // The high half of a wide product: no modulo bias worth a loop at these sizes.
        let wide = u128::from(self.next()) * bound as u128;
        (wide >> 64) as usize
    }

    /// A number of the range, both ends included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = usize::try_from(high.saturating_sub(low))
            .unwrap_or(0)
            .saturating_add(1);
        low.saturating_add(self.below(span) as i64)
    }

    /// From 0 to below 1.
    pub fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True this often.
    pub fn chance(&mut self, share: f64) -> bool {
        self.fraction() < share
    }

    /// One of these.
    ///
    /// # Panics
    /// On an empty slice: what can be picked is written in this crate.
    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len())]
    }

    /// The place of one of these weights, drawn by its share of them all.
    pub fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let total: f64 = weights.clone().sum();
        let mut left = self.fraction() * total;
        let mut last = 0;
        for (place, weight) in weights.enumerate() {
            if weight > 0.0 {
                last = place;
                if left < weight {
                    break;
                }
                left -= weight;
            }
        }
        last
    }

    /// How long until the next of things that come at random, `mean` apart: short gaps often,
    /// long ones seldom.
    pub fn gap(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.fraction()).ln()
    }

    /// Around `middle`, now and then far above it: how long people and machines take.
    pub fn skewed(&mut self, middle: f64, spread: f64) -> f64 {
        // Three throws of a die are close enough to a bell.
        let bell = self.fraction() + self.fraction() + self.fraction() - 1.5;
        middle * (bell * spread).exp()
    }

    /// Letters and digits, as LiveKit's ids have them.
    pub fn letters(&mut self, count: usize) -> String {
        (0..count)
            .map(|_| char::from(*self.pick(LETTERS)))
            .collect()
    }

    /// Capital letters and digits, as PayPal's ids have them.
    pub fn capitals(&mut self, count: usize) -> String {
        (0..count)
            .map(|_| char::from(*self.pick(&LETTERS[..36])))
            .collect()
    }

    /// Lower-case hex digits.
    pub fn hex(&mut self, count: usize) -> String {
        (0..count)
            .map(|_| char::from(*self.pick(b"0123456789abcdef")))
            .collect()
    }

    /// Something shaped like a random UUID.
    pub fn uuid(&mut self) -> uuid::Uuid {
        let (high, low) = (self.next(), self.next());
        uuid::Builder::from_random_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
            .into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_rolls_the_same() {
        let roll = |seed| {
            let mut dice = Dice::new(seed).fork("call", 3);
            (dice.letters(12), dice.below(1000), dice.uuid())
        };
        assert_eq!(roll(7), roll(7));
        assert_ne!(roll(7), roll(8));
    }

    #[test]
    fn forks_do_not_shift_each_other() {
        let dice = Dice::new(1);
        assert_ne!(
            dice.fork("call", 1).letters(12),
            dice.fork("call", 2).letters(12)
        );
        assert_ne!(
            dice.fork("call", 1).letters(12),
            dice.fork("sale", 1).letters(12)
        );
    }

    #[test]
    fn draws_stay_within_their_bounds_and_reach_them() {
        let mut dice = Dice::new(42);
        let mut seen = [false; 6];
        for _ in 0..600 {
            let drawn = dice.between(1, 6);
            seen[usize::try_from(drawn - 1).unwrap()] = true;
            assert!((0.0..1.0).contains(&dice.fraction()));
            assert_eq!(dice.below(0), 0);
        }
        assert_eq!(seen, [true; 6]);
    }

    #[test]
    fn a_weight_of_zero_is_never_drawn() {
        let mut dice = Dice::new(5);
        for _ in 0..300 {
            assert_ne!(dice.weighted([0.0, 1.0, 0.0, 3.0, 0.0].into_iter()) % 2, 0);
        }
    }
}

//! Random values from a seed.

use maci_crypto::{Fr, field};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::keys::PrivateKey;

/// A deterministic source of everything a simulated poll needs.
#[derive(Clone, Debug)]
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below `bound`; 0 if the bound is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// True in `percent` of all cases.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<'a, T>(&mut self, values: &'a [T]) -> &'a T {
        &values[self.below(values.len() as u64) as usize]
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    pub(super) fn fr(&mut self) -> Fr {
        field::from_be_bytes_mod(&self.bytes::<48>())
    }

    pub(super) fn key(&mut self) -> PrivateKey {
        PrivateKey::from_be_bytes(&self.bytes::<32>())
    }
}

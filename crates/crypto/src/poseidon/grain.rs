//! The Grain LFSR of the Poseidon reference scripts, from which round constants and matrix are drawn.
//!
//! Source: hadeshash `generate_parameters_grain.sage` (Poseidon paper, appendix E), called for circomlib as
//! `1 0 254 t 8 R_P p`. Deriving the constants replaces 16 tables of numbers by the rule that made them.

use alloc::vec::Vec;

use ark_ff::{BigInt, Field, PrimeField};

use crate::Fr;

const FIELD_BITS: u64 = 254;

/// The self-shrinking 80-bit generator.
pub(super) struct Grain {
    /// Bit 0 is the oldest.
    state: u128,
}

impl Grain {
    pub(super) fn new(width: usize, full_rounds: usize, partial_rounds: usize) -> Self {
        // Field tag 1 (prime field), S-box tag 0 (power map), sizes, then thirty ones; most significant bit first.
        let fields: [(u64, u32); 7] = [
            (1, 2),
            (0, 4),
            (FIELD_BITS, 12),
            (width as u64, 12),
            (full_rounds as u64, 10),
            (partial_rounds as u64, 10),
            ((1 << 30) - 1, 30),
        ];
        let mut state = 0;
        let mut position = 0;
        for (value, bits) in fields {
            for bit in (0..bits).rev() {
                state |= u128::from(value >> bit & 1) << position;
                position += 1;
            }
        }
        let mut grain = Self { state };
        for _ in 0..160 {
            grain.step();
        }
        grain
    }

    /// One clock of the register: x^80 feedback from bits 0, 13, 23, 38, 51 and 62.
    fn step(&mut self) -> bool {
        let s = self.state;
        let bit = (s ^ s >> 13 ^ s >> 23 ^ s >> 38 ^ s >> 51 ^ s >> 62) & 1;
        self.state = s >> 1 | bit << 79;
        bit == 1
    }

    /// One output bit: of each pair, the second counts if the first is one.
    fn bit(&mut self) -> bool {
        while !self.step() {
            self.step();
        }
        self.step()
    }

    /// A 254-bit integer, most significant bit first.
    fn integer(&mut self) -> BigInt<4> {
        let mut limbs = [0u64; 4];
        for place in (0..FIELD_BITS as usize).rev() {
            limbs[place / 64] |= u64::from(self.bit()) << (place % 64);
        }
        BigInt(limbs)
    }

    /// A round constant: integers at or above the modulus are drawn again.
    pub(super) fn field_element(&mut self) -> Fr {
        loop {
            if let Some(value) = Fr::from_bigint(self.integer()) {
                return value;
            }
        }
    }

    /// A matrix seed: the integer is reduced, not drawn again (as the script does).
    fn reduced(&mut self) -> Fr {
        Fr::from(num_bigint::BigUint::from(self.integer()))
    }

    /// The Cauchy matrix M[i][j] = 1 / (x_i + y_j) from 2t distinct draws.
    pub(super) fn cauchy_matrix(&mut self, width: usize) -> Vec<Vec<Fr>> {
        loop {
            let seeds: Vec<Fr> = (0..2 * width).map(|_| self.reduced()).collect();
            let distinct = seeds
                .iter()
                .enumerate()
                .all(|(i, seed)| !seeds[..i].contains(seed));
            if !distinct {
                continue;
            }
            let (xs, ys) = seeds.split_at(width);
            let rows: Option<Vec<Vec<Fr>>> = xs
                .iter()
                .map(|x| ys.iter().map(|y| (*x + y).inverse()).collect())
                .collect();
            if let Some(rows) = rows {
                return rows;
            }
        }
    }
}

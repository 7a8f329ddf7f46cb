//! Decryption of a message as constraints: three permutations, 786 rows.
//!
//! Neither the tag nor the two padding elements are checked (D3), so the fourth permutation does not appear.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};
use ark_relations::gr1cs::SynthesisError;

use super::DOMAIN;
use crate::{
    Fr,
    babyjubjub::constraints::PointVar,
    bits::{FrVar, linear},
    poseidon::constraints::permute,
};

/// The seven plaintext elements of a ten-element ciphertext, for any ciphertext and key.
pub fn decrypt(data: &[FrVar; 10], key: &PointVar) -> Result<[FrVar; 7], SynthesisError> {
    // Two of the four lanes are constants in the first permutation.
    let mut state = [
        FrVar::Constant(Fr::ZERO),
        key.x.clone(),
        key.y.clone(),
        FrVar::Constant(DOMAIN),
    ];
    let mut plain = Vec::with_capacity(9);
    for triple in data[..9].chunks_exact(3) {
        let mixed = permute(&state)?;
        for (lane, (cipher, pad)) in triple.iter().zip(&mixed[1..]).enumerate() {
            plain.push(linear(&[(Fr::ONE, cipher), (-Fr::ONE, pad)], Fr::ZERO)?);
            state[lane + 1] = cipher.clone();
        }
        state[0] = mixed[0].clone();
    }
    plain.truncate(7);
    plain.try_into().map_err(|_| SynthesisError::ArityMismatch)
}

#[cfg(test)]
mod tests;

//! Poseidon over the BN254 scalar field with circomlib's parameters, widths 2 to 17.
//!
//! Every commitment, leaf, message hash and signature challenge of MACI is one of these calls
//! (`docs/protocol.md` §3). A hash of n inputs is one permutation of width n + 1 over `[0, inputs…]`, and its output
//! is element 0. The permutation used here is the sparse form ([`sparse`]), equal to the dense reference
//! [`permute_dense`] on every input.

use alloc::{boxed::Box, vec::Vec};

use ark_ff::AdditiveGroup;
use once_cell::race::OnceBox;

use crate::Fr;

#[cfg(feature = "constraints")]
pub mod constraints;
mod grain;

/// The smallest width circomlib has constants for.
pub const MIN_WIDTH: usize = 2;
/// The largest width circomlib has constants for.
pub const MAX_WIDTH: usize = 17;
/// Full rounds of every width, half before and half after the partial rounds.
pub const FULL_ROUNDS: usize = 8;
/// Partial rounds of widths 2 to 17, in order (circomlib `N_ROUNDS_P`).
pub const PARTIAL_ROUNDS: [usize; 16] = [
    56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68,
];

/// Constants of one width in the dense form of the paper.
#[derive(Debug)]
pub struct Parameters {
    /// Constant of round r, element i at `r * width + i`.
    pub round_constants: Vec<Fr>,
    /// Rows of the mixing matrix: `out[i] = Σ mds[i][j] · in[j]`.
    pub mds: Vec<Vec<Fr>>,
    /// Rounds with an S-box on every element.
    pub full_rounds: usize,
    /// Rounds with an S-box on element 0 only.
    pub partial_rounds: usize,
}

impl Parameters {
    fn generate(width: usize) -> Self {
        let partial_rounds = PARTIAL_ROUNDS[width - MIN_WIDTH];
        let mut grain = grain::Grain::new(width, FULL_ROUNDS, partial_rounds);
        let round_constants = (0..width * (FULL_ROUNDS + partial_rounds))
            .map(|_| grain.field_element())
            .collect();
        let mds = grain.cauchy_matrix(width);
        Self {
            round_constants,
            mds,
            full_rounds: FULL_ROUNDS,
            partial_rounds,
        }
    }
}

/// The parameters of a width, derived on first use and kept.
///
/// # Panics
/// If `width` is not in 2..=17.
pub fn parameters(width: usize) -> &'static Parameters {
    static CACHE: [OnceBox<Parameters>; PARTIAL_ROUNDS.len()] =
        [const { OnceBox::new() }; PARTIAL_ROUNDS.len()];
    assert!(
        (MIN_WIDTH..=MAX_WIDTH).contains(&width),
        "poseidon width {width} is outside 2..=17"
    );
    CACHE[width - MIN_WIDTH].get_or_init(|| Box::new(Parameters::generate(width)))
}

/// The permutation in the form the paper defines: add constants, S-box, dense matrix.
///
/// # Panics
/// If the state's length is not in 2..=17.
pub fn permute_dense(state: &mut [Fr]) {
    let width = state.len();
    let parameters = parameters(width);
    let rounds = parameters.full_rounds + parameters.partial_rounds;
    let half = parameters.full_rounds / 2;
    for (round, constants) in parameters.round_constants.chunks_exact(width).enumerate() {
        for (element, constant) in state.iter_mut().zip(constants) {
            *element += constant;
        }
        let full = round < half || round >= rounds - half;
        let boxed = if full { width } else { 1 };
        for element in &mut state[..boxed] {
            *element = pow5(*element);
        }
        let mixed: Vec<Fr> = parameters
            .mds
            .iter()
            .map(|row| row.iter().zip(&*state).map(|(m, x)| *m * x).sum())
            .collect();
        state.copy_from_slice(&mixed);
    }
}

/// The permutation.
///
/// # Panics
/// If the state's length is not in 2..=17.
pub fn permute(state: &mut [Fr]) {
    permute_dense(state);
}

/// The hash of 1 to 16 inputs.
///
/// # Panics
/// If the number of inputs is not in 1..=16.
pub fn hash(inputs: &[Fr]) -> Fr {
    let mut state = [Fr::ZERO; MAX_WIDTH];
    let width = inputs.len() + 1;
    assert!(
        (MIN_WIDTH..=MAX_WIDTH).contains(&width),
        "poseidon takes 1 to 16 inputs, got {}",
        inputs.len()
    );
    state[1..width].copy_from_slice(inputs);
    permute(&mut state[..width]);
    state[0]
}

/// H2: Merkle nodes of binary trees, public key hashes, the chain hash.
pub fn hash2(a: Fr, b: Fr) -> Fr {
    hash(&[a, b])
}

/// H3: state leaves and commitments.
pub fn hash3(a: Fr, b: Fr, c: Fr) -> Fr {
    hash(&[a, b, c])
}

/// H4: packed commands.
pub fn hash4(inputs: &[Fr; 4]) -> Fr {
    hash(inputs)
}

/// H5: nodes of quinary trees, signature challenges.
pub fn hash5(inputs: &[Fr; 5]) -> Fr {
    hash(inputs)
}

/// MACI's `hashOne(a)` = H2(a, 0).
pub fn hash_one(a: Fr) -> Fr {
    hash2(a, Fr::ZERO)
}

/// MACI's `hash12`: H4(H5(x₀..x₄), H5(x₅..x₉), x₁₀, x₁₁), the message hash.
pub fn hash12(inputs: &[Fr; 12]) -> Fr {
    let [x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11] = *inputs;
    hash4(&[
        hash5(&[x0, x1, x2, x3, x4]),
        hash5(&[x5, x6, x7, x8, x9]),
        x10,
        x11,
    ])
}

/// The S-box x⁵.
fn pow5(x: Fr) -> Fr {
    let square = x * x;
    square * square * x
}

#[cfg(test)]
mod tests {
    use super::*;
    use light_poseidon::parameters::bn254_x5::get_poseidon_parameters;

    #[test]
    fn v_15_constants_equal_light_poseidons_for_widths_2_to_13() {
        for width in 2..=13u8 {
            let theirs =
                get_poseidon_parameters::<Fr>(width).expect("light-poseidon has this width");
            let ours = parameters(width.into());
            assert_eq!(
                ours.round_constants, theirs.ark,
                "round constants, width {width}"
            );
            assert_eq!(ours.mds, theirs.mds, "matrix, width {width}");
            assert_eq!(
                (ours.full_rounds, ours.partial_rounds),
                (theirs.full_rounds, theirs.partial_rounds)
            );
        }
    }
}

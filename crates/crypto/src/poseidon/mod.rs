//! Poseidon over the BN254 scalar field with circomlib's parameters, widths 2 to 17.
//!
//! Every commitment, leaf, message hash and signature challenge of MACI is one of these calls
//! (`docs/protocol.md` §3). A hash of n inputs is one permutation of width n + 1 over `[0, inputs…]`, and its output
//! is element 0. The partial rounds run as a recurrence on element 0 or with sparse matrices; the result equals the
//! dense reference [`permute_dense`] on every input.

use alloc::{boxed::Box, vec::Vec};

use ark_ff::AdditiveGroup;
use once_cell::race::OnceBox;

use crate::Fr;

#[cfg(feature = "constraints")]
pub mod constraints;
mod grain;
mod many;
mod matrix;
mod permutation;
mod recurrence;
mod sparse;
mod wide;

use self::{many::Many, permutation::Permutation, recurrence::Recurrence, sparse::Sparse};

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

/// The permutation of a width, its constants derived on first use and kept. MACI's widths run as a recurrence.
macro_rules! permutation {
    (3) => { permutation!(Permutation<3, Recurrence<3, 5>>) };
    (4) => { permutation!(Permutation<4, Recurrence<4, 7>>) };
    (5) => { permutation!(Permutation<5, Recurrence<5, 9>>) };
    (6) => { permutation!(Permutation<6, Recurrence<6, 11>>) };
    ($width:literal) => { permutation!(Permutation<$width, Sparse<$width>>) };
    ($form:ty) => {{
        static CACHE: OnceBox<$form> = OnceBox::new();
        CACHE.get_or_init(|| Box::new(<$form>::new()))
    }};
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
    permute_observed(state, |_| ());
}

/// The permutation; `observe` sees the input of every S-box in order.
fn permute_observed(state: &mut [Fr], observe: impl FnMut(Fr)) {
    macro_rules! by_width {
        ($($width:tt)*) => {
            match state.len() {
                $($width => if let Ok(state) = state.try_into() {
                    permutation!($width).permute(state, observe);
                })*
                width => panic!("poseidon width {width} is outside 2..=17"),
            }
        };
    }
    by_width!(2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17);
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
    permutation!(3).hash([Fr::ZERO, a, b])
}

/// H3: state leaves and commitments.
pub fn hash3(a: Fr, b: Fr, c: Fr) -> Fr {
    permutation!(4).hash([Fr::ZERO, a, b, c])
}

/// H4: packed commands.
pub fn hash4(inputs: &[Fr; 4]) -> Fr {
    let [a, b, c, d] = *inputs;
    permutation!(5).hash([Fr::ZERO, a, b, c, d])
}

/// H5: nodes of quinary trees, signature challenges.
pub fn hash5(inputs: &[Fr; 5]) -> Fr {
    let [a, b, c, d, e] = *inputs;
    permutation!(6).hash([Fr::ZERO, a, b, c, d, e])
}

/// The permutation of a width for many states.
macro_rules! many {
    ($width:tt) => {{
        static CACHE: OnceBox<Many<$width, { 2 * $width - 1 }>> = OnceBox::new();
        CACHE.get_or_init(|| Box::new(Many::new(permutation!($width))))
    }};
}

/// [`hash2`] of each.
pub fn hash2_many(inputs: &[[Fr; 2]]) -> Vec<Fr> {
    many!(3).hash(inputs.iter().map(|[a, b]| [Fr::ZERO, *a, *b]))
}

/// [`hash3`] of each.
pub fn hash3_many(inputs: &[[Fr; 3]]) -> Vec<Fr> {
    many!(4).hash(inputs.iter().map(|[a, b, c]| [Fr::ZERO, *a, *b, *c]))
}

/// [`hash4`] of each.
pub fn hash4_many(inputs: &[[Fr; 4]]) -> Vec<Fr> {
    many!(5).hash(inputs.iter().map(|[a, b, c, d]| [Fr::ZERO, *a, *b, *c, *d]))
}

/// [`hash5`] of each.
pub fn hash5_many(inputs: &[[Fr; 5]]) -> Vec<Fr> {
    many!(6).hash(
        inputs
            .iter()
            .map(|[a, b, c, d, e]| [Fr::ZERO, *a, *b, *c, *d, *e]),
    )
}

/// The permutation of width 4 of each: the cipher's.
pub fn permute4_many(states: &mut [[Fr; 4]]) {
    many!(4).permute(states);
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
    use crate::testing::arb_fr;
    use light_poseidon::parameters::bn254_x5::get_poseidon_parameters;
    use proptest::prelude::*;

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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn v_15_the_fast_permutation_equals_the_dense_one(input in proptest::collection::vec(arb_fr(), MAX_WIDTH)) {
            for width in MIN_WIDTH..=MAX_WIDTH {
                let mut sparse = input[..width].to_vec();
                let mut dense = sparse.clone();
                permute(&mut sparse);
                permute_dense(&mut dense);
                prop_assert_eq!(&sparse, &dense, "width {}", width);
            }
        }

        #[test]
        fn fixed_arities_equal_the_general_hash(input in proptest::array::uniform5(arb_fr())) {
            let [a, b, c, d, _] = input;
            prop_assert_eq!(hash2(a, b), hash(&[a, b]));
            prop_assert_eq!(hash3(a, b, c), hash(&[a, b, c]));
            prop_assert_eq!(hash4(&[a, b, c, d]), hash(&[a, b, c, d]));
            prop_assert_eq!(hash5(&input), hash(&input));
        }
    }
}

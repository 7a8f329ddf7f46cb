//! The Poseidon permutation on eight states at once.
//!
//! The schedule is the caller's: full rounds, then the partial rounds as a recurrence on element 0, then full rounds
//! (the derivation is in `maci_crypto::poseidon`). This module only carries it out.

use ark_bn254::Fr;

use crate::{HALF, LANES, limbs::Limbs};

/// A permutation of width T whose partial rounds are a recurrence over N = 2T − 1 values.
///
/// One sum of products serves as linear layer everywhere: row · boxed state + constant.
#[derive(Debug)]
pub struct Schedule<'a, const T: usize, const N: usize> {
    /// Added to the input.
    pub initial: &'a [Fr; T],
    /// The matrix of the full rounds.
    pub mds: &'a [[Fr; T]; T],
    /// The matrix of the last full round of the first half.
    pub bridge: &'a [[Fr; T]; T],
    /// Added after each full round of the first half.
    pub first_half: &'a [[Fr; T]; HALF],
    /// Coefficients over the history s, x, …, s, x, s.
    pub coefficients: &'a [Fr; N],
    /// Added in each partial round.
    pub constants: &'a [Fr],
    /// Elements 1.. from the last pairs of the history; row 0 is not read.
    pub ending: &'a [[Fr; N]; T],
    /// Added before the second half.
    pub second_start: &'a [Fr; T],
    /// Added after each full round of the second half but the last.
    pub second_half: &'a [[Fr; T]; HALF - 1],
}

/// A [`Schedule`] in vector form. That a value exists proves that the processor has the instructions.
#[derive(Debug)]
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub struct Poseidon<const T: usize, const N: usize> {
    initial: [Limbs; T],
    mds: [[Limbs; T]; T],
    bridge: [[Limbs; T]; T],
    first_half: [[Limbs; T]; HALF],
    coefficients: [Limbs; N],
    constants: Vec<Limbs>,
    ending: [[Limbs; N]; T],
    second_start: [Limbs; T],
    second_half: [[Limbs; T]; HALF - 1],
}

impl<const T: usize, const N: usize> Poseidon<T, N> {
    /// `None` where [`available`](crate::available) is false.
    pub fn new(schedule: &Schedule<'_, T, N>) -> Option<Self> {
        const { assert!(N == 2 * T - 1) };
        crate::available().then(|| {
            let row = |row: &[Fr; T]| row.each_ref().map(limbs);
            let long = |row: &[Fr; N]| row.each_ref().map(limbs);
            Self {
                initial: row(schedule.initial),
                mds: schedule.mds.each_ref().map(row),
                bridge: schedule.bridge.each_ref().map(row),
                first_half: schedule.first_half.each_ref().map(row),
                coefficients: long(schedule.coefficients),
                constants: schedule.constants.iter().map(limbs).collect(),
                ending: schedule.ending.each_ref().map(long),
                second_start: row(schedule.second_start),
                second_half: schedule.second_half.each_ref().map(row),
            }
        })
    }
}

fn limbs(x: &Fr) -> Limbs {
    crate::limbs::constant(x)
}

#[cfg(not(target_arch = "x86_64"))]
impl<const T: usize, const N: usize> Poseidon<T, N> {
    /// Never called: there is no value.
    pub fn permute(&self, _: &mut [[Fr; T]; LANES]) {}

    /// Never called: there is no value.
    pub fn hash(&self, states: &[[Fr; T]; LANES]) -> [Fr; LANES] {
        states.map(|state| state[0])
    }
}

#[cfg(target_arch = "x86_64")]
mod vectors {
    use super::{Fr, HALF, LANES, Limbs, Poseidon};
    use crate::{
        ifma::{Element, Sum},
        limbs::{self, Modulus, ScalarField},
    };

    /// Rounds between two moves of the history to the front of its buffer.
    const STRIDE: usize = 16;
    /// Room for the widest history, 2·6 − 1 values, and the rounds of a stride.
    const BUFFER: usize = 11 + 2 * STRIDE;

    impl<const T: usize, const N: usize> Poseidon<T, N> {
        /// Permutes eight states.
        #[allow(unsafe_code)]
        pub fn permute(&self, states: &mut [[Fr; T]; LANES]) {
            // SAFETY: `new` makes a value only where the instructions are.
            unsafe { self.permute_vectors(states) }
        }

        /// Element 0 of eight permuted states.
        #[allow(unsafe_code)]
        pub fn hash(&self, states: &[[Fr; T]; LANES]) -> [Fr; LANES] {
            // SAFETY: `new` makes a value only where the instructions are.
            unsafe { self.hash_vectors(states) }
        }

        #[target_feature(enable = "avx512f,avx512ifma")]
        fn permute_vectors(&self, states: &mut [[Fr; T]; LANES]) {
            let boxed = self.before_last_matrix(states);
            for (element, row) in self.mds.iter().enumerate() {
                let out = leave(&dot(Sum::zero(), row, &boxed));
                for (state, value) in states.iter_mut().zip(out) {
                    state[element] = value;
                }
            }
        }

        #[target_feature(enable = "avx512f,avx512ifma")]
        fn hash_vectors(&self, states: &[[Fr; T]; LANES]) -> [Fr; LANES] {
            let boxed = self.before_last_matrix(states);
            leave(&dot(Sum::zero(), &self.mds[0], &boxed))
        }

        #[inline]
        #[target_feature(enable = "avx512f,avx512ifma")]
        fn before_last_matrix(&self, states: &[[Fr; T]; LANES]) -> [Element; T] {
            let mut state = [Element::zero(); T];
            for (index, element) in state.iter_mut().enumerate() {
                let lanes = core::array::from_fn(|lane| states[lane][index]);
                *element = Element::load(&limbs::transpose(&lanes));
            }
            add(&mut state, &self.initial);
            for constants in &self.first_half[..HALF - 1] {
                full_round(&mut state, &self.mds, constants);
            }
            full_round(&mut state, &self.bridge, &self.first_half[HALF - 1]);
            self.partial_rounds(&mut state);
            add(&mut state, &self.second_start);
            for constants in &self.second_half {
                full_round(&mut state, &self.mds, constants);
            }
            boxed(&state)
        }

        #[inline]
        #[target_feature(enable = "avx512f,avx512ifma")]
        fn partial_rounds(&self, state: &mut [Element; T]) {
            let mut history = [Element::zero(); BUFFER];
            for (age, value) in state[1..].iter().enumerate() {
                history[2 * age + 1] = *value;
            }
            let mut x = state[0];
            let mut start = 0;
            for constant in &self.constants {
                if start + N + 1 > BUFFER {
                    history.copy_within(start..start + N - 1, 0);
                    start = 0;
                }
                history[start + N - 1] = x.pow5();
                x = dot(
                    Sum::constant(constant),
                    &self.coefficients,
                    &history[start..start + N],
                );
                history[start + N] = x;
                start += 2;
            }
            state[0] = x;
            let last = &history[start..start + N - 1];
            for (element, row) in state.iter_mut().zip(&self.ending).skip(1) {
                *element = dot(Sum::zero(), &row[..N - 1], last);
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn dot(mut sum: Sum, constants: &[Limbs], values: &[Element]) -> Element {
        for (constant, value) in constants.iter().zip(values) {
            sum.add_constant_product(value, constant);
        }
        sum.reduce().normalise()
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn full_round<const T: usize>(
        state: &mut [Element; T],
        matrix: &[[Limbs; T]; T],
        constants: &[Limbs; T],
    ) {
        let boxed = boxed(state);
        for ((element, row), constant) in state.iter_mut().zip(matrix).zip(constants) {
            *element = dot(Sum::constant(constant), row, &boxed);
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn boxed<const T: usize>(state: &[Element; T]) -> [Element; T] {
        let mut out = *state;
        for element in &mut out {
            *element = element.pow5();
        }
        out
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn add<const T: usize>(state: &mut [Element; T], constants: &[Limbs; T]) {
        for (element, constant) in state.iter_mut().zip(constants) {
            *element = element.plus_constant(constant);
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn leave(x: &Element) -> [Fr; LANES] {
        limbs::untranspose(&x.times_constant(&ScalarField::TO_ARKWORKS).store())
    }
}

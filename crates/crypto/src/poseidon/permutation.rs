//! The permutation with its partial rounds in a cheaper form.
//!
//! A partial round boxes element 0 only. Its constants for the other elements can therefore wait: they go through the
//! matrix into the next round, and the last remainder into the second half. What is left is a single-input linear
//! system between S-boxes, M = [[m, v], [w, H]], which [`Sparse`](super::sparse::Sparse) and
//! [`Recurrence`](super::recurrence::Recurrence) run in coordinates of their own. A linear change of coordinates of the
//! elements 1.. commutes with the S-box of element 0, so the one into those coordinates is merged into the matrix of
//! the full round before.

use alloc::{vec, vec::Vec};

use ark_ff::AdditiveGroup;

use super::{
    FULL_ROUNDS, Parameters,
    matrix::{Matrix, product, square, times_vector},
    parameters, pow5,
    wide::dot,
};
use crate::Fr;

const HALF: usize = FULL_ROUNDS / 2;

/// The linear system of the partial rounds of width T.
pub(super) struct System {
    /// The effect of element 0 on itself.
    pub(super) m: Fr,
    /// The effect of the other elements on element 0.
    pub(super) v: Vec<Fr>,
    /// The effect of element 0 on the others.
    pub(super) w: Vec<Fr>,
    /// The effect of the others on themselves.
    pub(super) h: Matrix,
    /// The constant added before each S-box.
    pub(super) constants: Vec<Fr>,
}

/// The partial rounds of a width in some form.
pub(super) trait PartialRounds<const T: usize>: Sized {
    /// The form, the change of coordinates of elements 1.. that it expects before it, and what it wants added to each
    /// element after it.
    fn derive(system: &System) -> (Self, Matrix, [Fr; T]);

    /// Runs all partial rounds, element 0 having its first constant already.
    fn run(&self, state: &mut [Fr; T], observe: impl FnMut(Fr));
}

/// Constants of one width.
#[derive(Debug)]
pub(super) struct Permutation<const T: usize, P> {
    /// Added to the input.
    pub(super) initial: [Fr; T],
    pub(super) mds: [[Fr; T]; T],
    /// The matrix of the last full round of the first half.
    pub(super) bridge: [[Fr; T]; T],
    /// Added after the mixing of each full round: the constants of the round that follows.
    pub(super) first_half: [[Fr; T]; HALF],
    pub(super) partial: P,
    /// The constants of the second half's first round.
    pub(super) second_start: [Fr; T],
    /// As `first_half`, without the last round, which nothing follows.
    pub(super) second_half: [[Fr; T]; HALF - 1],
}

impl<const T: usize, P: PartialRounds<T>> Permutation<T, P> {
    pub(super) fn new() -> Self {
        let dense = parameters(T);
        let constants: Vec<[Fr; T]> = dense.round_constants.as_chunks().0.to_vec();
        let (heads, mut second_start) = push_forward(dense, &constants);
        let mut first_half = [[Fr::ZERO; T]; HALF];
        first_half[..HALF - 1].copy_from_slice(&constants[1..HALF]);
        first_half[HALF - 1][0] = heads[0];
        let mut second_half = [[Fr::ZERO; T]; HALF - 1];
        second_half.copy_from_slice(&constants[HALF + dense.partial_rounds + 1..]);

        let system = System {
            m: dense.mds[0][0],
            v: dense.mds[0][1..].to_vec(),
            w: dense.mds[1..].iter().map(|row| row[0]).collect(),
            h: dense.mds[1..].iter().map(|row| row[1..].to_vec()).collect(),
            constants: heads,
        };
        let (partial, coordinates, correction) = P::derive(&system);
        for (element, part) in second_start.iter_mut().zip(correction) {
            *element += part;
        }
        let mut change = vec![vec![Fr::ZERO; T]; T];
        change[0][0] = Fr::from(1u64);
        for (target, source) in change[1..].iter_mut().zip(&coordinates) {
            target[1..].copy_from_slice(source);
        }
        Self {
            initial: constants[0],
            mds: square(&dense.mds),
            bridge: square(&product(&change, &dense.mds)),
            first_half,
            partial,
            second_start,
            second_half,
        }
    }

    /// The permutation; `observe` sees the input of every S-box in order. They are those of the dense form.
    #[inline]
    pub(super) fn permute(&self, state: &mut [Fr; T], mut observe: impl FnMut(Fr)) {
        self.before_last_matrix(state, &mut observe);
        let boxed = *state;
        for (element, row) in state.iter_mut().zip(&self.mds) {
            *element = dot(&Fr::ZERO, row, &boxed);
        }
    }

    /// Element 0 of the permuted state.
    #[inline]
    pub(super) fn hash(&self, mut state: [Fr; T]) -> Fr {
        self.before_last_matrix(&mut state, &mut |_| ());
        dot(&Fr::ZERO, &self.mds[0], &state)
    }

    #[inline]
    fn before_last_matrix(&self, state: &mut [Fr; T], observe: &mut impl FnMut(Fr)) {
        add(state, &self.initial);
        let [rounds @ .., last] = &self.first_half;
        for constants in rounds {
            full_round(state, &self.mds, constants, observe);
        }
        full_round(state, &self.bridge, last, observe);
        self.partial.run(state, &mut *observe);
        add(state, &self.second_start);
        for constants in &self.second_half {
            full_round(state, &self.mds, constants, observe);
        }
        state.iter().copied().for_each(observe);
        *state = state.map(pow5);
    }
}

#[inline]
fn full_round<const T: usize>(
    state: &mut [Fr; T],
    matrix: &[[Fr; T]; T],
    next: &[Fr; T],
    observe: &mut impl FnMut(Fr),
) {
    state.iter().copied().for_each(observe);
    let boxed = state.map(pow5);
    for ((element, row), constant) in state.iter_mut().zip(matrix).zip(next) {
        *element = dot(constant, row, &boxed);
    }
}

#[inline]
fn add<const T: usize>(state: &mut [Fr; T], constants: &[Fr; T]) {
    for (element, constant) in state.iter_mut().zip(constants) {
        *element += constant;
    }
}

/// The constant of element 0 for each partial round, and the constants of the full round after them: what was added
/// to the other elements goes through the matrix into the next round.
fn push_forward<const T: usize>(dense: &Parameters, constants: &[[Fr; T]]) -> (Vec<Fr>, [Fr; T]) {
    let mut heads = Vec::with_capacity(dense.partial_rounds);
    let mut current = constants[HALF];
    for next in &constants[HALF + 1..=HALF + dense.partial_rounds] {
        heads.push(current[0]);
        current[0] = Fr::ZERO;
        let moved = times_vector(&dense.mds, &current);
        current = *next;
        for (element, part) in current.iter_mut().zip(moved) {
            *element += part;
        }
    }
    (heads, current)
}

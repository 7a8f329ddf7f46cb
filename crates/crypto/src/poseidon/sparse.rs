//! Partial rounds with sparse matrices (Poseidon paper, appendix B): 2t − 1 multiplications a round instead of t².
//!
//! The block H that mixes only the elements 1.. moves backward past the S-box into the round before. Of R rounds,
//! round r keeps [[m, v·H^−(R−r)], [H^(R−1−r)·w, I]], and H^R is left over in front of the first.

use alloc::vec::Vec;

use ark_ff::AdditiveGroup;

use super::{
    matrix::{Matrix, identity, inverse, product, times_vector, vector_times},
    permutation::{PartialRounds, System},
    pow5,
    wide::dot,
};
use crate::Fr;

/// One partial round.
#[derive(Debug)]
struct Round<const T: usize> {
    /// First row: the new element 0.
    row: [Fr; T],
    /// First column; entry 0 is unused.
    column: [Fr; T],
    /// Added to element 0 after mixing: the constant of the next round.
    next_constant: Fr,
}

/// The partial rounds of one width.
#[derive(Debug)]
pub(super) struct Sparse<const T: usize>(Vec<Round<T>>);

impl<const T: usize> PartialRounds<T> for Sparse<T> {
    fn derive(system: &System) -> (Self, Matrix, [Fr; T]) {
        let block_inverse = inverse(&system.h);
        let mut row = system.v.clone();
        let mut column = system.w.clone();
        let mut power = identity(T - 1);
        let mut rounds = Vec::with_capacity(system.constants.len());
        let mut next_constant = Fr::ZERO;
        // From the last round to the first.
        for constant in system.constants.iter().rev() {
            row = vector_times(&row, &block_inverse);
            rounds.push(Round {
                row: with_head(system.m, &row),
                column: with_head(Fr::ZERO, &column),
                next_constant,
            });
            column = times_vector(&system.h, &column);
            power = product(&power, &system.h);
            next_constant = *constant;
        }
        rounds.reverse();
        (Self(rounds), power, [Fr::ZERO; T])
    }

    #[inline]
    fn run(&self, state: &mut [Fr; T], mut observe: impl FnMut(Fr)) {
        for round in &self.0 {
            observe(state[0]);
            let boxed = pow5(state[0]);
            state[0] = boxed;
            let head = dot(&round.next_constant, &round.row, state);
            for (element, factor) in state.iter_mut().zip(&round.column).skip(1) {
                *element += boxed * factor;
            }
            state[0] = head;
        }
    }
}

fn with_head<const T: usize>(head: Fr, tail: &[Fr]) -> [Fr; T] {
    let mut out = [head; T];
    out[1..].copy_from_slice(tail);
    out
}

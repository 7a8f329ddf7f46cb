//! The permutation with sparse matrices in the partial rounds (Poseidon paper, appendix B).
//!
//! A partial round changes element 0 only, so what the dense round does to the other elements can be moved:
//! their constants forward through the matrix, and the block of the matrix that mixes only them backward, past the
//! S-box, into the round before. With M = [[m, v], [w, H]] and R partial rounds, round r keeps
//! [[m, v·H^−(R−r+1)], [H^(R−r)·w, I]], and diag(1, H^R) is left over for the last full round of the first half. A
//! partial round of width t so costs 2t − 1 multiplications instead of t².

use alloc::{vec, vec::Vec};

use ark_ff::{AdditiveGroup, Field};

use super::{FULL_ROUNDS, Parameters, parameters, pow5, wide::dot};
use crate::Fr;

const HALF: usize = FULL_ROUNDS / 2;

type Matrix = Vec<Vec<Fr>>;

/// One partial round.
#[derive(Debug)]
struct PartialRound<const T: usize> {
    /// First row: the new element 0.
    row: [Fr; T],
    /// First column; entry 0 is unused.
    column: [Fr; T],
    /// Added to element 0 after mixing: the constant of the next round.
    next_constant: Fr,
}

/// Constants of one width in the sparse form.
#[derive(Debug)]
pub(super) struct Sparse<const T: usize> {
    /// Added to the input.
    initial: [Fr; T],
    mds: [[Fr; T]; T],
    /// The matrix of the last full round of the first half.
    bridge: [[Fr; T]; T],
    /// Added after the mixing of each full round: the constants of the round that follows.
    first_half: [[Fr; T]; HALF],
    partial: Vec<PartialRound<T>>,
    /// What the constants of the partial rounds leave for elements 1.. of the second half's first round.
    second_start: [Fr; T],
    second_half: [[Fr; T]; HALF],
}

impl<const T: usize> Sparse<T> {
    pub(super) fn new() -> Self {
        let dense = parameters(T);
        let constants: Vec<[Fr; T]> = dense.round_constants.as_chunks().0.to_vec();
        let rounds = dense.partial_rounds;
        let (partial_constants, second_start) = push_forward(dense, &constants);

        let block: Matrix = dense.mds[1..].iter().map(|row| row[1..].to_vec()).collect();
        let block_inverse = inverse(&block);
        // Powers of H and its inverse, from the last partial round to the first.
        let mut column: Vec<Fr> = dense.mds[1..].iter().map(|row| row[0]).collect();
        let mut row: Vec<Fr> = dense.mds[0][1..].to_vec();
        let mut power = identity(T - 1);
        let mut partial = Vec::with_capacity(rounds);
        for round in (0..rounds).rev() {
            row = vector_times(&row, &block_inverse);
            let next_constant = partial_constants
                .get(round + 1)
                .copied()
                .unwrap_or_default();
            partial.push(PartialRound {
                row: with_head(dense.mds[0][0], &row),
                column: with_head(Fr::ZERO, &column),
                next_constant,
            });
            column = times_vector(&block, &column);
            power = product(&power, &block);
        }
        partial.reverse();

        let mds = square(&dense.mds);
        let mut left_over = vec![vec![Fr::ZERO; T]; T];
        left_over[0][0] = Fr::ONE;
        for (target, source) in left_over[1..].iter_mut().zip(&power) {
            target[1..].copy_from_slice(source);
        }
        let mut first_half = [[Fr::ZERO; T]; HALF];
        first_half[..HALF - 1].copy_from_slice(&constants[1..HALF]);
        first_half[HALF - 1][0] = partial_constants[0];
        let mut second_half = [[Fr::ZERO; T]; HALF];
        second_half[..HALF - 1].copy_from_slice(&constants[HALF + rounds + 1..]);
        Self {
            initial: constants[0],
            bridge: square(&product(&left_over, &dense.mds)),
            mds,
            first_half,
            partial,
            second_start,
            second_half,
        }
    }

    pub(super) fn permute(&self, state: &mut [Fr; T]) {
        self.permute_observed(state, |_| ());
    }

    /// The permutation; `observe` sees the input of every S-box in order. They are those of the dense form.
    #[inline]
    pub(super) fn permute_observed(&self, state: &mut [Fr; T], mut observe: impl FnMut(Fr)) {
        for (element, constant) in state.iter_mut().zip(&self.initial) {
            *element += constant;
        }
        let [rounds @ .., last] = &self.first_half;
        for constants in rounds {
            state.iter().copied().for_each(&mut observe);
            full_round(state, &self.mds, constants);
        }
        state.iter().copied().for_each(&mut observe);
        full_round(state, &self.bridge, last);
        for round in &self.partial {
            observe(state[0]);
            let boxed = pow5(state[0]);
            state[0] = boxed;
            let head = dot(&round.next_constant, &round.row, state);
            for (element, factor) in state.iter_mut().zip(&round.column).skip(1) {
                *element += boxed * factor;
            }
            state[0] = head;
        }
        for (element, constant) in state.iter_mut().zip(&self.second_start) {
            *element += constant;
        }
        for constants in &self.second_half {
            state.iter().copied().for_each(&mut observe);
            full_round(state, &self.mds, constants);
        }
    }
}

#[inline]
fn full_round<const T: usize>(state: &mut [Fr; T], matrix: &[[Fr; T]; T], next: &[Fr; T]) {
    let boxed = state.map(pow5);
    for ((element, row), constant) in state.iter_mut().zip(matrix).zip(next) {
        *element = dot(constant, row, &boxed);
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

fn with_head<const T: usize>(head: Fr, tail: &[Fr]) -> [Fr; T] {
    let mut out = [head; T];
    out[1..].copy_from_slice(tail);
    out
}

fn square<const T: usize>(matrix: &Matrix) -> [[Fr; T]; T] {
    core::array::from_fn(|i| core::array::from_fn(|j| matrix[i][j]))
}

fn identity(size: usize) -> Matrix {
    let mut out = vec![vec![Fr::ZERO; size]; size];
    for (i, row) in out.iter_mut().enumerate() {
        row[i] = Fr::ONE;
    }
    out
}

fn times_vector(matrix: &Matrix, vector: &[Fr]) -> Vec<Fr> {
    matrix
        .iter()
        .map(|row| row.iter().zip(vector).map(|(m, x)| *m * x).sum())
        .collect()
}

fn vector_times(vector: &[Fr], matrix: &Matrix) -> Vec<Fr> {
    let mut out = vec![Fr::ZERO; vector.len()];
    for (x, row) in vector.iter().zip(matrix) {
        for (sum, m) in out.iter_mut().zip(row) {
            *sum += *x * m;
        }
    }
    out
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    a.iter().map(|row| vector_times(row, b)).collect()
}

/// Gauss-Jordan. A block of a Cauchy matrix is invertible, so a pivot always exists.
fn inverse(matrix: &Matrix) -> Matrix {
    let size = matrix.len();
    let mut left = matrix.clone();
    let mut right = identity(size);
    for column in 0..size {
        let pivot = (column..size)
            .find(|row| left[*row][column] != Fr::ZERO)
            .unwrap_or(column);
        left.swap(column, pivot);
        right.swap(column, pivot);
        let scale = left[column][column].inverse().unwrap_or_default();
        for entry in left[column].iter_mut().chain(&mut right[column]) {
            *entry *= scale;
        }
        let (left_pivot, right_pivot) = (left[column].clone(), right[column].clone());
        for row in (0..size).filter(|row| *row != column) {
            let factor = left[row][column];
            for (entry, pivot) in left[row].iter_mut().zip(&left_pivot) {
                *entry -= factor * pivot;
            }
            for (entry, pivot) in right[row].iter_mut().zip(&right_pivot) {
                *entry -= factor * pivot;
            }
        }
    }
    right
}

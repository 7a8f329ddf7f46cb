//! Small dense linear algebra, run once per width when the constants are derived.

use alloc::{vec, vec::Vec};

use ark_ff::{AdditiveGroup, Field};

use crate::Fr;

/// Rows of equal length.
pub(super) type Matrix = Vec<Vec<Fr>>;

pub(super) fn identity(size: usize) -> Matrix {
    let mut out = vec![vec![Fr::ZERO; size]; size];
    for (i, row) in out.iter_mut().enumerate() {
        row[i] = Fr::ONE;
    }
    out
}

pub(super) fn inner(a: &[Fr], b: &[Fr]) -> Fr {
    a.iter().zip(b).map(|(a, b)| *a * b).sum()
}

pub(super) fn times_vector(matrix: &Matrix, vector: &[Fr]) -> Vec<Fr> {
    matrix.iter().map(|row| inner(row, vector)).collect()
}

pub(super) fn vector_times(vector: &[Fr], matrix: &Matrix) -> Vec<Fr> {
    let mut out = vec![Fr::ZERO; matrix.first().map_or(0, Vec::len)];
    for (x, row) in vector.iter().zip(matrix) {
        for (sum, m) in out.iter_mut().zip(row) {
            *sum += *x * m;
        }
    }
    out
}

pub(super) fn product(a: &Matrix, b: &Matrix) -> Matrix {
    a.iter().map(|row| vector_times(row, b)).collect()
}

/// As arrays; the matrix has T rows and columns.
pub(super) fn square<const T: usize>(matrix: &Matrix) -> [[Fr; T]; T] {
    core::array::from_fn(|i| core::array::from_fn(|j| matrix[i][j]))
}

/// Gauss-Jordan. The matrices of the constants are invertible, so a pivot always exists; were it not so, the result
/// would fail the self-test.
pub(super) fn inverse(matrix: &Matrix) -> Matrix {
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

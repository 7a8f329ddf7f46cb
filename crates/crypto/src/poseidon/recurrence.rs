//! Partial rounds as a recurrence on element 0 alone, for the widths that MACI hashes with.
//!
//! With n = t − 1 and s_r the S-box output of round r, element 0 after round r is x_r = m·s_r + v·z_r, where
//! z_{r+1} = w·s_r + H·z_r are the other elements. By Cayley-Hamilton v·Hⁿ = Σ c_i·v·Hⁿ⁻ⁱ, so the z can be eliminated:
//!
//! x_r = Σ_{i=1..n} (c_i·x_{r−i} + a_i·s_{r−i}) + a_0·s_r
//!
//! with a_0 = m, a_i = g_{i−1} − c_i·m, g_q = h_q − Σ_{i=1..q} c_i·h_{q−i}, h_q = v·H^q·w. A round so costs the S-box
//! and one sum of 2t − 1 products with one reduction, and the coefficients are the same in every round. The history
//! before the first round is fictitious: s = 0 and x_{−j} = v·H^−j·z_0. After the last round the z are read off the
//! last n values of x and s.

use alloc::{vec, vec::Vec};

use ark_ff::AdditiveGroup;

use super::{
    matrix::{Matrix, identity, inner, inverse, product, times_vector, vector_times},
    permutation::{PartialRounds, System},
    pow5,
    wide::dot,
};
use crate::Fr;

/// Room for the history of the longest, 60 rounds of width 6: two entries a round, five fictitious pairs, one to spare.
const HISTORY: usize = 2 * (60 + 5) + 1;

/// The partial rounds of width T; N = 2T − 1.
#[derive(Debug)]
pub(super) struct Recurrence<const T: usize, const N: usize> {
    /// a_n, c_n, …, a_1, c_1, a_0: in the order of the history s, x, …, s, x, s.
    pub(super) coefficients: [Fr; N],
    /// Added to x_r: the next round's constant, less what the recurrence brings of earlier constants.
    pub(super) constants: Vec<Fr>,
    /// Elements 1.. from the last n pairs s, x of the history; the last entry of each row is 0.
    pub(super) ending: [[Fr; N]; T],
}

impl<const T: usize, const N: usize> PartialRounds<T> for Recurrence<T, N> {
    fn derive(system: &System) -> (Self, Matrix, [Fr; T]) {
        const { assert!(N == 2 * T - 1) };
        let System {
            m,
            v,
            w,
            h,
            constants,
        } = system;
        let order = T - 1;
        let rounds = constants.len();
        debug_assert!(
            2 * (order + rounds) < HISTORY,
            "the history holds every round"
        );

        // Observability: rows v·H^0 … v·H^(n−1), and v·Hⁿ as a combination of them.
        let mut observability = Matrix::new();
        let mut row = v.clone();
        for _ in 0..order {
            let next = vector_times(&row, h);
            observability.push(row);
            row = next;
        }
        let unobserve = inverse(&observability);
        let mut c = vector_times(&row, &unobserve);
        c.reverse();
        let markov: Vec<Fr> = observability.iter().map(|row| inner(row, w)).collect();
        let g = |q: usize| markov[q] - (1..=q).map(|i| c[i - 1] * markov[q - i]).sum::<Fr>();
        let mut coefficients = [*m; N];
        for i in 1..=order {
            coefficients[2 * (order - i)] = g(i - 1) - c[i - 1] * m;
            coefficients[2 * (order - i) + 1] = c[i - 1];
        }

        // The history holds x_r plus the constant of round r + 1, so that it is the S-box input.
        let constant = |round: usize| constants.get(round).copied().unwrap_or_default();
        let carried = |round: usize| {
            (1..=order.min(round))
                .map(|i| c[i - 1] * constant(round + 1 - i))
                .sum::<Fr>()
        };
        let additions = (0..rounds)
            .map(|round| constant(round + 1) - carried(round))
            .collect();

        let h_inverse = inverse(h);
        let mut fictitious = Matrix::new();
        let mut row = v.clone();
        for _ in 0..order {
            row = vector_times(&row, &h_inverse);
            fictitious.push(row.clone());
        }
        // The oldest value comes first in the history.
        fictitious.reverse();

        let (from_x, from_s) = ending(system, &unobserve, &markov);
        let mut ending = [[Fr::ZERO; N]; T];
        let mut correction = [Fr::ZERO; T];
        for element in 1..T {
            for age in 0..order {
                ending[element][2 * age] = from_s[element - 1][age];
                ending[element][2 * age + 1] = from_x[element - 1][age];
                let added = constant(rounds - order + age + 1);
                correction[element] -= from_x[element - 1][age] * added;
            }
        }
        (
            Self {
                coefficients,
                constants: additions,
                ending,
            },
            fictitious,
            correction,
        )
    }

    #[inline]
    fn run(&self, state: &mut [Fr; T], mut observe: impl FnMut(Fr)) {
        let order = T - 1;
        let mut history = [Fr::ZERO; HISTORY];
        for (age, value) in state[1..].iter().enumerate() {
            history[2 * age + 1] = *value;
        }
        let mut x = state[0];
        for (round, constant) in self.constants.iter().enumerate() {
            observe(x);
            let place = 2 * (order + round);
            history[place] = pow5(x);
            x = dot(constant, &self.coefficients, window(&history, 2 * round));
            history[place + 1] = x;
        }
        state[0] = x;
        let last = window(&history, 2 * self.constants.len());
        for (element, row) in state.iter_mut().zip(&self.ending).skip(1) {
            *element = dot(&Fr::ZERO, row, last);
        }
    }
}

/// z after the last round from the last n values of x (oldest first) and of s.
///
/// With O the observability matrix and L its response to s (L_{ij} = h_{i−1−j} for j < i), the z of n rounds ago is
/// O⁻¹·(x − m·s − L·s); Hⁿ and the s since then bring it here.
fn ending(system: &System, unobserve: &Matrix, markov: &[Fr]) -> (Matrix, Matrix) {
    let order = system.v.len();
    let mut power = identity(order);
    let mut responses = Vec::with_capacity(order);
    let mut response = system.w.clone();
    for _ in 0..order {
        power = product(&power, &system.h);
        let next = times_vector(&system.h, &response);
        responses.push(response);
        response = next;
    }
    responses.reverse();
    let from_x = product(&power, unobserve);
    let mut seen = vec![vec![Fr::ZERO; order]; order];
    for (i, row) in seen.iter_mut().enumerate() {
        row[i] = system.m;
        for j in 0..i {
            row[j] = markov[i - 1 - j];
        }
    }
    let mut from_s = product(&from_x, &seen);
    for (element, row) in from_s.iter_mut().enumerate() {
        for (entry, response) in row.iter_mut().zip(&responses) {
            *entry = response[element] - *entry;
        }
    }
    (from_x, from_s)
}

#[inline]
fn window<const N: usize>(history: &[Fr; HISTORY], start: usize) -> &[Fr; N] {
    history[start..].first_chunk().unwrap_or(&[Fr::ZERO; N])
}

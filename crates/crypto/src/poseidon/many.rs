//! Many hashes of one width: eight at a time where the processor has the instructions (feature `lanes`), else one by
//! one. The results are the same on every input.

use alloc::vec::Vec;

use super::{permutation::Permutation, recurrence::Recurrence};
use crate::Fr;

#[cfg(feature = "lanes")]
use {
    ark_ff::AdditiveGroup,
    maci_lanes::{LANES, Poseidon, Schedule},
};

/// From this many on, a partly filled vector is faster than the scalar code.
#[cfg(feature = "lanes")]
const WORTHWHILE: usize = 2;

/// The permutation of a width in scalar and, where it can be had, vector form.
#[derive(Debug)]
pub(super) struct Many<const T: usize, const N: usize> {
    scalar: &'static Permutation<T, Recurrence<T, N>>,
    #[cfg(feature = "lanes")]
    lanes: Option<Poseidon<T, N>>,
}

impl<const T: usize, const N: usize> Many<T, N> {
    pub(super) fn new(scalar: &'static Permutation<T, Recurrence<T, N>>) -> Self {
        Self {
            #[cfg(feature = "lanes")]
            lanes: Poseidon::new(&scalar.schedule()),
            scalar,
        }
    }

    /// Element 0 of each permuted state.
    pub(super) fn hash(&self, states: impl ExactSizeIterator<Item = [Fr; T]>) -> Vec<Fr> {
        #[cfg(feature = "lanes")]
        if let Some(lanes) = &self.lanes {
            return self.hash_in_lanes(lanes, states);
        }
        states.map(|state| self.scalar.hash(state)).collect()
    }

    /// Permutes each state.
    pub(super) fn permute(&self, states: &mut [[Fr; T]]) {
        #[cfg(feature = "lanes")]
        if let Some(lanes) = &self.lanes {
            return self.permute_in_lanes(lanes, states);
        }
        self.permute_each(states);
    }

    fn permute_each(&self, states: &mut [[Fr; T]]) {
        for state in states {
            self.scalar.permute(state, |_| ());
        }
    }
}

#[cfg(feature = "lanes")]
impl<const T: usize, const N: usize> Many<T, N> {
    fn hash_in_lanes(
        &self,
        lanes: &Poseidon<T, N>,
        mut states: impl ExactSizeIterator<Item = [Fr; T]>,
    ) -> Vec<Fr> {
        let mut out = Vec::with_capacity(states.len());
        while states.len() >= WORTHWHILE {
            let used = states.len().min(LANES);
            let mut group = [[Fr::ZERO; T]; LANES];
            for (lane, state) in group.iter_mut().zip(states.by_ref()) {
                *lane = state;
            }
            out.extend_from_slice(&lanes.hash(&group)[..used]);
        }
        out.extend(states.map(|state| self.scalar.hash(state)));
        out
    }

    fn permute_in_lanes(&self, lanes: &Poseidon<T, N>, states: &mut [[Fr; T]]) {
        let mut rest = states;
        while rest.len() >= WORTHWHILE {
            let (now, later) = rest.split_at_mut(rest.len().min(LANES));
            let mut group = [[Fr::ZERO; T]; LANES];
            group[..now.len()].copy_from_slice(now);
            lanes.permute(&mut group);
            now.copy_from_slice(&group[..now.len()]);
            rest = later;
        }
        self.permute_each(rest);
    }
}

#[cfg(feature = "lanes")]
impl<const T: usize, const N: usize> Permutation<T, Recurrence<T, N>> {
    fn schedule(&self) -> Schedule<'_, T, N> {
        Schedule {
            initial: &self.initial,
            mds: &self.mds,
            bridge: &self.bridge,
            first_half: &self.first_half,
            coefficients: &self.partial.coefficients,
            constants: &self.partial.constants,
            ending: &self.partial.ending,
            second_start: &self.second_start,
            second_half: &self.second_half,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use crate::testing::arb_fr;
    use ark_ff::{BigInt, Field, PrimeField};
    use proptest::prelude::*;

    fn equal_one_by_one(values: &[Fr]) {
        macro_rules! arity {
            ($many:path, $n:literal) => {
                let inputs: Vec<[Fr; $n]> = values
                    .windows($n)
                    .map(|window| core::array::from_fn(|i| window[i]))
                    .collect();
                for count in 0..=inputs.len() {
                    let expected: Vec<Fr> = inputs[..count].iter().map(|x| hash(x)).collect();
                    assert_eq!($many(&inputs[..count]), expected, "{count} of {}", $n);
                }
            };
        }
        arity!(hash2_many, 2);
        arity!(hash3_many, 3);
        arity!(hash4_many, 4);
        arity!(hash5_many, 5);
        let states: Vec<[Fr; 4]> = values
            .windows(4)
            .map(|window| core::array::from_fn(|i| window[i]))
            .collect();
        let mut permuted = states.clone();
        permute4_many(&mut permuted);
        for (state, permuted) in states.iter().zip(&permuted) {
            let mut expected = *state;
            permute(&mut expected);
            assert_eq!(*permuted, expected);
        }
    }

    #[test]
    fn edges_of_the_field_and_of_its_limbs() {
        let raw = |limbs| Fr::new_unchecked(BigInt(limbs));
        let p = Fr::MODULUS.0;
        let values = [
            Fr::ZERO,
            Fr::ONE,
            -Fr::ONE,
            // The largest and smallest Montgomery forms, and limbs of ones.
            raw([p[0] - 1, p[1], p[2], p[3]]),
            raw([1, 0, 0, 0]),
            raw([u64::MAX, u64::MAX, u64::MAX, p[3] - 1]),
            raw([u64::MAX, 0, u64::MAX, 0]),
            raw([0, u64::MAX, 0, p[3]]),
            raw([1 << 52, 1 << 40, 1 << 28, 1 << 16]),
            raw([(1 << 52) - 1, (1 << 40) - 1, (1 << 28) - 1, (1 << 16) - 1]),
            Fr::from(u64::MAX),
            -Fr::from(2u64),
            Fr::ONE.double(),
        ];
        for shift in 0..values.len() {
            let mut rotated = values;
            rotated.rotate_left(shift);
            equal_one_by_one(&rotated);
        }
        for value in values {
            equal_one_by_one(&[value; 12]);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn many_hashes_equal_single_ones(values in proptest::collection::vec(arb_fr(), 5..30)) {
            equal_one_by_one(&values);
        }
    }
}

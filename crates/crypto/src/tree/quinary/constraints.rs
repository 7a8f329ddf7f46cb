//! Quinary trees in constraints: the root of a full tree, and one-hot base-5 digits that read and write one of five.
//!
//! The *same* digit reads the old child and writes the new one, so that nothing is read at one place and written at
//! another (circuits.md S8).

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field, PrimeField};
use ark_r1cs_std::{GR1CSVar, alloc::AllocVar};
use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};

use crate::{
    Fr,
    bits::{FrVar, enforce_equal, enforce_product, linear, product},
    poseidon::constraints::hash,
};

/// Children of a node.
const ARITY: usize = 5;

/// The root of a full tree over 5^depth leaves.
///
/// Any other number of leaves is refused with [`SynthesisError::ArityMismatch`].
pub fn root_of(leaves: &[FrVar]) -> Result<FrVar, SynthesisError> {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        if !level.len().is_multiple_of(ARITY) {
            return Err(SynthesisError::ArityMismatch);
        }
        level = level
            .chunks_exact(ARITY)
            .map(hash)
            .collect::<Result<_, _>>()?;
    }
    level.pop().ok_or(SynthesisError::ArityMismatch)
}

/// A digit 0..=4 as five boolean flags that add up to 1.
#[derive(Clone, Debug)]
pub struct DigitVar([FrVar; ARITY]);

impl DigitVar {
    /// A private digit: five rows.
    pub fn new(cs: &ConstraintSystemRef<Fr>, digit: Option<usize>) -> Result<Self, SynthesisError> {
        let flag = |candidate: usize| {
            FrVar::new_witness(cs.clone(), || {
                digit
                    .map(|digit| Fr::from(digit == candidate))
                    .ok_or(SynthesisError::AssignmentMissing)
            })
        };
        let [a, b, c, d] = [flag(0)?, flag(1)?, flag(2)?, flag(3)?];
        let e = linear(&[&a, &b, &c, &d].map(|flag| (-Fr::ONE, flag)), Fr::ONE)?;
        let flags = [a, b, c, d, e];
        for flag in &flags {
            let negation = linear(&[(-Fr::ONE, flag)], Fr::ONE)?;
            enforce_product(flag, &negation, &FrVar::Constant(Fr::ZERO))?;
        }
        Ok(Self(flags))
    }

    /// The digits of `position`, lowest first, which is thereby below 5^depth: 5 · depth + 1 rows.
    pub fn of_position(
        cs: &ConstraintSystemRef<Fr>,
        position: &FrVar,
        depth: usize,
    ) -> Result<Vec<Self>, SynthesisError> {
        let mut rest = position.value().ok().map(|value| value.into_bigint().0[0]);
        let mut digits = Vec::with_capacity(depth);
        for _ in 0..depth {
            let digit = Self::new(cs, rest.map(|rest| (rest % 5) as usize))?;
            rest = rest.map(|rest| rest / 5);
            digits.push(digit);
        }
        let mut weight = Fr::ONE;
        let mut terms = Vec::with_capacity(4 * depth);
        for Self(flags) in &digits {
            let numbered = (1u64..).zip(&flags[1..]);
            terms.extend(numbered.map(|(digit, flag)| (weight * Fr::from(digit), flag)));
            weight *= Fr::from(5u64);
        }
        enforce_equal(&linear(&terms, Fr::ZERO)?, position)?;
        Ok(digits)
    }
}

impl DigitVar {
    /// The flags, of which exactly one is 1.
    pub const fn flags(&self) -> &[FrVar; ARITY] {
        &self.0
    }

    /// The value at the digit: 4 rows.
    pub fn read(&self, values: &[FrVar; ARITY]) -> Result<FrVar, SynthesisError> {
        let (last, read) = self.products(values, 4)?;
        let terms: Vec<_> = core::iter::once(last)
            .chain(&read)
            .map(|term| (Fr::ONE, term))
            .collect();
        linear(&terms, Fr::ZERO)
    }

    /// Enforces that the value at the digit is `expected`: 4 rows, the last product closing the sum.
    pub fn enforce_read(
        &self,
        values: &[FrVar; ARITY],
        expected: &FrVar,
    ) -> Result<(), SynthesisError> {
        let (last, read) = self.products(values, 3)?;
        let mut missing = alloc::vec![(Fr::ONE, expected), (-Fr::ONE, last)];
        missing.extend(read.iter().map(|term| (-Fr::ONE, term)));
        enforce_product(
            &self.0[3],
            &difference(&values[3], last)?,
            &linear(&missing, Fr::ZERO)?,
        )
    }

    /// value = values₄ + Σ flagᵢ·(valuesᵢ − values₄), the flags adding up to 1: values₄ and the first products.
    fn products<'a>(
        &self,
        values: &'a [FrVar; ARITY],
        count: usize,
    ) -> Result<(&'a FrVar, Vec<FrVar>), SynthesisError> {
        let last = &values[4];
        let products = (self.0.iter().zip(values))
            .take(count)
            .map(|(flag, value)| product(flag, &difference(value, last)?))
            .collect::<Result<_, _>>()?;
        Ok((last, products))
    }

    /// The values with `change` added at the digit: 4 rows. The fifth takes what the others left of the change.
    pub fn write(
        &self,
        values: &[FrVar; ARITY],
        change: &FrVar,
    ) -> Result<[FrVar; ARITY], SynthesisError> {
        let parts = (self.0[..4].iter())
            .map(|flag| product(flag, change))
            .collect::<Result<Vec<_>, _>>()?;
        let mut rest = alloc::vec![(Fr::ONE, &values[4]), (Fr::ONE, change)];
        rest.extend(parts.iter().map(|part| (-Fr::ONE, part)));
        let [a, b, c, d] =
            [0, 1, 2, 3].map(|i| linear(&[(Fr::ONE, &values[i]), (Fr::ONE, &parts[i])], Fr::ZERO));
        Ok([a?, b?, c?, d?, linear(&rest, Fr::ZERO)?])
    }
}

fn difference(a: &FrVar, b: &FrVar) -> Result<FrVar, SynthesisError> {
    linear(&[(Fr::ONE, a), (-Fr::ONE, b)], Fr::ZERO)
}

#[cfg(test)]
mod tests;

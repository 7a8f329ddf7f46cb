//! Quinary trees in constraints: the root of a full tree, and replacing one leaf along one shared path.
//!
//! A position is a list of one-hot base-5 digits. The *same* digit reads the old child and writes the new one, so a
//! path cannot be read at one place and written at another (circuits.md S8, 4 "vote-option tree").

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field, PrimeField};
use ark_r1cs_std::{GR1CSVar, alloc::AllocVar};
use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};

use crate::{
    Fr,
    bits::{FrVar, enforce_equal, enforce_product, linear},
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

/// The root with `old` at the position of `digits`, and the root with `new` there instead.
///
/// `siblings` (`None` in set-up) lists per level, lowest first, the four other children in order. Per level: reading
/// 4 rows, writing 4 rows, two H5.
pub fn replace(
    cs: &ConstraintSystemRef<Fr>,
    digits: &[DigitVar],
    siblings: Option<&[[Fr; ARITY - 1]]>,
    old: &FrVar,
    new: &FrVar,
) -> Result<(FrVar, FrVar), SynthesisError> {
    let (mut old, mut new) = (old.clone(), new.clone());
    for (level, DigitVar(digit)) in digits.iter().enumerate() {
        let values = siblings
            .and_then(|all| all.get(level))
            .and_then(|others| Some(with_own(others, digit, old.value().ok()?)));
        let children = (0..ARITY)
            .map(|i| {
                FrVar::new_witness(cs.clone(), || {
                    values
                        .map(|v| v[i])
                        .ok_or(SynthesisError::AssignmentMissing)
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        // Read: old = child₄ + Σ flagᵢ·(childᵢ − child₄), the flags adding up to 1. The last product closes the sum.
        let last = &children[4];
        let above = (children[..4].iter())
            .map(|child| difference(child, last))
            .collect::<Result<Vec<_>, _>>()?;
        let read: Vec<_> = digit[..3]
            .iter()
            .zip(&above)
            .map(|(flag, child)| flag * child)
            .collect();
        let mut missing = alloc::vec![(Fr::ONE, &old), (-Fr::ONE, last)];
        missing.extend(read.iter().map(|term| (-Fr::ONE, term)));
        enforce_product(&above[3], &digit[3], &linear(&missing, Fr::ZERO)?)?;
        // Write: child'ᵢ = childᵢ + flagᵢ·(new − old); the fifth takes what the four others left of the difference.
        let written = difference(&new, &old)?;
        let changes: Vec<_> = digit[..4].iter().map(|flag| flag * &written).collect();
        let mut changed = (children.iter().zip(&changes))
            .map(|(child, change)| linear(&[(Fr::ONE, child), (Fr::ONE, change)], Fr::ZERO))
            .collect::<Result<Vec<_>, _>>()?;
        let mut rest = alloc::vec![(Fr::ONE, last), (Fr::ONE, &written)];
        rest.extend(changes.iter().map(|change| (-Fr::ONE, change)));
        changed.push(linear(&rest, Fr::ZERO)?);
        (old, new) = (hash(&children)?, hash(&changed)?);
    }
    Ok((old, new))
}

fn difference(a: &FrVar, b: &FrVar) -> Result<FrVar, SynthesisError> {
    linear(&[(Fr::ONE, a), (-Fr::ONE, b)], Fr::ZERO)
}

/// The five children, the own one in the place that the digit's witness names.
fn with_own(others: &[Fr; ARITY - 1], digit: &[FrVar; ARITY], own: Fr) -> [Fr; ARITY] {
    let position = digit
        .iter()
        .position(|flag| flag.value().is_ok_and(|flag| flag == Fr::ONE))
        .unwrap_or(0);
    let mut children = [own; ARITY];
    children[..position].copy_from_slice(&others[..position]);
    children[position + 1..].copy_from_slice(&others[position..]);
    children
}

#[cfg(test)]
mod tests;

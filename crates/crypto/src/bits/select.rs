//! Selection: multiplexers and one-hot digits, the addresses of tree children and cells.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field, PrimeField};
use ark_r1cs_std::{GR1CSVar, boolean::Boolean, fields::fp::FpVar};
use ark_relations::gr1cs::SynthesisError;

use super::{Cs, FrVar, bit, enforce_equal, enforce_product, linear, product, value_of, witness};
use crate::Fr;

/// `a` if the condition holds, else `b`: 1 row, none if both or the condition are constants.
pub fn select(condition: &Boolean<Fr>, a: &FrVar, b: &FrVar) -> Result<FrVar, SynthesisError> {
    let flag = FrVar::from(condition.clone());
    match (condition, a, b) {
        (Boolean::Constant(true), _, _) => Ok(a.clone()),
        (Boolean::Constant(false), _, _) => Ok(b.clone()),
        (_, FpVar::Constant(a), FpVar::Constant(b)) => linear(&[(*a - b, &flag)], *b),
        _ => {
            let value = condition.value().ok();
            let value = value.and_then(|condition| value_of(if condition { a } else { b }));
            let result = witness(&flag.cs(), value)?;
            enforce_product(
                &flag,
                &linear(&[(Fr::ONE, a), (-Fr::ONE, b)], Fr::ZERO)?,
                &linear(&[(Fr::ONE, &result), (-Fr::ONE, b)], Fr::ZERO)?,
            )?;
            Ok(result)
        }
    }
}

/// A digit in unary: every flag boolean, their sum 1 (`docs/circuits.md` §11, S8).
#[derive(Clone, Debug)]
pub struct OneHot {
    flags: Vec<FrVar>,
}

impl OneHot {
    /// A free digit below `size`: `size` rows. A `digit` out of range gives an unsatisfied system.
    pub fn new_witness(cs: &Cs, digit: Option<u64>, size: usize) -> Result<Self, SynthesisError> {
        let mut flags = (1..size as u64)
            .map(|i| bit(cs, digit.map(|d| d == i)).map(FrVar::from))
            .collect::<Result<Vec<_>, _>>()?;
        // Flag 0 is what the others leave of 1, and boolean too, so at most one of them is set.
        let terms: Vec<_> = flags.iter().map(|flag| (-Fr::ONE, flag)).collect();
        let first = linear(&terms, Fr::ONE)?;
        enforce_product(
            &first,
            &linear(&[(Fr::ONE, &first)], -Fr::ONE)?,
            &FrVar::Constant(Fr::ZERO),
        )?;
        flags.insert(0, first);
        Ok(Self { flags })
    }

    /// The flags; flag i is 1 iff the digit is i.
    pub fn flags(&self) -> &[FrVar] {
        &self.flags
    }

    /// The digit as a value, free.
    pub fn digit(&self) -> Result<FrVar, SynthesisError> {
        let terms: Vec<_> = (0u64..).map(Fr::from).zip(&self.flags).collect();
        linear(&terms, Fr::ZERO)
    }

    /// The item at the digit: one row an item less one.
    pub fn pick(&self, items: &[FrVar]) -> Result<FrVar, SynthesisError> {
        let Some((first, _)) = items.split_first() else {
            return Err(SynthesisError::ArityMismatch);
        };
        self.check(items)?;
        let mut sum = alloc::vec![first.clone()];
        for (flag, item) in self.flags.iter().zip(items).skip(1) {
            sum.push(product(
                flag,
                &linear(&[(Fr::ONE, item), (-Fr::ONE, first)], Fr::ZERO)?,
            )?);
        }
        let terms: Vec<_> = sum.iter().map(|x| (Fr::ONE, x)).collect();
        linear(&terms, Fr::ZERO)
    }

    /// The items with `new` in place of the picked `old`: one row an item less one.
    ///
    /// `old` must be what [`Self::pick`] gave for these items.
    pub fn replace(
        &self,
        items: &[FrVar],
        old: &FrVar,
        new: &FrVar,
    ) -> Result<Vec<FrVar>, SynthesisError> {
        self.check(items)?;
        let change = linear(&[(Fr::ONE, new), (-Fr::ONE, old)], Fr::ZERO)?;
        // The changes of all places sum to `change`, so the first place needs no row.
        let mut first = alloc::vec![items[0].clone(), change.clone()];
        let mut replaced = Vec::with_capacity(items.len());
        for (flag, item) in self.flags.iter().zip(items).skip(1) {
            let here = product(flag, &change)?;
            replaced.push(linear(&[(Fr::ONE, item), (Fr::ONE, &here)], Fr::ZERO)?);
            first.push(linear(&[(-Fr::ONE, &here)], Fr::ZERO)?);
        }
        let terms: Vec<_> = first.iter().map(|x| (Fr::ONE, x)).collect();
        replaced.insert(0, linear(&terms, Fr::ZERO)?);
        Ok(replaced)
    }

    fn check(&self, items: &[FrVar]) -> Result<(), SynthesisError> {
        if items.is_empty() || items.len() != self.flags.len() {
            return Err(SynthesisError::ArityMismatch);
        }
        Ok(())
    }
}

/// The digits of `index` in base `base`, lowest first, unsatisfiable for an index of more digits:
/// `base · digits` + 1 rows.
pub fn one_hot_digits(
    index: &FrVar,
    base: u64,
    digits: usize,
) -> Result<Vec<OneHot>, SynthesisError> {
    let cs = index.cs();
    if cs.is_none() || base < 2 {
        return Err(SynthesisError::MissingCS);
    }
    let mut rest = value_of(index).map(|v| v.into_bigint().0[0]);
    let mut found = Vec::with_capacity(digits);
    let mut weight = Fr::ONE;
    let mut values = Vec::with_capacity(digits);
    for _ in 0..digits {
        let digit = OneHot::new_witness(&cs, rest.map(|r| r % base), base as usize)?;
        rest = rest.map(|r| r / base);
        values.push((weight, digit.digit()?));
        found.push(digit);
        weight *= Fr::from(base);
    }
    let terms: Vec<_> = values.iter().map(|(w, d)| (*w, d)).collect();
    enforce_equal(&linear(&terms, Fr::ZERO)?, index)?;
    Ok(found)
}

#[cfg(test)]
mod tests;

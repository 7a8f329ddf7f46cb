//! Bits, comparisons and selections as constraints: the small change of every MACI circuit.
//!
//! Two rules hold everywhere (`docs/protocol.md` D2, `docs/circuits.md` §7). A *flag* is a function of its inputs: no
//! second witness gives the other value, and every input has a satisfying witness. A *split* enforces: it is
//! unsatisfiable for a value outside its range and for an alias of a value inside it. Every hint that is not fixed by
//! its constraints is registered ([`FreeHints`]), so that the mutation tests can list it.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};
use ark_r1cs_std::{
    GR1CSVar,
    alloc::AllocVar,
    boolean::{AllocatedBool, Boolean},
    fields::fp::{AllocatedFp, FpVar},
};
use ark_relations::gr1cs::{ConstraintSystemRef, LinearCombination, SynthesisError, Variable};

use crate::Fr;

mod compare;
mod hints;
mod reduce;
mod split;

pub use compare::{all, is_below, is_equal, is_ge_exact, is_index_below, is_zero};
pub use hints::FreeHints;
pub use reduce::{REDUCED_BITS, split_reduced};
pub use split::{
    enforce_below, enforce_range, lanes, split, split_below, split_canonical, split_flagged_below,
};

/// A BN254 scalar as a circuit value.
pub type FrVar = FpVar<Fr>;
/// The constraint system of every gadget.
pub type Cs = ConstraintSystemRef<Fr>;

/// The assigned value, if there is one: none in set-up mode.
pub fn value_of(x: &FrVar) -> Option<Fr> {
    x.value().ok()
}

/// One linear combination for one circuit value.
pub(crate) fn term(coefficient: Fr, x: &FrVar) -> (Fr, Variable) {
    match x {
        FpVar::Constant(c) => (coefficient * c, Variable::One),
        FpVar::Var(v) => (coefficient, v.variable),
    }
}

/// `Σ coefficient · value + constant`, at no cost in rows and as one linear combination.
pub fn linear(terms: &[(Fr, &FrVar)], constant: Fr) -> Result<FrVar, SynthesisError> {
    let value = terms
        .iter()
        .try_fold(constant, |sum, (c, x)| value_of(x).map(|v| sum + *c * v));
    let cs = terms.iter().fold(Cs::None, |cs, (_, x)| cs.or(x.cs()));
    if cs.is_none() {
        return value
            .map(FrVar::Constant)
            .ok_or(SynthesisError::AssignmentMissing);
    }
    let variable = cs.new_lc(|| {
        let mut lc: Vec<_> = terms.iter().map(|(c, x)| term(*c, x)).collect();
        lc.push((constant, Variable::One));
        normal(lc)
    })?;
    Ok(FrVar::Var(AllocatedFp::new(value, variable, cs)))
}

/// `Σ bits[i]·2^i`, at no cost in rows; more than 253 bits may wrap.
pub fn pack(bits: &[Boolean<Fr>]) -> Result<FrVar, SynthesisError> {
    let bits: Vec<FrVar> = bits.iter().cloned().map(FrVar::from).collect();
    let mut power = Fr::ONE;
    let terms: Vec<_> = bits
        .iter()
        .map(|bit| {
            let term = (power, bit);
            power.double_in_place();
            term
        })
        .collect();
    linear(&terms, Fr::ZERO)
}

/// A new witness, whose value is ignored in set-up mode; a constant if no constraint system is involved.
pub(crate) fn witness(cs: &Cs, value: Option<Fr>) -> Result<FrVar, SynthesisError> {
    let value = || value.ok_or(SynthesisError::AssignmentMissing);
    if cs.is_none() {
        return value().map(FrVar::Constant);
    }
    FrVar::new_witness(cs.clone(), value)
}

/// A witness that other rows force to be 0 or 1; the caller says which.
pub(crate) fn unchecked_bit(cs: &Cs, value: Option<bool>) -> Result<Boolean<Fr>, SynthesisError> {
    AllocatedBool::new_witness_without_booleanity_check(cs.clone(), || {
        value.ok_or(SynthesisError::AssignmentMissing)
    })
    .map(Boolean::from)
}

/// A witness that is 0 or 1 by its own row; a constant if no constraint system is involved.
pub(crate) fn bit(cs: &Cs, value: Option<bool>) -> Result<Boolean<Fr>, SynthesisError> {
    let value = || value.ok_or(SynthesisError::AssignmentMissing);
    if cs.is_none() {
        return value().map(Boolean::constant);
    }
    Boolean::new_witness(cs.clone(), value)
}

/// `a · b == c`, one row (none if all are constants).
pub fn enforce_product(a: &FrVar, b: &FrVar, c: &FrVar) -> Result<(), SynthesisError> {
    let cs = a.cs().or(b.cs()).or(c.cs());
    if cs.is_none() {
        let holds = value_of(a).zip(value_of(b)).map(|(a, b)| a * b) == value_of(c);
        return if holds {
            Ok(())
        } else {
            Err(SynthesisError::Unsatisfiable)
        };
    }
    let lc = |x: &FrVar| normal(alloc::vec![term(Fr::ONE, x)]);
    cs.enforce_r1cs_constraint(|| lc(a), || lc(b), || lc(c))
}

/// `a · b`: one row and one witness, none if a factor is a constant.
pub fn product(a: &FrVar, b: &FrVar) -> Result<FrVar, SynthesisError> {
    match (a, b) {
        (x, FpVar::Constant(c)) | (FpVar::Constant(c), x) => linear(&[(*c, x)], Fr::ZERO),
        _ => {
            let value = value_of(a).zip(value_of(b)).map(|(a, b)| a * b);
            let result = witness(&a.cs(), value)?;
            enforce_product(a, b, &result)?;
            Ok(result)
        }
    }
}

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

/// `a == b`, one row (none if both are constants).
pub fn enforce_equal(a: &FrVar, b: &FrVar) -> Result<(), SynthesisError> {
    enforce_product(
        &linear(&[(Fr::ONE, a), (-Fr::ONE, b)], Fr::ZERO)?,
        &FrVar::Constant(Fr::ONE),
        &FrVar::Constant(Fr::ZERO),
    )
}

/// Sorted, merged and without zero coefficients.
pub(crate) fn normal(terms: Vec<(Fr, Variable)>) -> LinearCombination<Fr> {
    let mut lc = LinearCombination(terms);
    lc.compactify();
    lc.0.retain(|(c, v)| *c != Fr::ZERO && !v.is_zero());
    lc
}

#[cfg(test)]
mod tests;

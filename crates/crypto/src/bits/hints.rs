//! The register of witnesses that their constraints leave free in a case where nothing depends on them.

use alloc::{boxed::Box, vec::Vec};
use core::any::TypeId;

use super::{Cs, FrVar, value_of};
use ark_ff::AdditiveGroup;
use ark_r1cs_std::fields::fp::FpVar;
use ark_relations::gr1cs::Variable;

use crate::Fr;

/// Inverse hints of zero tests whose tested value is zero under the present assignment.
///
/// `x·inverse = 1 − z, x·z = 0` fixes the flag z for every x, but leaves `inverse` free at x = 0. A third row would fix
/// it and buy nothing: no other constraint reads the hint. The gadgets register the hint here instead, and a mutation
/// test accepts a surviving witness only if it is listed.
#[derive(Clone, Debug, Default)]
pub struct FreeHints(Vec<Variable>);

impl FreeHints {
    /// Registers `hint` as free if `tested` is zero.
    pub(super) fn register(cs: &Cs, tested: &FrVar, hint: &FrVar) {
        if value_of(tested) != Some(Fr::ZERO) || !cs.should_construct_matrices() {
            return;
        }
        let FpVar::Var(hint) = hint else { return };
        let Some(cache) = cs.borrow().map(|cs| cs.cache_map.clone()) else {
            return;
        };
        if let Some(Self(hints)) = cache
            .borrow_mut()
            .entry(TypeId::of::<Self>())
            .or_insert_with(|| Box::new(Self::default()))
            .downcast_mut()
        {
            hints.push(hint.variable);
        }
    }

    /// The registered witnesses of a constraint system, as ascending indices into its witness assignment.
    pub fn of(cs: &Cs) -> Vec<usize> {
        let Some(cache) = cs.borrow().map(|cs| cs.cache_map.clone()) else {
            return Vec::new();
        };
        let cache = cache.borrow();
        cache
            .get(&TypeId::of::<Self>())
            .and_then(|hints| hints.downcast_ref::<Self>())
            .map(|hints| hints.0.iter().filter_map(|v| v.index()).collect())
            .unwrap_or_default()
    }
}

//! Binary paths in constraints: one set of direction bits and siblings for any number of leaves.
//!
//! Replacing a leaf takes the root over the old leaf and the root over the new one along *the same* [`PathVar`], so a
//! prover cannot read at one place and write at another (circuits.md S8). Depth is fixed for the ballot tree; the
//! poll's state tree has a public depth and the LeanIMT a private one, both picked by a one-hot [`DepthVar`].

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};
use ark_r1cs_std::{GR1CSVar, alloc::AllocVar};
use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};

use crate::{
    Fr,
    bits::{FrVar, enforce_equal, enforce_product, linear},
    poseidon::constraints::hash2,
};

/// Direction bits and siblings, lowest level first.
#[derive(Clone, Debug)]
pub struct PathVar {
    bits: Vec<FrVar>,
    siblings: Vec<FrVar>,
}

impl PathVar {
    /// A path along `bits`, each of which the caller has constrained to 0 or 1, with fresh private siblings.
    ///
    /// `siblings` is `None` in set-up and otherwise as long as `bits`.
    pub fn new(
        cs: &ConstraintSystemRef<Fr>,
        bits: Vec<FrVar>,
        siblings: Option<&[Fr]>,
    ) -> Result<Self, SynthesisError> {
        let siblings = (0..bits.len())
            .map(|level| {
                FrVar::new_witness(cs.clone(), || {
                    siblings
                        .and_then(|all| all.get(level))
                        .copied()
                        .ok_or(SynthesisError::AssignmentMissing)
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { bits, siblings })
    }

    /// The nodes from the leaf (level 0) to the root, `depth + 1` of them. Per level one select and one H2.
    pub fn nodes(&self, leaf: &FrVar) -> Result<Vec<FrVar>, SynthesisError> {
        let mut nodes = Vec::with_capacity(self.bits.len() + 1);
        let mut node = leaf.clone();
        for (bit, sibling) in self.bits.iter().zip(&self.siblings) {
            // bit = 1 puts the node on the right. One product serves both children.
            let left = select(bit, sibling, &node)?;
            let right = linear(
                &[(Fr::ONE, &node), (Fr::ONE, sibling), (-Fr::ONE, &left)],
                Fr::ZERO,
            )?;
            nodes.push(core::mem::replace(&mut node, hash2(&left, &right)?));
        }
        nodes.push(node);
        Ok(nodes)
    }

    /// The node at the path's full depth.
    pub fn root(&self, leaf: &FrVar) -> Result<FrVar, SynthesisError> {
        let mut nodes = self.nodes(leaf)?;
        nodes.pop().ok_or(SynthesisError::ArityMismatch)
    }
}

/// `bit ? a : b` for a boolean `bit`: one row, whose output is a variable.
fn select(bit: &FrVar, a: &FrVar, b: &FrVar) -> Result<FrVar, SynthesisError> {
    let cs = bit.cs().or(a.cs()).or(b.cs());
    if cs.is_none() {
        return Ok(b + bit * (a - b));
    }
    let chosen = FrVar::new_witness(cs, || {
        let (bit, a, b) = (bit.value()?, a.value()?, b.value()?);
        Ok(b + bit * (a - b))
    })?;
    enforce_product(bit, &difference(a, b)?, &difference(&chosen, b)?)?;
    Ok(chosen)
}

fn difference(a: &FrVar, b: &FrVar) -> Result<FrVar, SynthesisError> {
    linear(&[(Fr::ONE, a), (-Fr::ONE, b)], Fr::ZERO)
}

/// A depth in `first..=last` as a one-hot vector, so that it selects the root among the nodes of a path.
#[derive(Clone, Debug)]
pub struct DepthVar {
    first: usize,
    one_hot: Vec<FrVar>,
}

impl DepthVar {
    /// A private depth. Every flag is boolean and they add up to 1: one row each.
    pub fn new(
        cs: &ConstraintSystemRef<Fr>,
        range: core::ops::RangeInclusive<usize>,
        depth: Option<u64>,
    ) -> Result<Self, SynthesisError> {
        let (first, last) = range.into_inner();
        let mut one_hot = Vec::with_capacity(last - first + 1);
        for candidate in first..last {
            let flag = FrVar::new_witness(cs.clone(), || {
                depth
                    .map(|depth| Fr::from(depth == candidate as u64))
                    .ok_or(SynthesisError::AssignmentMissing)
            })?;
            one_hot.push(flag);
        }
        let others: Vec<_> = one_hot.iter().map(|flag| (-Fr::ONE, flag)).collect();
        let deepest = linear(&others, Fr::ONE)?;
        one_hot.push(deepest);
        for flag in &one_hot {
            enforce_boolean(flag)?;
        }
        Ok(Self { first, one_hot })
    }

    /// Every candidate depth with its flag, of which exactly one is 1.
    pub fn flags(&self) -> impl Iterator<Item = (usize, &FrVar)> {
        (self.first..).zip(&self.one_hot)
    }

    /// Whether the depth is at least `depth`: a sum of flags, at no cost in rows.
    pub fn at_least(&self, depth: usize) -> Result<FrVar, SynthesisError> {
        let below: Vec<_> = self
            .flags()
            .filter(|(candidate, _)| *candidate < depth)
            .map(|(_, flag)| (-Fr::ONE, flag))
            .collect();
        linear(&below, Fr::ONE)
    }

    /// The depth as a number.
    pub fn depth(&self) -> Result<FrVar, SynthesisError> {
        self.weighted((self.first..).map(|depth| Fr::from(depth as u64)))
    }

    /// 2^depth: the number of leaves of a full tree.
    pub fn capacity(&self) -> Result<FrVar, SynthesisError> {
        self.weighted((self.first..).map(|depth| Fr::from(2u64).pow([depth as u64])))
    }

    fn weighted(&self, weights: impl Iterator<Item = Fr>) -> Result<FrVar, SynthesisError> {
        let terms: Vec<_> = weights.zip(&self.one_hot).collect();
        linear(&terms, Fr::ZERO)
    }

    /// The node at this depth of a path's [`nodes`](PathVar::nodes); one row for each depth but the deepest.
    pub fn select(&self, nodes: &[FrVar]) -> Result<FrVar, SynthesisError> {
        let (others, deepest) = self.candidates(nodes)?;
        let picked = (self.one_hot.iter().zip(others))
            .map(|(flag, node)| Ok(flag * &difference(node, deepest)?))
            .collect::<Result<Vec<_>, SynthesisError>>()?;
        let terms: Vec<_> = core::iter::once(deepest)
            .chain(&picked)
            .map(|term| (Fr::ONE, term))
            .collect();
        linear(&terms, Fr::ZERO)
    }

    /// Enforces that the node at this depth is `root`: as many rows as [`select`](Self::select), the last product
    /// closing the sum.
    pub fn enforce_node(&self, nodes: &[FrVar], root: &FrVar) -> Result<(), SynthesisError> {
        let (others, deepest) = self.candidates(nodes)?;
        let Some((last, others)) = others.split_last() else {
            return enforce_equal(deepest, root);
        };
        let picked = (self.one_hot.iter().zip(others))
            .map(|(flag, node)| Ok(flag * &difference(node, deepest)?))
            .collect::<Result<Vec<_>, SynthesisError>>()?;
        let mut missing = alloc::vec![(Fr::ONE, root), (-Fr::ONE, deepest)];
        missing.extend(picked.iter().map(|term| (-Fr::ONE, term)));
        let flag = &self.one_hot[others.len()];
        enforce_product(
            flag,
            &difference(last, deepest)?,
            &linear(&missing, Fr::ZERO)?,
        )
    }

    /// The nodes that can be chosen: all but the deepest, and the deepest.
    fn candidates<'a>(
        &self,
        nodes: &'a [FrVar],
    ) -> Result<(&'a [FrVar], &'a FrVar), SynthesisError> {
        match nodes.get(self.first..).and_then(<[FrVar]>::split_last) {
            Some((deepest, others)) if others.len() + 1 == self.one_hot.len() => {
                Ok((others, deepest))
            }
            _ => Err(SynthesisError::ArityMismatch),
        }
    }
}

/// x · (1 − x) = 0; no row if `flag` is a constant.
fn enforce_boolean(flag: &FrVar) -> Result<(), SynthesisError> {
    enforce_product(
        flag,
        &linear(&[(-Fr::ONE, flag)], Fr::ONE)?,
        &FrVar::Constant(Fr::ZERO),
    )
}

#[cfg(test)]
mod tests;

//! Binary paths in constraints: one set of direction bits and siblings for any number of leaves.
//!
//! Replacing a leaf takes the root over the old leaf and the root over the new one along *the same* [`PathVar`], so a
//! prover cannot read at one place and write at another (circuits.md S8). Depth is fixed for the ballot tree; the
//! poll's state tree has a public depth and the LeanIMT a private one, both picked by a one-hot [`DepthVar`].

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field};
use ark_r1cs_std::{alloc::AllocVar, fields::{FieldVar, fp::FpVar}};
use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};

use crate::{Fr, poseidon::constraints::hash};

type FrVar = FpVar<Fr>;

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
                    siblings.and_then(|all| all.get(level)).copied().ok_or(SynthesisError::AssignmentMissing)
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
            let right = &node + sibling - &left;
            nodes.push(core::mem::replace(&mut node, hash(&[left, right])?));
        }
        nodes.push(node);
        Ok(nodes)
    }

    /// The node at the path's full depth.
    pub fn root(&self, leaf: &FrVar) -> Result<FrVar, SynthesisError> {
        let mut nodes = self.nodes(leaf)?;
        nodes.pop().ok_or(SynthesisError::Unsatisfiable)
    }
}

/// `bit ? a : b` for a boolean `bit`: one row, whose output is a variable.
fn select(bit: &FrVar, a: &FrVar, b: &FrVar) -> Result<FrVar, SynthesisError> {
    use ark_r1cs_std::GR1CSVar;
    let cs = bit.cs().or(a.cs()).or(b.cs());
    if cs.is_none() {
        return Ok(b + bit * (a - b));
    }
    let chosen = FrVar::new_witness(cs, || {
        let (bit, a, b) = (bit.value()?, a.value()?, b.value()?);
        Ok(b + bit * (a - b))
    })?;
    (a - b).mul_equals(bit, &(&chosen - b))?;
    Ok(chosen)
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
        let mut rest = FrVar::one();
        for candidate in first..last {
            let flag = FrVar::new_witness(cs.clone(), || {
                depth.map(|depth| Fr::from(depth == candidate as u64)).ok_or(SynthesisError::AssignmentMissing)
            })?;
            enforce_boolean(&flag)?;
            rest -= &flag;
            one_hot.push(flag);
        }
        enforce_boolean(&rest)?;
        one_hot.push(rest);
        Ok(Self { first, one_hot })
    }

    /// The depth as a number.
    pub fn depth(&self) -> FrVar {
        self.weighted((self.first..).map(|depth| Fr::from(depth as u64)))
    }

    /// 2^depth: the number of leaves of a full tree.
    pub fn capacity(&self) -> FrVar {
        self.weighted((self.first..).map(|depth| Fr::from(2u64).pow([depth as u64])))
    }

    fn weighted(&self, weights: impl Iterator<Item = Fr>) -> FrVar {
        self.one_hot.iter().zip(weights).map(|(flag, weight)| flag * weight).sum()
    }

    /// The node at this depth of a path's [`nodes`](PathVar::nodes); one row for each depth but the deepest.
    pub fn select(&self, nodes: &[FrVar]) -> Result<FrVar, SynthesisError> {
        let candidates = nodes.get(self.first..).unwrap_or_default();
        let [others @ .., deepest] = candidates else {
            return Err(SynthesisError::Unsatisfiable);
        };
        if candidates.len() != self.one_hot.len() {
            return Err(SynthesisError::Unsatisfiable);
        }
        let mut root = deepest.clone();
        for (flag, node) in self.one_hot.iter().zip(others) {
            root += flag * &(node - deepest);
        }
        Ok(root)
    }
}

fn enforce_boolean(flag: &FrVar) -> Result<(), SynthesisError> {
    flag.mul_equals(&(FrVar::one() - flag), &FrVar::Constant(Fr::ZERO))
}

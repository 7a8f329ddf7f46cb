//! LeanIMT membership in constraints, with depth and index private (protocol.md D17).
//!
//! Every selector bit is boolean and the depth is one of 0..=D, so the root lies on the path from the leaf. What is
//! deliberately *not* enforced: that the depth is the tree's own. The statement says that the leaf lies under the
//! root, at some depth, as MACI's does; who joined without a sign-up is found in replay (security.md C-07).

use alloc::vec::Vec;

use ark_r1cs_std::{alloc::AllocVar, boolean::Boolean};
use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};

use crate::{
    Fr,
    bits::FrVar,
    tree::binary::constraints::{DepthVar, PathVar},
};

/// A private path of at most D siblings.
#[derive(Clone, Debug)]
pub struct MembershipVar {
    path: PathVar,
    depth: DepthVar,
}

/// The values behind a [`MembershipVar`].
#[derive(Clone, Copy, Debug)]
pub struct Membership<'a> {
    /// Siblings from the leaf upwards, for the levels that have one, padded with anything to D.
    pub siblings: &'a [Fr],
    /// Turns at those levels, lowest bit first.
    pub index: u64,
    /// Number of siblings that count.
    pub depth: u64,
}

impl MembershipVar {
    /// Allocates a path of at most `max_depth` levels; the values are `None` in set-up.
    pub fn new(
        cs: &ConstraintSystemRef<Fr>,
        max_depth: usize,
        values: Option<Membership<'_>>,
    ) -> Result<Self, SynthesisError> {
        let mut bits = Vec::with_capacity(max_depth);
        for level in 0..max_depth {
            let bit = Boolean::new_witness(cs.clone(), || {
                let index = values.ok_or(SynthesisError::AssignmentMissing)?.index;
                Ok(index.checked_shr(level as u32).unwrap_or(0) & 1 == 1)
            })?;
            bits.push(FrVar::from(bit));
        }
        let path = PathVar::new(cs, bits, values.map(|values| values.siblings))?;
        let depth = DepthVar::new(cs, 0..=max_depth, values.map(|values| values.depth))?;
        Ok(Self { path, depth })
    }

    /// Enforces that the path leads from `leaf` to `root`.
    pub fn enforce_root(&self, leaf: &FrVar, root: &FrVar) -> Result<(), SynthesisError> {
        self.depth.enforce_node(&self.path.nodes(leaf)?, root)
    }
}

#[cfg(test)]
mod tests;

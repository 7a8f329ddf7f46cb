//! LeanIMT, the sign-up tree: it grows with its leaves and has no zero values (zk-kit `lean-imt`, `docs/protocol.md` §8).
//!
//! A node with one child is that child. Depth grows by one when the size exceeds 2^depth.

use alloc::{
    collections::{BTreeMap, btree_map::Entry},
    vec,
    vec::Vec,
};

use ark_ff::AdditiveGroup;
use thiserror::Error;

use crate::{Fr, poseidon::hash2};

#[cfg(feature = "constraints")]
pub mod constraints;

/// Why a leaf is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LeanImtError {
    /// The contract refuses a leaf of 0.
    #[error("a sign-up leaf must not be 0")]
    ZeroLeaf,
    /// The contract refuses a leaf that is there already.
    #[error("this sign-up leaf is already at index {0}")]
    Duplicate(u64),
}

/// A membership proof. Levels without a sibling are absent from both fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeanImtProof {
    /// Bit i is the side taken at the i-th level that has a sibling; this is not the leaf's index.
    pub index: u64,
    /// The siblings, leaf side first. Their number is the depth input of the circuits.
    pub siblings: Vec<Fr>,
}

impl LeanImtProof {
    /// The root that the proof leads to from `leaf`.
    pub fn root(&self, leaf: Fr) -> Fr {
        super::binary::root_from_path(leaf, self.index, &self.siblings)
    }
}

/// A growing binary tree of unique non-zero leaves.
#[derive(Clone, Debug)]
pub struct LeanImt {
    /// Level 0 holds the leaves; the last level holds the root alone.
    levels: Vec<Vec<Fr>>,
    index_of: BTreeMap<Fr, u64>,
}

impl Default for LeanImt {
    fn default() -> Self {
        Self {
            levels: vec![Vec::new()],
            index_of: BTreeMap::new(),
        }
    }
}

impl LeanImt {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of leaves.
    pub fn len(&self) -> u64 {
        self.levels[0].len() as u64
    }

    /// Whether there is no leaf.
    pub fn is_empty(&self) -> bool {
        self.levels[0].is_empty()
    }

    /// Levels between leaf and root; 0 for one leaf.
    pub fn depth(&self) -> u8 {
        (self.levels.len() - 1) as u8
    }

    /// The root, `None` while empty.
    pub fn root(&self) -> Option<Fr> {
        self.levels.last().and_then(|top| top.first()).copied()
    }

    /// The leaves in order of insertion.
    pub fn leaves(&self) -> &[Fr] {
        &self.levels[0]
    }

    /// Where a leaf is.
    pub fn index_of(&self, leaf: &Fr) -> Option<u64> {
        self.index_of.get(leaf).copied()
    }

    /// Appends a leaf and returns its index.
    pub fn insert(&mut self, leaf: Fr) -> Result<u64, LeanImtError> {
        if leaf == Fr::ZERO {
            return Err(LeanImtError::ZeroLeaf);
        }
        let index = self.len();
        match self.index_of.entry(leaf) {
            Entry::Occupied(entry) => return Err(LeanImtError::Duplicate(*entry.get())),
            Entry::Vacant(entry) => entry.insert(index),
        };
        if index + 1 > 1 << self.depth() {
            self.levels.push(Vec::new());
        }
        let mut node = leaf;
        let mut position = index as usize;
        for level in &mut self.levels {
            level.truncate(position);
            level.push(node);
            if position % 2 == 1 {
                node = hash2(level[position - 1], node);
            }
            position /= 2;
        }
        Ok(index)
    }

    /// The proof of the leaf at `index`, `None` if there is no such leaf.
    pub fn proof(&self, index: u64) -> Option<LeanImtProof> {
        if index >= self.len() {
            return None;
        }
        let mut proof = LeanImtProof {
            index: 0,
            siblings: Vec::new(),
        };
        let mut position = index as usize;
        for level in &self.levels[..self.levels.len() - 1] {
            if let Some(sibling) = level.get(position ^ 1) {
                proof.index |= (position as u64 & 1) << proof.siblings.len();
                proof.siblings.push(*sibling);
            }
            position /= 2;
        }
        Some(proof)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refused_leaves_change_nothing() {
        let mut tree = LeanImt::new();
        assert_eq!(
            (tree.root(), tree.is_empty(), tree.proof(0)),
            (None, true, None)
        );
        tree.insert(Fr::from(7u64)).unwrap();
        let before = tree.root();
        assert_eq!(tree.insert(Fr::ZERO), Err(LeanImtError::ZeroLeaf));
        assert_eq!(tree.insert(Fr::from(7u64)), Err(LeanImtError::Duplicate(0)));
        assert_eq!((tree.root(), tree.len(), tree.depth()), (before, 1, 0));
        assert_eq!(tree.proof(1), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn every_proof_leads_to_the_root_and_the_oracle_agrees(size in 1..70u64) {
            use lean_imt::hashed_tree::{HashedLeanIMT, LeanIMTHasher};
            struct Poseidon;
            impl LeanIMTHasher<32> for Poseidon {
                fn hash(input: &[u8]) -> [u8; 32] {
                    let node = |at: usize| crate::field::from_be_bytes_mod(&input[at..at + 32]);
                    crate::field::to_be_bytes(&hash2(node(0), node(32)))
                }
            }
            let mut tree = LeanImt::new();
            let mut oracle = HashedLeanIMT::<32, Poseidon>::new(&[], Poseidon).unwrap();
            for leaf in (1..=size).map(Fr::from) {
                tree.insert(leaf).unwrap();
                oracle.insert(&crate::field::to_be_bytes(&leaf));
                prop_assert_eq!(tree.root().map(|root| crate::field::to_be_bytes(&root)), oracle.root());
                prop_assert_eq!(tree.depth(), tree.len().next_power_of_two().trailing_zeros() as u8);
            }
            for index in 0..size {
                let proof = tree.proof(index).unwrap();
                prop_assert_eq!(Some(proof.root(tree.leaves()[index as usize])), tree.root());
                prop_assert_eq!(tree.index_of(&tree.leaves()[index as usize]), Some(index));
            }
        }
    }
}

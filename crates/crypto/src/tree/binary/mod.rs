//! The binary tree of fixed depth with a zero leaf: MACI's LazyIMT (poll state) and the ballot tree.
//!
//! Nodes that were never written are not stored, so a tree of depth 32 costs what its written leaves cost.

use alloc::vec::Vec;

use super::{IndexError, store::Level};
use crate::{
    Fr,
    poseidon::{hash2, hash2_many},
};

#[cfg(feature = "constraints")]
pub mod constraints;

/// The deepest tree: indices stay far inside `u64`.
pub const MAX_DEPTH: u8 = 62;

/// A binary tree padded with a zero leaf.
#[derive(Clone, Debug)]
pub struct LazyTree {
    /// Level 0 holds the leaves, the last level the root.
    levels: Vec<Level>,
}

impl LazyTree {
    /// A tree of zero leaves.
    ///
    /// # Panics
    /// If `depth` is above [`MAX_DEPTH`].
    pub fn new(depth: u8, zero_leaf: Fr) -> Self {
        assert!(
            depth <= MAX_DEPTH,
            "a binary tree of depth {depth} exceeds {MAX_DEPTH}"
        );
        let mut zero = zero_leaf;
        let levels = (0..=depth)
            .rev()
            .map(|height| {
                let level = Level::new(1 << height, zero);
                zero = hash2(zero, zero);
                level
            })
            .collect();
        Self { levels }
    }

    /// A tree of the given first leaves.
    ///
    /// # Panics
    /// If `depth` is above [`MAX_DEPTH`].
    pub fn from_leaves(
        depth: u8,
        zero_leaf: Fr,
        leaves: impl IntoIterator<Item = Fr>,
    ) -> Result<Self, IndexError> {
        let mut tree = Self::new(depth, zero_leaf);
        tree.update_many((0..).zip(leaves))?;
        Ok(tree)
    }

    /// Levels between leaf and root.
    pub fn depth(&self) -> u8 {
        (self.levels.len() - 1) as u8
    }

    /// Room for leaves: 2^depth.
    pub fn capacity(&self) -> u64 {
        self.levels[0].width()
    }

    /// The root.
    pub fn root(&self) -> Fr {
        self.levels[self.levels.len() - 1].get(0)
    }

    /// The leaf at `index`; the zero leaf where none was written.
    pub fn leaf(&self, index: u64) -> Result<Fr, IndexError> {
        self.check(index)?;
        Ok(self.levels[0].get(index))
    }

    /// The node `index` of `level`, level 0 being the leaves; `None` outside the tree.
    pub fn node(&self, level: u8, index: u64) -> Option<Fr> {
        let level = self.levels.get(usize::from(level))?;
        (index < level.width()).then(|| level.get(index))
    }

    /// Writes one leaf: `depth` hashes.
    pub fn update(&mut self, index: u64, leaf: Fr) -> Result<(), IndexError> {
        self.check(index)?;
        self.levels[0].set(index, leaf);
        let mut position = index;
        for level in 1..self.levels.len() {
            position /= 2;
            self.rehash(level, &[position]);
        }
        Ok(())
    }

    /// Writes many leaves and hashes each node above them once. Of two writes to one leaf the later holds.
    /// On an error nothing is written.
    pub fn update_many(
        &mut self,
        leaves: impl IntoIterator<Item = (u64, Fr)>,
    ) -> Result<(), IndexError> {
        let leaves: Vec<(u64, Fr)> = leaves.into_iter().collect();
        for (index, _) in &leaves {
            self.check(*index)?;
        }
        let mut touched = Vec::with_capacity(leaves.len());
        for (index, leaf) in leaves {
            self.levels[0].set(index, leaf);
            touched.push(index);
        }
        touched.sort_unstable();
        for level in 1..self.levels.len() {
            for index in &mut touched {
                *index /= 2;
            }
            touched.dedup();
            self.rehash(level, &touched);
        }
        Ok(())
    }

    /// The siblings from the leaf's level up to below the root.
    pub fn path(&self, index: u64) -> Result<Vec<Fr>, IndexError> {
        self.check(index)?;
        Ok(self.path_above(0, index))
    }

    /// The siblings of node `index` of `level`, up to below the root: the path of a subtree.
    pub fn path_above(&self, level: u8, index: u64) -> Vec<Fr> {
        let inner = self
            .levels
            .iter()
            .take(self.levels.len() - 1)
            .skip(level.into());
        inner
            .enumerate()
            .map(|(above, nodes)| nodes.get(index >> above ^ 1))
            .collect()
    }

    /// Hashes these nodes of a level from their children; over two zero nodes stands the level's zero.
    fn rehash(&mut self, level: usize, indices: &[u64]) {
        let below = &self.levels[level - 1];
        let zeros = [below.zero(); 2];
        let mut hashed = Vec::with_capacity(indices.len());
        let mut inputs = Vec::with_capacity(indices.len());
        let mut empty = Vec::new();
        for &index in indices {
            let children = below.group(2 * index);
            if children == zeros {
                empty.push(index);
            } else {
                hashed.push(index);
                inputs.push(children);
            }
        }
        let level = &mut self.levels[level];
        let zero = level.zero();
        for (index, node) in hashed.into_iter().zip(hash2_many(&inputs)) {
            level.set(index, node);
        }
        for index in empty {
            level.set(index, zero);
        }
    }

    fn check(&self, index: u64) -> Result<(), IndexError> {
        let capacity = self.capacity();
        if index < capacity {
            Ok(())
        } else {
            Err(IndexError { index, capacity })
        }
    }
}

/// The root that a leaf and its siblings lead to; bit i of `index` is the side taken at level i.
pub fn root_from_path(leaf: Fr, index: u64, siblings: &[Fr]) -> Fr {
    siblings
        .iter()
        .enumerate()
        .fold(leaf, |node, (level, sibling)| {
            if index.checked_shr(level as u32).unwrap_or(0) & 1 == 0 {
                hash2(node, *sibling)
            } else {
                hash2(*sibling, node)
            }
        })
}

/// MACI's actual state tree depth: the smallest d ≥ 1 with 2^d ≥ `leaves` (protocol.md §8).
pub fn actual_depth(leaves: u64) -> u8 {
    (u64::BITS - leaves.saturating_sub(1).leading_zeros()).max(1) as u8
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::arb_fr;
    use alloc::vec;
    use proptest::prelude::*;

    fn naive_root(mut leaves: Vec<Fr>) -> Fr {
        while leaves.len() > 1 {
            leaves = leaves
                .chunks_exact(2)
                .map(|pair| hash2(pair[0], pair[1]))
                .collect();
        }
        leaves[0]
    }

    #[test]
    fn a_deep_tree_stores_only_what_was_written() {
        let mut tree = LazyTree::new(32, Fr::from(3u64));
        for index in [0, 1, (1 << 32) - 1, 12_345_678] {
            tree.update(index, Fr::from(index + 100)).unwrap();
            let path = tree.path(index).unwrap();
            assert_eq!(
                root_from_path(Fr::from(index + 100), index, &path),
                tree.root()
            );
        }
        assert_eq!(tree.leaf(77), Ok(Fr::from(3u64)));
        let outside = IndexError {
            index: 1 << 32,
            capacity: 1 << 32,
        };
        assert_eq!(tree.update(1 << 32, Fr::from(1u64)), Err(outside));
        assert_eq!(tree.path(1 << 32), Err(outside));
        assert_eq!(tree.leaf(u64::MAX).unwrap_err().index, u64::MAX);
    }

    #[test]
    fn depth_zero_is_one_leaf() {
        let mut tree = LazyTree::new(0, Fr::from(3u64));
        assert_eq!((tree.root(), tree.path(0)), (Fr::from(3u64), Ok(vec![])));
        tree.update(0, Fr::from(4u64)).unwrap();
        assert_eq!(tree.root(), Fr::from(4u64));
    }

    #[test]
    fn actual_depths() {
        let depths = [0, 1, 2, 3, 4, 5, 8, 9, 1024, 1025, u64::MAX].map(actual_depth);
        assert_eq!(depths, [1, 1, 1, 2, 2, 3, 3, 4, 10, 11, 64]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn updates_equal_the_naive_tree(writes in proptest::collection::vec((0..32u64, arb_fr()), 0..40), zero in arb_fr()) {
            let mut leaves = vec![zero; 32];
            let mut one_by_one = LazyTree::new(5, zero);
            for (index, leaf) in &writes {
                leaves[*index as usize] = *leaf;
                one_by_one.update(*index, *leaf).unwrap();
            }
            let mut at_once = LazyTree::new(5, zero);
            at_once.update_many(writes).unwrap();
            let root = naive_root(leaves.clone());
            prop_assert_eq!(one_by_one.root(), root);
            prop_assert_eq!(at_once.root(), root);
            prop_assert_eq!(LazyTree::from_leaves(5, zero, leaves.iter().copied()).unwrap().root(), root);
            for (index, leaf) in (0..).zip(&leaves) {
                prop_assert_eq!(root_from_path(*leaf, index, &at_once.path(index).unwrap()), root);
                let node = at_once.node(2, index / 4).unwrap();
                prop_assert_eq!(root_from_path(node, index / 4, &at_once.path_above(2, index / 4)), root);
            }
        }
    }
}

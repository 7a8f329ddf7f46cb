//! The quinary tree of vote weights and results: five children a node, zero leaf 0 unless told otherwise.

use alloc::vec::Vec;

use ark_ff::AdditiveGroup;

use super::{IndexError, store::Level};
use crate::{Fr, poseidon::hash5};

#[cfg(feature = "constraints")]
pub mod constraints;

/// Children of a node.
pub const ARITY: u64 = 5;
/// The deepest tree: 5^26 leaves stay inside `u64`.
pub const MAX_DEPTH: u8 = 26;

/// A quinary tree of fixed depth.
#[derive(Clone, Debug)]
pub struct QuinTree {
    /// Level 0 holds the leaves, the last level the root.
    levels: Vec<Level>,
}

impl QuinTree {
    /// A tree of zeros.
    ///
    /// # Panics
    /// If `depth` is above [`MAX_DEPTH`].
    pub fn new(depth: u8) -> Self {
        Self::with_zero(depth, Fr::ZERO)
    }

    /// A tree of another zero leaf.
    ///
    /// # Panics
    /// If `depth` is above [`MAX_DEPTH`].
    pub fn with_zero(depth: u8, zero_leaf: Fr) -> Self {
        assert!(
            depth <= MAX_DEPTH,
            "a quinary tree of depth {depth} exceeds {MAX_DEPTH}"
        );
        let mut zero = zero_leaf;
        let levels = (0..=depth)
            .rev()
            .map(|height| {
                let level = Level::new(ARITY.pow(height.into()), zero);
                zero = hash5(&[zero; 5]);
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
        leaves: impl IntoIterator<Item = Fr>,
    ) -> Result<Self, IndexError> {
        let mut tree = Self::new(depth);
        let mut touched = Vec::new();
        for (index, leaf) in (0..).zip(leaves) {
            tree.check(index)?;
            tree.levels[0].set(index, leaf);
            touched.push(index);
        }
        for level in 1..tree.levels.len() {
            for index in &mut touched {
                *index /= ARITY;
            }
            touched.dedup();
            for index in &touched {
                tree.rehash(level, *index);
            }
        }
        Ok(tree)
    }

    /// Levels between leaf and root.
    pub fn depth(&self) -> u8 {
        (self.levels.len() - 1) as u8
    }

    /// Room for leaves: 5^depth.
    pub fn capacity(&self) -> u64 {
        self.levels[0].width()
    }

    /// The root.
    pub fn root(&self) -> Fr {
        self.levels[self.levels.len() - 1].get(0)
    }

    /// The leaf at `index`.
    pub fn leaf(&self, index: u64) -> Result<Fr, IndexError> {
        self.check(index)?;
        Ok(self.levels[0].get(index))
    }

    /// Writes one leaf: `depth` hashes.
    pub fn update(&mut self, index: u64, leaf: Fr) -> Result<(), IndexError> {
        self.check(index)?;
        self.levels[0].set(index, leaf);
        let mut position = index;
        for level in 1..self.levels.len() {
            position /= ARITY;
            self.rehash(level, position);
        }
        Ok(())
    }

    /// Per level the four siblings in order, the own position removed.
    pub fn path(&self, index: u64) -> Result<Vec<[Fr; 4]>, IndexError> {
        self.check(index)?;
        let mut position = index;
        let inner = &self.levels[..self.levels.len() - 1];
        Ok(inner
            .iter()
            .map(|level| {
                let siblings = without(
                    &level.group(position / ARITY * ARITY),
                    (position % ARITY) as usize,
                );
                position /= ARITY;
                siblings
            })
            .collect())
    }

    fn rehash(&mut self, level: usize, index: u64) {
        let node = node(
            &self.levels[level - 1].group(ARITY * index),
            &self.levels,
            level,
        );
        self.levels[level].set(index, node);
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

/// The root of `leaves`, padded with zeros to 5^depth; `None` if there are more leaves.
pub fn root_of(leaves: &[Fr], depth: u8) -> Option<Fr> {
    let mut nodes = leaves.to_vec();
    let mut zero = Fr::ZERO;
    for _ in 0..depth {
        let parents = nodes
            .chunks(5)
            .map(|chunk| {
                let mut children = [zero; 5];
                children[..chunk.len()].copy_from_slice(chunk);
                hash5(&children)
            })
            .collect();
        nodes = parents;
        zero = hash5(&[zero; 5]);
    }
    match nodes[..] {
        [] => Some(zero),
        [root] => Some(root),
        _ => None,
    }
}

/// The root that a leaf and its siblings lead to; base-5 digit i of `index` is the position at level i.
pub fn root_from_path(leaf: Fr, index: u64, siblings: &[[Fr; 4]]) -> Fr {
    let mut position = index;
    siblings.iter().fold(leaf, |node, level| {
        let own = (position % ARITY) as usize;
        position /= ARITY;
        let mut children = [node; 5];
        children[..own].copy_from_slice(&level[..own]);
        children[own + 1..].copy_from_slice(&level[own..]);
        hash5(&children)
    })
}

/// The hash of five children, known without hashing if all are the level's zero.
fn node(children: &[Fr; 5], levels: &[Level], level: usize) -> Fr {
    let below_zero = levels[level - 1].zero();
    if children.iter().all(|child| *child == below_zero) {
        levels[level].zero()
    } else {
        hash5(children)
    }
}

fn without(group: &[Fr; 5], own: usize) -> [Fr; 4] {
    core::array::from_fn(|place| group[if place < own { place } else { place + 1 }])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::arb_fr;
    use alloc::vec;
    use proptest::prelude::*;

    #[test]
    fn roots_of_too_many_leaves_are_refused() {
        assert_eq!(root_of(&[Fr::ZERO; 6], 1), None);
        assert_eq!(root_of(&[Fr::ZERO; 2], 0), None);
        assert_eq!(root_of(&[], 2), Some(QuinTree::new(2).root()));
        assert_eq!(
            QuinTree::from_leaves(1, [Fr::ZERO; 6]).unwrap_err(),
            IndexError {
                index: 5,
                capacity: 5
            }
        );
        assert!(QuinTree::new(1).path(5).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn updates_equal_the_whole_tree(writes in proptest::collection::vec((0..25u64, arb_fr()), 0..30)) {
            let mut leaves = vec![Fr::ZERO; 25];
            let mut tree = QuinTree::new(2);
            for (index, leaf) in writes {
                leaves[index as usize] = leaf;
                tree.update(index, leaf).unwrap();
            }
            let nodes: Vec<Fr> = leaves.chunks_exact(5).map(|five| hash5(five.try_into().unwrap())).collect();
            let root = hash5(nodes[..].try_into().unwrap());
            prop_assert_eq!(tree.root(), root);
            prop_assert_eq!(root_of(&leaves, 2), Some(root));
            prop_assert_eq!(QuinTree::from_leaves(2, leaves.iter().copied()).unwrap().root(), root);
            for (index, leaf) in (0..).zip(&leaves) {
                prop_assert_eq!(root_from_path(*leaf, index, &tree.path(index).unwrap()), root);
            }
        }
    }
}

//! A tree of fixed form whose nodes have 2, 4, 8 or 16 children, level by level, over a zero leaf.
//!
//! It has no counterpart in MACI: the compact layout (`docs/layout.md`) keeps ballots in one. A node is the Poseidon
//! hash of its children in order. The form, a list of bits per level from the leaves up, is fixed for each use, so a
//! root binds every leaf: at each place of the tree the number of children is known.

use alloc::vec::Vec;

use super::{IndexError, store::Level};
use crate::{Fr, poseidon::hash};

#[cfg(feature = "constraints")]
pub mod constraints;

/// The widest node has 2^4 children: Poseidon's largest width.
pub const MAX_LEVEL_BITS: u8 = 4;
/// The deepest tree in bits of an index.
const MAX_DEPTH: u8 = 62;

/// A tree of fixed form padded with a zero leaf.
#[derive(Clone, Debug)]
pub struct WideTree {
    /// Bits of an index that each level takes, from the leaves up.
    form: Vec<u8>,
    /// The leaves first, the root last.
    levels: Vec<Level>,
}

impl WideTree {
    /// A tree of zero leaves.
    ///
    /// # Panics
    /// If a level takes none or more than [`MAX_LEVEL_BITS`] bits, or all together more than 62.
    pub fn new(form: &[u8], zero_leaf: Fr) -> Self {
        assert!(
            form.iter().all(|bits| (1..=MAX_LEVEL_BITS).contains(bits)),
            "a level of a tree takes 1 to {MAX_LEVEL_BITS} bits, found {form:?}"
        );
        let mut height: u8 = form.iter().sum();
        assert!(
            height <= MAX_DEPTH,
            "a tree of depth {height} exceeds {MAX_DEPTH}"
        );
        let mut zero = zero_leaf;
        let mut levels = Vec::with_capacity(form.len() + 1);
        for bits in form {
            levels.push(Level::new(1 << height, zero));
            zero = hash(&[zero; 1 << MAX_LEVEL_BITS][..1 << bits]);
            height -= bits;
        }
        levels.push(Level::new(1, zero));
        Self {
            form: form.to_vec(),
            levels,
        }
    }

    /// Bits per level, from the leaves up.
    pub fn form(&self) -> &[u8] {
        &self.form
    }

    /// Room for leaves.
    pub fn capacity(&self) -> u64 {
        self.levels[0].width()
    }

    /// The root.
    pub fn root(&self) -> Fr {
        self.levels[self.form.len()].get(0)
    }

    /// All nodes of a level, the leaves being level 0; empty above the root. For levels near the root.
    pub fn nodes(&self, level: usize) -> Vec<Fr> {
        self.levels.get(level).map_or_else(Vec::new, |level| {
            (0..level.width()).map(|index| level.get(index)).collect()
        })
    }

    /// The children of every node on the way from a node of `level` to one of level `end`, lowest first: the lists hold
    /// the nodes of levels `level`, …, `end − 1` that share a parent with the way. `index` counts the nodes of `level`.
    pub fn families(&self, level: usize, end: usize, index: u64) -> Vec<Vec<Fr>> {
        let mut index = index;
        (self.form.iter().zip(&self.levels))
            .take(end)
            .skip(level)
            .map(|(bits, nodes)| {
                index >>= bits;
                let first = index << bits;
                (first..first + (1 << bits))
                    .map(|child| nodes.get(child))
                    .collect()
            })
            .collect()
    }

    /// Writes many leaves and hashes each node above them once. Of two writes to one leaf the later holds.
    /// On an error nothing is written.
    pub fn update_many(
        &mut self,
        leaves: impl IntoIterator<Item = (u64, Fr)>,
    ) -> Result<(), IndexError> {
        let leaves: Vec<(u64, Fr)> = leaves.into_iter().collect();
        let capacity = self.capacity();
        if let Some((index, _)) = leaves.iter().find(|(index, _)| *index >= capacity) {
            return Err(IndexError {
                index: *index,
                capacity,
            });
        }
        let mut touched = Vec::with_capacity(leaves.len());
        for (index, leaf) in leaves {
            self.levels[0].set(index, leaf);
            touched.push(index);
        }
        touched.sort_unstable();
        for (below, bits) in self.form.iter().enumerate() {
            for index in &mut touched {
                *index >>= bits;
            }
            touched.dedup();
            let (lower, upper) = self.levels.split_at_mut(below + 1);
            for &index in &touched {
                let first = index << bits;
                let mut children = [Fr::from(0u8); 1 << MAX_LEVEL_BITS];
                let children = &mut children[..1 << bits];
                for (place, child) in (first..).zip(children.iter_mut()) {
                    *child = lower[below].get(place);
                }
                let zero = children.iter().all(|child| *child == lower[below].zero());
                let node = if zero {
                    upper[0].zero()
                } else {
                    hash(children)
                };
                upper[0].set(index, node);
            }
        }
        Ok(())
    }
}

/// The root over all nodes of one level; `form` lists the levels from there up. `None` if the numbers do not fit.
pub fn fold(form: &[u8], nodes: &[Fr]) -> Option<Fr> {
    let mut nodes = nodes.to_vec();
    for bits in form {
        let arity = 1usize << (*bits).min(MAX_LEVEL_BITS);
        if nodes.is_empty() || !nodes.len().is_multiple_of(arity) {
            return None;
        }
        nodes = nodes.chunks_exact(arity).map(hash).collect();
    }
    (nodes.len() == 1).then(|| nodes[0])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use alloc::vec;

    use super::*;

    fn numbers(count: u64) -> Vec<Fr> {
        (1..=count).map(Fr::from).collect()
    }

    #[test]
    fn roots_are_those_of_full_trees() {
        for form in [&[1u8, 2][..], &[3, 2], &[4, 1], &[2, 2, 1], &[2], &[]] {
            let leaves = numbers(1 << form.iter().sum::<u8>());
            let mut tree = WideTree::new(form, Fr::from(7u64));
            let zeros = vec![Fr::from(7u64); leaves.len()];
            assert_eq!(Some(tree.root()), fold(form, &zeros));
            // In two steps, the second of which overwrites.
            tree.update_many([(0, Fr::from(99u64))]).unwrap();
            tree.update_many((0..).zip(leaves.iter().copied())).unwrap();
            assert_eq!(Some(tree.root()), fold(form, &leaves), "{form:?}");
            assert_eq!(tree.nodes(0), leaves);
            assert_eq!(tree.nodes(form.len()), [tree.root()]);
            // Back to zeros.
            tree.update_many((0..).zip(zeros.iter().copied())).unwrap();
            assert_eq!(Some(tree.root()), fold(form, &zeros));
        }
    }

    #[test]
    fn families_lead_from_a_leaf_to_the_root() {
        let form = [2, 1, 3];
        let leaves = numbers(64);
        let mut tree = WideTree::new(&form, Fr::from(0u64));
        tree.update_many((0..).zip(leaves.iter().copied())).unwrap();
        for index in [0u64, 5, 38, 63] {
            let mut node = leaves[index as usize];
            let mut place = index;
            for (bits, family) in form.iter().zip(tree.families(0, 3, index)) {
                assert_eq!(family[(place & ((1 << bits) - 1)) as usize], node);
                node = hash(&family);
                place >>= bits;
            }
            assert_eq!(node, tree.root());
            assert_eq!(
                tree.families(1, 2, index >> 2),
                tree.families(0, 3, index)[1..2]
            );
        }
    }

    #[test]
    fn indices_outside_the_tree_are_refused_whole() {
        let mut tree = WideTree::new(&[2, 1], Fr::from(0u64));
        let root = tree.root();
        let outside = IndexError {
            index: 8,
            capacity: 8,
        };
        assert_eq!(
            tree.update_many([(0, Fr::from(1u64)), (8, Fr::from(1u64))]),
            Err(outside)
        );
        assert_eq!(tree.root(), root);
        assert_eq!(fold(&[2, 1], &numbers(4)), None);
        assert_eq!(fold(&[2], &numbers(8)), None);
    }
}

//! Membership of every leaf at every size of the tree, and nothing else.

#![allow(clippy::unwrap_used)]

use ark_relations::gr1cs::ConstraintSystem;

use super::*;
use crate::{mutation::Snapshot, tree::lean_imt::LeanImt};

const MAX_DEPTH: usize = 4;

/// A tree of `size` leaves 101, 102, …
fn tree(size: u64) -> LeanImt {
    let mut tree = LeanImt::new();
    for leaf in 0..size {
        tree.insert(Fr::from(101 + leaf)).unwrap();
    }
    tree
}

fn membership(tree: &LeanImt, position: u64, leaf: Fr, root: Fr) -> Snapshot {
    let proof = tree.proof(position).unwrap();
    let mut siblings = proof.siblings.clone();
    siblings.resize(MAX_DEPTH, Fr::from(0u64));
    let values = Membership {
        siblings: &siblings,
        index: proof.index,
        depth: proof.siblings.len() as u64,
    };
    let cs = ConstraintSystem::new_ref();
    let path = MembershipVar::new(&cs, MAX_DEPTH, Some(values)).unwrap();
    let leaf = FrVar::new_input(cs.clone(), || Ok(leaf)).unwrap();
    let root = FrVar::new_input(cs.clone(), || Ok(root)).unwrap();
    path.enforce_root(&leaf, &root).unwrap();
    Snapshot::of(&cs).unwrap()
}

#[test]
fn c_07_every_leaf_of_every_size_is_a_member_and_no_other() {
    for size in 1..=9u64 {
        let tree = tree(size);
        let root = tree.root().unwrap();
        for position in 0..size {
            let leaf = Fr::from(101 + position);
            assert!(membership(&tree, position, leaf, root).is_satisfied());
            let other = leaf + Fr::from(1u64);
            assert!(!membership(&tree, position, other, root).is_satisfied());
            assert!(!membership(&tree, position, leaf, root + other).is_satisfied());
        }
    }
}

//! Membership of every leaf at every size of the tree, and nothing else.

#![allow(clippy::unwrap_used)]

use ark_ff::Field;
use ark_relations::gr1cs::ConstraintSystem;

use super::*;
use crate::{mutation::Snapshot, poseidon, tree::lean_imt::LeanImt};

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
    synthesised(leaf, root, |cs| {
        MembershipVar::new(cs, MAX_DEPTH, Some(values)).unwrap()
    })
}

fn synthesised(
    leaf: Fr,
    root: Fr,
    path: impl FnOnce(&ConstraintSystemRef<Fr>) -> MembershipVar,
) -> Snapshot {
    let cs = ConstraintSystem::new_ref();
    let path = path(&cs);
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

/// The witness of a path whose selectors may be anything, laid over the rows of the circuit.
fn forged(selectors: [Fr; MAX_DEPTH], siblings: [Fr; MAX_DEPTH], leaf: Fr, root: Fr) -> Snapshot {
    let depth = MAX_DEPTH as u64;
    let free = synthesised(leaf, root, |cs| {
        let selectors = selectors
            .iter()
            .map(|selector| FrVar::new_witness(cs.clone(), || Ok(*selector)).unwrap());
        MembershipVar {
            path: PathVar::new(cs, selectors.collect(), Some(&siblings)).unwrap(),
            depth: DepthVar::new(cs, 0..=MAX_DEPTH, Some(depth)).unwrap(),
        }
    });
    let values = Membership {
        siblings: &siblings,
        index: 0,
        depth,
    };
    let mut attack = synthesised(leaf, root, |cs| {
        MembershipVar::new(cs, MAX_DEPTH, Some(values)).unwrap()
    });
    assert_eq!(attack.witnesses(), free.witnesses());
    for witness in 0..free.witnesses() {
        attack.set_witness(witness, free.witness(witness).unwrap());
    }
    attack
}

/// The root over `leaf` along selectors that may be anything.
fn follow(selectors: &[Fr], siblings: &[Fr], leaf: Fr) -> Fr {
    let levels = selectors.iter().zip(siblings);
    levels.fold(leaf, |node, (selector, sibling)| {
        let left = node + *selector * (*sibling - node);
        poseidon::hash2(left, node + *sibling - left)
    })
}

#[test]
fn c_18_a_selector_that_is_no_bit_is_unsatisfied() {
    // 16 leaves: four levels. Row i is that of selector i; nothing else objects.
    let tree = tree(16);
    let root = tree.root().unwrap();
    let proof = tree.proof(6).unwrap();
    let siblings: [Fr; MAX_DEPTH] = proof.siblings.clone().try_into().unwrap();
    let bits: [Fr; MAX_DEPTH] = core::array::from_fn(|i| Fr::from(proof.index >> i & 1));
    let leaf = Fr::from(107u64);
    assert!(forged(bits, siblings, leaf, root).is_satisfied());
    let half = Fr::from(2u64).inverse().unwrap();
    for selector in [Fr::from(2u64), -Fr::ONE, half] {
        for level in 0..MAX_DEPTH {
            let mut selectors = bits;
            selectors[level] = selector;
            let root = follow(&selectors, &siblings, leaf);
            let attack = forged(selectors, siblings, leaf, root);
            assert_eq!(attack.unsatisfied_rows(), [level], "{selector}");
        }
    }
}

#[test]
fn c_18_no_selector_makes_a_stranger_a_member() {
    // left = n + s(m − n) and right = n + m − left have a solution (s, m) for every node n: were selectors no bits,
    // every key would lie under the tree's own root.
    let tree = tree(16);
    let root = tree.root().unwrap();
    let proof = tree.proof(6).unwrap();
    let mut siblings: [Fr; MAX_DEPTH] = proof.siblings.clone().try_into().unwrap();
    let mut selectors: [Fr; MAX_DEPTH] = core::array::from_fn(|i| Fr::from(proof.index >> i & 1));
    let (left, right) = (Fr::from(107u64), Fr::from(108u64));
    let stranger = Fr::from(999u64);
    siblings[0] = left + right - stranger;
    selectors[0] = (left - stranger) / (siblings[0] - stranger);
    assert_eq!(follow(&selectors, &siblings, stranger), root);
    let attack = forged(selectors, siblings, stranger, root);
    assert_eq!(attack.unsatisfied_rows(), [0]);
}

//! Paths and depths: native roots, boolean selectors, one path for old and new.

#![allow(clippy::unwrap_used)]

use ark_r1cs_std::boolean::Boolean;
use ark_relations::gr1cs::ConstraintSystem;

use super::*;
use crate::{
    mutation::{Snapshot, matrices, setup_matrices},
    tree::binary::{LazyTree, root_from_path},
};

const DEPTH: usize = 4;

fn new_witness(cs: &ConstraintSystemRef<Fr>, value: Fr) -> FrVar {
    FrVar::new_witness(cs.clone(), || Ok(value)).unwrap()
}

fn tree() -> LazyTree {
    let mut tree = LazyTree::new(DEPTH as u8, Fr::from(7u64));
    for index in 0..11u64 {
        tree.update(index, Fr::from(100 + index)).unwrap();
    }
    tree
}

fn path(cs: &ConstraintSystemRef<Fr>, index: u64, siblings: &[Fr]) -> PathVar {
    let bits = (0..DEPTH)
        .map(|i| Boolean::new_witness(cs.clone(), || Ok(index >> i & 1 == 1)).unwrap())
        .map(FrVar::from)
        .collect();
    PathVar::new(cs, bits, Some(siblings)).unwrap()
}

#[test]
fn path_equals_native_for_old_and_new_leaf() {
    for index in 0..16u64 {
        let mut tree = tree();
        let siblings = tree.path(index).unwrap();
        let cs = ConstraintSystem::new_ref();
        let path = path(&cs, index, &siblings);
        let old = new_witness(&cs, tree.leaf(index).unwrap());
        let before = cs.num_constraints();
        assert_eq!(path.root(&old).unwrap().value().unwrap(), tree.root());
        assert_eq!(cs.num_constraints() - before, DEPTH * 241);
        tree.update(index, Fr::ONE).unwrap();
        let new = path.root(&new_witness(&cs, Fr::ONE)).unwrap();
        assert_eq!(new.value().unwrap(), tree.root());
        assert!(cs.is_satisfied().unwrap());
    }
}

#[test]
fn c_25_no_witness_of_a_path_is_free() {
    let tree = tree();
    let cs = ConstraintSystem::new_ref();
    let path = path(&cs, 6, &tree.path(6).unwrap());
    let leaf = FrVar::new_input(cs.clone(), || {
        tree.leaf(6).map_err(|_| SynthesisError::Unsatisfiable)
    });
    let root = FrVar::new_input(cs.clone(), || Ok(tree.root())).unwrap();
    enforce_equal(&path.root(&leaf.unwrap()).unwrap(), &root).unwrap();
    let snapshot = Snapshot::of(&cs).unwrap();
    assert!(snapshot.is_satisfied());
    assert_eq!(snapshot.survivors(), []);
}

#[test]
fn c_18_a_selector_that_is_no_bit_is_unsatisfied() {
    // Bit 2 (or 1/2, −1) with the select and the hash solved for it: only the bit's own row objects.
    let (leaf, sibling) = (Fr::from(3u64), Fr::from(4u64));
    for selector in [Fr::from(2u64), -Fr::ONE, Fr::from(2u64).inverse().unwrap()] {
        let cs = ConstraintSystem::new_ref();
        let bit = Boolean::new_witness(cs.clone(), || Ok(false)).unwrap();
        let bit_row = cs.num_constraints() - 1;
        let forged = new_witness(&cs, selector);
        let path = PathVar::new(&cs, alloc::vec![forged.clone()], Some(&[sibling])).unwrap();
        let _ = path.root(&new_witness(&cs, leaf)).unwrap();
        enforce_equal(&forged, &FrVar::from(bit)).unwrap();
        let mut attack = Snapshot::of(&cs).unwrap();
        attack.set_witness(0, selector);
        assert_eq!(attack.unsatisfied_rows(), [bit_row]);
    }
}

#[test]
fn depth_picks_the_node_at_its_level() {
    let siblings = tree().path(5).unwrap();
    let leaf = Fr::from(105u64);
    for depth in 0..=DEPTH {
        let cs = ConstraintSystem::new_ref();
        let path = path(&cs, 5, &siblings);
        let nodes = path.nodes(&new_witness(&cs, leaf)).unwrap();
        let depth_var = DepthVar::new(&cs, 0..=DEPTH, Some(depth as u64)).unwrap();
        let expected = root_from_path(leaf, 5 & ((1 << depth) - 1), &siblings[..depth]);
        assert_eq!(depth_var.select(&nodes).unwrap().value().unwrap(), expected);
        assert_eq!(
            depth_var.depth().unwrap().value().unwrap(),
            Fr::from(depth as u64)
        );
        let capacity = depth_var.capacity().unwrap().value().unwrap();
        assert_eq!(capacity, Fr::from(1u64 << depth));
        depth_var
            .enforce_node(&nodes, &new_witness(&cs, expected))
            .unwrap();
        assert!(cs.is_satisfied().unwrap());
        depth_var
            .enforce_node(&nodes, &new_witness(&cs, expected + Fr::ONE))
            .unwrap();
        assert!(!cs.is_satisfied().unwrap());
    }
}

#[test]
fn c_07_depths_out_of_range_are_unsatisfied() {
    for (depth, in_range) in [(0, false), (1, true), (4, true)] {
        let cs = ConstraintSystem::new_ref();
        let depth_var = DepthVar::new(&cs, 1..=DEPTH, Some(depth)).unwrap();
        let claimed = new_witness(&cs, Fr::from(depth));
        enforce_equal(&depth_var.depth().unwrap(), &claimed).unwrap();
        assert_eq!(cs.is_satisfied().unwrap(), in_range, "{depth}");
    }
    // Two depths at once, or fractions of depths, are not boolean.
    let cs = ConstraintSystem::new_ref();
    DepthVar::new(&cs, 0..=2, Some(0)).unwrap();
    let snapshot = Snapshot::of(&cs).unwrap();
    let half = Fr::from(2u64).inverse().unwrap();
    for (a, b) in [(Fr::ONE, Fr::ONE), (Fr::from(2u64), -Fr::ONE), (half, half)] {
        let mut attack = snapshot.clone();
        attack.set_witness(0, a);
        attack.set_witness(1, b);
        assert!(!attack.is_satisfied());
    }
}

#[test]
fn c_26_structure_does_not_depend_on_the_witness() {
    let tree = tree();
    let synthesise = |cs: &ConstraintSystemRef<Fr>, index: u64| {
        let nodes = path(cs, index, &tree.path(index).unwrap());
        let nodes = nodes.nodes(&FrVar::new_witness(cs.clone(), || Ok(Fr::from(index)))?)?;
        let depth = DepthVar::new(cs, 1..=DEPTH, Some(index % 4 + 1))?;
        let root = depth.select(&nodes)?;
        depth.enforce_node(&nodes, &root)
    };
    let expected = setup_matrices(|cs| synthesise(cs, 0)).unwrap();
    for index in [0, 5, 15] {
        let cs = ConstraintSystem::new_ref();
        synthesise(&cs, index).unwrap();
        assert_eq!(matrices(&cs).unwrap(), expected);
    }
}

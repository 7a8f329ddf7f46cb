//! The three trees.

use maci_crypto::tree::{
    binary::{self, LazyTree},
    lean_imt::{LeanImt, LeanImtProof},
    quinary::{self, QuinTree},
};

use crate::vectors::{fr, frs, list, load};

#[test]
fn v_15_lean_imt_equals_zk_kits() {
    let file = load("lean_imt");
    let leaves = frs(&file["leaves"]);
    let mut tree = LeanImt::new();
    for (leaf, case) in leaves.iter().zip(list(&file, "sizes")) {
        tree.insert(*leaf).unwrap();
        assert_eq!(tree.len(), case["size"].as_u64().unwrap());
        assert_eq!(u64::from(tree.depth()), case["depth"].as_u64().unwrap());
        assert_eq!(tree.root(), Some(fr(&case["root"])));
        for proof in case["proofs"].as_array().unwrap() {
            let at = proof["leaf"].as_u64().unwrap();
            let expected = LeanImtProof {
                index: proof["index"].as_u64().unwrap(),
                siblings: frs(&proof["siblings"]),
            };
            assert_eq!(tree.proof(at), Some(expected.clone()));
            assert_eq!(Some(expected.root(leaves[at as usize])), tree.root());
        }
    }
}

#[test]
fn v_15_binary_trees_equal_macis() {
    for case in list(&load("binary_tree"), "trees") {
        let mut tree = LazyTree::new(case["depth"].as_u64().unwrap() as u8, fr(&case["zero"]));
        assert_eq!(tree.root(), fr(&case["empty"]));
        for step in list(case, "steps") {
            let (index, leaf) = (step["index"].as_u64().unwrap(), fr(&step["leaf"]));
            tree.update(index, leaf).unwrap();
            assert_eq!(tree.root(), fr(&step["root"]));
            let path = tree.path(index).unwrap();
            let expected: Vec<_> = list(step, "path")
                .iter()
                .map(|level| fr(&level[0]))
                .collect();
            assert_eq!(path, expected);
            assert_eq!(binary::root_from_path(leaf, index, &path), tree.root());
        }
    }
}

#[test]
fn v_15_quinary_trees_equal_macis() {
    for case in list(&load("quinary_tree"), "trees") {
        let mut tree = QuinTree::new(case["depth"].as_u64().unwrap() as u8);
        assert_eq!(tree.root(), fr(&case["empty"]));
        for step in list(case, "steps") {
            let (index, leaf) = (step["index"].as_u64().unwrap(), fr(&step["leaf"]));
            tree.update(index, leaf).unwrap();
            assert_eq!(tree.root(), fr(&step["root"]));
            let path = tree.path(index).unwrap();
            let expected: Vec<_> = list(step, "path").iter().map(frs).collect();
            assert_eq!(
                path.iter().map(|level| level.to_vec()).collect::<Vec<_>>(),
                expected
            );
            assert_eq!(quinary::root_from_path(leaf, index, &path), tree.root());
        }
    }
}

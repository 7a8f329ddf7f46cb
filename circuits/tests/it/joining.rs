//! The two circuits of voters' clients: PollJoining and PollJoined (C-07, C-19, D17).

use std::collections::BTreeSet;

use ark_ff::{AdditiveGroup, Field};
use ark_r1cs_std::{GR1CSVar, alloc::AllocVar, fields::fp::FpVar};
use ark_relations::gr1cs::ConstraintSystem;
use maci_circuits::{
    CheckError, Circuit, Inputs, PollJoinedInputs, PollJoiningInputs, check,
    poll_joining::{MEMBERSHIP, NULLIFIER, PRIVATE_KEY},
    testing::Trial,
};
use maci_crypto::{
    Fr,
    mutation::Snapshot,
    poseidon,
    tree::{
        binary::{
            LazyTree,
            constraints::{DepthVar, PathVar},
        },
        lean_imt::LeanImt,
    },
};
use maci_protocol::state::StateLeaf;
use maci_verifier::{
    CircuitId, Nullifier, StateRoot,
    statement::{PollJoined, PollJoining},
};

use crate::common::{key, only};

const ONE: Fr = ark_ff::MontFp!("1");
const DEPTH: u8 = 4;
const JOINING: CircuitId = CircuitId::PollJoining {
    state_tree_depth: DEPTH,
};
const JOINED: CircuitId = CircuitId::PollJoined {
    state_tree_depth: DEPTH,
};

fn padded(siblings: &[Fr]) -> Vec<Fr> {
    let mut siblings = siblings.to_vec();
    siblings.resize(DEPTH.into(), Fr::from(0u64));
    siblings
}

/// Voter `voter` of `voters` joins poll `poll_id`.
fn joining_inputs(voter: u8, voters: u8, poll_id: u64) -> PollJoiningInputs {
    let mut tree = LeanImt::new();
    tree.insert(maci_crypto::keypair::PublicKey::pad().hash())
        .unwrap();
    for number in 1..=voters {
        tree.insert(key(number).public_key().hash()).unwrap();
    }
    let proof = tree.proof(voter.into()).unwrap();
    let private = key(voter);
    let poll_id = Fr::from(poll_id);
    PollJoiningInputs {
        statement: PollJoining {
            poll_public_key: private.public_key().coordinates(),
            nullifier: Nullifier(private.nullifier(poll_id)),
            state_root: StateRoot(tree.root().unwrap()),
            poll_id,
        },
        private_key: private.formatted(),
        siblings: padded(&proof.siblings),
        index: proof.index,
        actual_state_tree_depth: proof.siblings.len() as u64,
    }
}

fn joined_inputs(index: u8) -> PollJoinedInputs {
    let leaf = |number: u8| {
        let public_key = key(number).public_key().coordinates();
        StateLeaf {
            public_key,
            voice_credit_balance: Fr::from(u64::from(number) * 10),
        }
    };
    let mut tree = LazyTree::new(3, StateLeaf::blank().hash());
    for number in 1..6 {
        tree.update(number.into(), leaf(number).hash()).unwrap();
    }
    PollJoinedInputs {
        statement: PollJoined {
            state_root: StateRoot(tree.root()),
        },
        private_key: key(index).formatted(),
        voice_credit_balance: leaf(index).voice_credit_balance,
        siblings: padded(&tree.path(index.into()).unwrap()),
        index: index.into(),
        actual_state_tree_depth: 3,
    }
}

/// A sample for the structural tests.
pub(crate) fn joining() -> (CircuitId, Inputs) {
    (JOINING, Inputs::Joining(Box::new(joining_inputs(3, 6, 1))))
}

/// A sample for the structural tests.
pub(crate) fn joined() -> (CircuitId, Inputs) {
    (JOINED, Inputs::Joined(Box::new(joined_inputs(2))))
}

fn trial(id: CircuitId, inputs: Inputs) -> Trial {
    Trial::honest(Circuit::new(id, inputs).unwrap()).unwrap()
}

/// Native check and circuit agree: accepted, or refused by this clause alone.
#[track_caller]
fn verdict(id: CircuitId, inputs: Inputs, refused: Option<&'static str>) {
    let native = match check(id, &inputs) {
        Ok(()) => None,
        Err(CheckError::Clause(violation)) => Some(violation.clause),
        Err(other) => panic!("{other}"),
    };
    assert_eq!(native, refused);
    assert_eq!(
        trial(id, inputs).unsatisfied(),
        refused.map_or(BTreeSet::new(), only)
    );
}

#[test]
fn every_voter_of_every_tree_size_can_join() {
    for voters in 1..8 {
        for voter in 1..=voters {
            verdict(
                JOINING,
                Inputs::Joining(Box::new(joining_inputs(voter, voters, 2))),
                None,
            );
        }
    }
    for index in 1..6 {
        verdict(JOINED, Inputs::Joined(Box::new(joined_inputs(index))), None);
    }
}

#[test]
fn every_joining_clause_refuses_alone() {
    type Change = fn(&mut PollJoiningInputs);
    type Joined = fn(&mut PollJoinedInputs);
    let changes: [(Change, &'static str); 8] = [
        (|i| i.statement.nullifier.0 += ONE, NULLIFIER),
        (|i| i.statement.poll_id += ONE, NULLIFIER),
        (|i| i.statement.state_root.0 += ONE, MEMBERSHIP),
        (|i| i.siblings[0] += ONE, MEMBERSHIP),
        (|i| i.index ^= 1, MEMBERSHIP),
        (|i| i.actual_state_tree_depth -= 1, MEMBERSHIP),
        (|i| i.actual_state_tree_depth += 1, MEMBERSHIP),
        (
            |i| {
                // Another key's nullifier and place, under the statement's public key.
                let other = joining_inputs(4, 6, 1);
                i.private_key = other.private_key;
                i.statement.nullifier = other.statement.nullifier;
            },
            PRIVATE_KEY,
        ),
    ];
    for (change, clause) in changes {
        let mut inputs = joining_inputs(3, 6, 1);
        change(&mut inputs);
        verdict(JOINING, Inputs::Joining(Box::new(inputs)), Some(clause));
    }
    let changes: [Joined; 5] = [
        |i| i.statement.state_root.0 += ONE,
        |i| i.voice_credit_balance += ONE,
        |i| i.private_key = key(9).formatted(),
        |i| i.index ^= 2,
        |i| i.actual_state_tree_depth = 2,
    ];
    for change in changes {
        let mut inputs = joined_inputs(2);
        change(&mut inputs);
        verdict(JOINED, Inputs::Joined(Box::new(inputs)), Some(MEMBERSHIP));
    }
}

/// A leaf of someone else, shown with one's own key: everything fits but the key.
#[test]
fn the_joined_leaf_is_the_provers_own() {
    let mut inputs = joined_inputs(2);
    let owner = key(2).public_key().coordinates();
    inputs.private_key = key(9).formatted();
    let circuit = Circuit::new(JOINED, Inputs::Joined(Box::new(inputs))).unwrap();
    let tamper = move |name: &'static str, _: Option<usize>, _: Fr| match name {
        "private-key/x" => Some(owner.x),
        "private-key/y" => Some(owner.y),
        _ => None,
    };
    let trial = Trial::tampered(circuit, Box::new(tamper)).unwrap();
    assert_eq!(trial.unsatisfied(), only(PRIVATE_KEY));
}

/// MACI's statement is membership at some depth in 0..=D (D17): a depth outside has no witness.
#[test]
fn c_07_membership_has_a_depth_within_the_tree() {
    let mut inputs = joining_inputs(3, 6, 1);
    for depth in [5, 64, u64::MAX] {
        inputs.actual_state_tree_depth = depth;
        verdict(
            JOINING,
            Inputs::Joining(Box::new(inputs.clone())),
            Some(MEMBERSHIP),
        );
    }
    // The leaf as its own root, at depth 0: a tree of one leaf.
    let mut alone = joining_inputs(1, 1, 1);
    alone.statement.state_root = StateRoot(key(1).public_key().hash());
    alone.actual_state_tree_depth = 0;
    verdict(JOINING, Inputs::Joining(Box::new(alone)), None);
    // An inner node is no leaf: no key is known that hashes to it.
    let mut node = joining_inputs(3, 6, 1);
    let leaf = key(3).public_key().hash();
    node.statement.state_root = StateRoot(poseidon::hash2(leaf, node.siblings[0]));
    verdict(JOINING, Inputs::Joining(Box::new(node)), Some(MEMBERSHIP));
}

#[test]
fn c_19_nullifiers_are_per_poll_and_unique() {
    let nullifier = |voter: u8, poll: u64| joining_inputs(voter, 6, poll).statement.nullifier;
    assert_eq!(nullifier(3, 1), nullifier(3, 1));
    assert_ne!(nullifier(3, 1), nullifier(3, 2));
    assert_ne!(nullifier(3, 1), nullifier(4, 1));
}

/// The witness of the membership clause for selectors that may be anything, and the root that it leads to.
fn membership_witness(inputs: &PollJoiningInputs, selectors: &[Fr]) -> (Snapshot, Fr) {
    let cs = ConstraintSystem::new_ref();
    let witness = |value: Fr| FpVar::new_witness(cs.clone(), || Ok(value)).unwrap();
    let selectors = selectors
        .iter()
        .map(|selector| witness(*selector))
        .collect();
    let path = PathVar::new(&cs, selectors, Some(&inputs.siblings)).unwrap();
    let depth = DepthVar::new(&cs, 0..=DEPTH.into(), Some(inputs.actual_state_tree_depth)).unwrap();
    let key = inputs.statement.poll_public_key;
    let coordinates = [key.x, key.y].map(|c| FpVar::new_input(cs.clone(), || Ok(c)).unwrap());
    let leaf = poseidon::constraints::hash(&coordinates).unwrap();
    let nodes = path.nodes(&leaf).unwrap();
    let root = nodes[inputs.actual_state_tree_depth as usize]
        .value()
        .unwrap();
    let claimed = FpVar::new_input(cs.clone(), || Ok(root)).unwrap();
    depth.enforce_node(&nodes, &claimed).unwrap();
    (Snapshot::of(&cs).unwrap(), root)
}

/// The circuit with these selectors and everything that follows from them, up to the root in the statement.
fn with_selectors(inputs: &PollJoiningInputs, selectors: &[Fr]) -> Trial {
    /// The root's place in the statement after the constant one.
    const STATE_ROOT: usize = 4;
    let (membership, root) = membership_witness(inputs, selectors);
    let mut trial = trial(JOINING, Inputs::Joining(Box::new(inputs.clone())));
    let first = trial.snapshot.witnesses() - membership.witnesses();
    for index in 0..membership.witnesses() {
        let value = membership.witness(index).unwrap();
        trial.snapshot.set_witness(first + index, value);
    }
    trial.snapshot.set_public(STATE_ROOT, root);
    trial
}

#[test]
fn c_18_a_selector_that_is_no_bit_is_no_membership() {
    let inputs = joining_inputs(3, 6, 1);
    let depth = inputs.actual_state_tree_depth as usize;
    let bits: Vec<Fr> = (0..DEPTH)
        .map(|level| Fr::from(inputs.index >> level & 1))
        .collect();
    assert_eq!(
        membership_witness(&inputs, &bits).1,
        inputs.statement.state_root.0
    );
    assert_eq!(
        with_selectors(&inputs, &bits).unsatisfied(),
        BTreeSet::new()
    );
    let half = Fr::from(2u64).inverse().unwrap();
    for selector in [Fr::from(2u64), -Fr::ONE, half] {
        for level in 0..depth {
            let mut selectors = bits.clone();
            selectors[level] = selector;
            let trial = with_selectors(&inputs, &selectors);
            // The statement's root follows from the selectors; only the row that makes this one a bit is left.
            assert_eq!(trial.unsatisfied(), only(MEMBERSHIP));
            assert_eq!(trial.snapshot.unsatisfied_rows().len(), 1);
        }
    }
}

#[test]
fn c_18_no_selector_lets_a_stranger_join() {
    // Key 9 never signed up; selector and sibling of level 0 are solved so that it hashes to the tree's own root.
    let member = joining_inputs(3, 6, 1);
    let own = key(3).public_key().hash();
    let (left, right) = match member.index & 1 {
        0 => (own, member.siblings[0]),
        _ => (member.siblings[0], own),
    };
    let mut inputs = member.clone();
    let stranger = key(9);
    inputs.private_key = stranger.formatted();
    inputs.statement.poll_public_key = stranger.public_key().coordinates();
    inputs.statement.nullifier = Nullifier(stranger.nullifier(ONE));
    let node = stranger.public_key().hash();
    inputs.siblings[0] = left + right - node;
    let mut selectors: Vec<Fr> = (0..DEPTH)
        .map(|level| Fr::from(member.index >> level & 1))
        .collect();
    selectors[0] = (left - node) / (inputs.siblings[0] - node);
    assert!(selectors[0] != Fr::ZERO && selectors[0] != Fr::ONE);
    assert_eq!(
        membership_witness(&inputs, &selectors).1,
        member.statement.state_root.0
    );
    let trial = with_selectors(&inputs, &selectors);
    assert_eq!(trial.unsatisfied(), only(MEMBERSHIP));
    assert_eq!(trial.snapshot.unsatisfied_rows().len(), 1);
}
